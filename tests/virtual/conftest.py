"""The `virtual_lamppost` fixture; every process that a test starts is stopped."""

from lamplighter.virtual.fixtures import virtual_lamppost  # noqa: F401
