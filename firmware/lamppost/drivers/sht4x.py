"""SHT40, SHT41 and SHT45: temperature and humidity on I2C.

Source: Sensirion, SHT4x datasheet version 6.5, 4.5 (commands), 4.6 (conversion) and table 4 (times).
"""

import asyncio

from micropython import const

from ..buses import sensirion
from ..core.faults import SensorFault
from ..core.quantities import checked

_MEASURE, _RESET = b"\xfd", b"\x94"
_MEASURE_MS = const(10)  # 8.3 at most
_ANSWER = const(6)
_DEAD = (0, 0xFFFF)  # a cell that is shorted or open


def decode(data):
    """Six bytes of an answer -> reading in tenths of Cel and %."""
    t, rh = sensirion.values(data, 2)
    if t in _DEAD:
        raise SensorFault("range", "temperature 0x%04x" % t)  # without it the humidity means nothing
    humidity = None if rh in _DEAD else min(max((1250 * rh + 32767) // 65535 - 60, 0), 1000)
    return checked({"t": (1750 * t + 32767) // 65535 - 450, "rh": humidity}, ("rh",))


class Sht4x:
    """One sensor on `bus` at `address` (0x44, 0x45 or 0x46), measuring only when it is read."""

    QUANTITIES = ("t", "rh")
    LIMITS = (("t", -400, 850), ("rh", 0, 1000))

    def __init__(self, bus, name="climate", address=0x44):
        self.name = name
        self._bus = bus
        self._address = address
        self._reset = False

    async def start(self):
        """Reset: its heater may be on."""
        self._bus.write(self._address, _RESET)
        self._reset = True
        await asyncio.sleep_ms(2)

    async def read(self):
        """Measure once and return the reading. Raises SensorFault."""
        if not self._reset:
            await self.start()
        self._bus.write(self._address, _MEASURE)
        await asyncio.sleep_ms(_MEASURE_MS)
        return decode(self._bus.read(self._address, _ANSWER))
