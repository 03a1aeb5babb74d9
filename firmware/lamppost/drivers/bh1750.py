"""BH1750: ambient light on I2C, measured once each time it is read, finely at night and coarsely by day.

Source: ROHM, BH1750FVI technical note 11046EDT01: instruction set, measurement time register, result.
"""

import asyncio

from micropython import const

from ..core.faults import SensorFault

_ON, _ONCE, _ONCE_FINE = const(0x01), const(0x20), const(0x21)
_TIME_HIGH, _TIME_LOW = const(0x40), const(0x60)
_NORMAL = const(69)  # measurement time register after power-on
_NIGHT = (_ONCE_FINE, 254)  # 0.11 lx a count, to 7400 lx
_DAY = (_ONCE, 31)  # 1.9 lx a count, to 120000 lx
_BRIGHT, _DIM = const(60000), const(30000)  # counts of the night, tenths of lx of the day: change beyond
_TOP = const(1250000)  # tenths of lx


def _lux(raw, mode, time):
    """Tenths of lx; 1.2 counts a lx at the normal time."""
    counts = raw[0] << 8 | raw[1]
    if counts == 0xFFFF:
        raise SensorFault("signal", "blinded")
    divisor = 3 * time * (1 + (mode & 1))
    return (counts * 25 * _NORMAL + divisor // 2) // divisor


def decode(raw):
    """Instruction, time register and the two bytes of the result -> reading in tenths of lx.

    Two bytes alone are taken as a result in the mode after power-on: 1 lx steps, time 69.
    """
    if not raw:
        raise SensorFault("silent")
    if len(raw) == 2:
        return {"lux": _lux(raw, _ONCE, _NORMAL)}
    if len(raw) != 4:
        raise SensorFault("garbled", "%d bytes instead of 4" % len(raw))
    if raw[0] not in (0x10, 0x11, _ONCE, _ONCE_FINE) or not 31 <= raw[1] <= 254:
        raise SensorFault("garbled", "no instruction 0x%02x with time %d" % (raw[0], raw[1]))
    lux = _lux(raw[2:], raw[0], raw[1])
    return {"lux": lux}


class Bh1750:
    """One sensor on `bus` at `address`: 0x23, or 0x5C with its ADDR pin high."""

    QUANTITIES = ("lux",)
    LIMITS = (("lux", 0, _TOP),)

    def __init__(self, bus, name="light", address=0x23):
        self.name = name
        self._bus = bus
        self._address = address
        self._way = _DAY

    async def start(self):
        """Nothing to keep: it sleeps between measurements, and is set up for each."""

    async def _measure(self):
        mode, time = self._way
        for instruction in (_ON, _TIME_HIGH | time >> 5, _TIME_LOW | time & 31, mode):
            self._bus.write(self._address, bytes((instruction,)))
        await asyncio.sleep_ms(180 * time // _NORMAL + 2)  # the longest that it may take
        return bytes(self._way) + self._bus.twice(self._address, 2)

    async def read(self):
        """Measure once, or twice where the light asks for the other way. Raises SensorFault."""
        raw = await self._measure()
        if self._way is _NIGHT and (raw[2] << 8 | raw[3]) >= _BRIGHT:
            self._way = _DAY
            raw = await self._measure()
        elif self._way is _DAY and decode(raw)["lux"] < _DIM:
            self._way = _NIGHT
            raw = await self._measure()
        return decode(raw)
