"""An SPS30 whose SEL pin lies on ground: the same answers as by UART, in words on I2C.

Source: Sensirion, SPS30 datasheet V1.0 D1 (March 2020), 6 (I2C interface); at most 100 kHz.
"""

import asyncio

from micropython import const

from ..buses import sensirion

_START, _FLOAT, _READY, _READ, _STATUS = const(0x0010), const(0x0300), const(0x0202), const(0x0300), const(0xD206)
_START_MS, _READ_MS = const(20), const(5)
_VALUES = const(20)  # words: ten floats
_IDLE = const(8)  # answers without a new value, which comes each second, from a part that does not measure


def plain(reply):
    """The bytes of the floats in an answer. Raises SensorFault silent or garbled."""
    out = bytearray()
    for word in sensirion.values(reply, _VALUES):
        out.append(word >> 8)
        out.append(word & 0xFF)
    return bytes(out)


class Words:
    """The part's answers on an I2C bus."""

    def __init__(self, bus, address):
        self._bus = bus
        self._address = address
        self._empty = 0

    async def _ask(self, command, count):
        self._bus.write(self._address, sensirion.command(command))
        await asyncio.sleep_ms(_READ_MS)
        return self._bus.read(self._address, 3 * count)

    async def begin(self):
        """Start fan and laser."""
        self._empty = 0
        self._bus.write(self._address, sensirion.command(_START, _FLOAT))
        await asyncio.sleep_ms(_START_MS)

    async def values(self):
        """Ten big-endian floats, b"" if there are no new ones, None if it does not measure."""
        if not sensirion.values(await self._ask(_READY, 1), 1)[0]:
            self._empty += 1
            return None if self._empty > _IDLE else b""
        self._empty = 0
        return plain(await self._ask(_READ, _VALUES))

    async def status(self):
        """Its register of warnings and errors."""
        high, low = sensirion.values(await self._ask(_STATUS, 2), 2)
        return high << 16 | low
