"""A connection of CPython's asyncio as the firmware's session takes it (link/tcp.py): read and write what goes now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .. import paths

paths.importable()

from lamppost.core.faults import LinkFault  # noqa: E402

_FULL = 65536  # bytes that may wait for the socket


class Connection(asyncio.Protocol):
    """read and write raise LinkFault("closed") when the far end is gone; heard() is called when anything has come."""

    def __init__(self, heard: Callable[[], None]) -> None:
        self._heard = heard
        self._come = bytearray()
        self._transport: asyncio.Transport | None = None
        self._gone = ""  # why

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._come += data
        self._heard()

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone = repr(exc) if exc else "by the broker"
        self._heard()

    def read(self, buf: bytearray | memoryview, most: int) -> int:
        come = self._come
        n = min(len(come), most)
        if n:
            buf[:n] = come[:n]
            del come[:n]
        elif self._gone:
            raise LinkFault("closed", self._gone)
        return n

    def write(self, buf: bytes | bytearray, at: int, size: int) -> int:
        if self._gone or self._transport is None:
            raise LinkFault("closed", self._gone)
        if self._transport.get_write_buffer_size() > _FULL:
            return 0
        self._transport.write(bytes(buf[at : at + size]))
        return size

    def close(self) -> None:
        if self._transport:
            self._transport.close()
