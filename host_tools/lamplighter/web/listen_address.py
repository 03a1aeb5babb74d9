"""The address and port that a page listens on, as an option."""

from __future__ import annotations

import ipaddress
from typing import Any

import click

DEFAULT = ("127.0.0.1", 8090)


class ListenAddress(click.ParamType):
    """An option that takes ADDRESS[:PORT], an IPv6 address with a port in brackets, and gives (address, port)."""

    name = "address:port"

    def __init__(self, port: int = DEFAULT[1]) -> None:
        """port -- where none is given"""
        self._port = port

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        if isinstance(value, tuple):
            return value
        host, port = value, str(self._port)
        if value.startswith("["):
            host, _, rest = value[1:].partition("]")
            port = rest[1:] if rest.startswith(":") else port if not rest else "?"
        elif value.count(":") == 1:
            host, _, port = value.partition(":")
        if not (port.isascii() and port.isdigit() and int(port[:6]) <= 65535):
            self.fail(f"{value!r} has no port from 0 to 65535 after the colon.", param, ctx)
        if host != "localhost":
            try:
                host = str(ipaddress.ip_address(host))
            except ValueError:
                self.fail(f"{value!r} does not begin with an address of this computer, such as 127.0.0.1.", param, ctx)
        return host, int(port)
