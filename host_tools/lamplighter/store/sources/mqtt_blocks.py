"""Takes MQTT 5 packets out of what a connection brings, as many at a time as have arrived."""

from __future__ import annotations

import asyncio
from typing import Any

from ..extra import needed


class Blocks:
    SIZE = 1 << 18  # bytes read at once

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._read = needed("mqtt5").read
        self._reader = reader
        self._waiting = bytearray()

    async def next(self) -> list[Any]:
        """At least one packet. Raises OSError when the connection is closed, ValueError for what is no MQTT 5.0."""
        while True:
            data = await self._reader.read(self.SIZE)
            if not data:
                raise ConnectionResetError("the broker closed it")
            self._waiting += data
            if packets := self._whole():
                return packets

    def _whole(self) -> list[Any]:
        packets, at = [], 0
        with memoryview(self._waiting) as view:
            try:
                while at < len(view):
                    packet, size = self._read(view[at:])
                    packets.append(packet)
                    at += size
            except IndexError:
                if _size(view[at:]) <= len(view) - at:
                    raise ValueError("a packet is longer than it says") from None
                # else the rest of it has not arrived yet
            except BaseException as wrong:  # a panic of the compiled decoder is no Exception
                raise ValueError(str(wrong)) from None
        del self._waiting[:at]
        return packets


def _size(view: memoryview) -> int:
    """Of the first packet; more than there is while its length has not arrived."""
    size = 0
    for number, byte in enumerate(view[1:5]):
        size |= (byte & 0x7F) << 7 * number
        if byte < 0x80:
            return 2 + number + size
    return len(view) + 1
