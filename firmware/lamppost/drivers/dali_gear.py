"""DALI control gear (IEC 62386-102, -207): commands, status, levels that are written and verified, memory banks."""

from math import log

from micropython import const

from ..buses.dali_bus import NONE
from ..core.faults import SensorFault

ALL = const(0xFE)  # address byte of a level for all gear; +1 for a command
MASK = const(0xFF)  # as a level: no change; as a system-failure level: keep the last one
MOST = const(254)

# bits of QUERY STATUS
GEAR_FAILURE, LAMP_FAILURE, LAMP_ON, LIMIT_ERROR = const(1), const(2), const(4), const(8)
FADING, RESET_STATE, NO_ADDRESS, POWER_CYCLE = const(16), const(32), const(64), const(128)

DTR0, DTR1, DTR2 = const(0xA3), const(0xC3), const(0xC5)
_STATUS, _PRESENT, _VERSION = const(0x90), const(0x91), const(0x97)
_PHYSICAL_MINIMUM, _LEVEL, _MEMORY = const(0x9A), const(0xA0), const(0xC5)
_ENABLE_WRITE, _WRITE_NO_ANSWER, _LATCH = const(0x81), const(0xC9), const(0xAA)
_ENABLE_TYPE, _LED, _QUERY_CURVE = const(0xC1), const(6), const(0xEE)
# name: (command that stores DTR0, query that reads it back)
SETTINGS = {
    "max": (0x2A, 0xA1),
    "min": (0x2B, 0xA2),
    "system_failure": (0x2C, 0xA4),
    "power_on": (0x2D, 0xA3),
    "fade": (0x2E, 0xA5),
}
_LOG_STEP = 253 / 3 / log(10)


def level_of(percent, linear=False):
    """The DALI level for light in per cent; 0 is off, and anything above is at least level 1."""
    if percent <= 0:
        return 0
    if percent >= 100:
        return MOST
    exact = percent * 2.54 if linear else 1 + _LOG_STEP * (log(percent) + log(10))
    return max(1, min(MOST, int(exact + 0.5)))


def percent_of(level, linear=False):
    """Light in per cent at a DALI level: a float."""
    if level <= 0:
        return 0.0
    return level / 2.54 if linear else 10 ** ((level - 1) * 3 / 253 - 1)


class Gear:
    """One gear on a bus. short -- its short address, 0 to 63; linear -- its dimming curve, read by identify()."""

    def __init__(self, bus, short):
        self._bus = bus
        self.short = short
        self.linear = False
        self.version = None
        self.minimum = 1  # lowest level that it can make
        self._query = short << 1 | 1

    async def identify(self):
        """Read version, lowest level and curve. Raises SensorFault."""
        self.version = await self._bus.value(self._query, _VERSION)
        self.minimum = await self._bus.value(self._query, _PHYSICAL_MINIMUM)
        await self._bus.send(_ENABLE_TYPE, _LED)
        curve = await self._bus.ask(self._query, _QUERY_CURVE)
        self.linear = curve.value == 1  # no answer: not LED gear, and so logarithmic

    async def present(self):
        """True, or None where several answer: their address is not theirs alone."""
        answer = await self._bus.ask(self._query, _PRESENT)
        if answer.kind == NONE:
            return False
        return True if answer.value == 0xFF else None

    async def status(self):
        """The bits of QUERY STATUS. Raises SensorFault."""
        return await self._bus.value(self._query, _STATUS)

    async def level(self):
        """The level that it has. Raises SensorFault."""
        return await self._bus.value(self._query, _LEVEL)

    async def go_to(self, level):
        await self._bus.send(self.short << 1, level)

    async def store(self, name, value):
        """Store a setting and read it back; True if it had another value before.

        The gear keeps it in memory that wears, so it is written only where it differs. Raises SensorFault refused.
        """
        command, query = SETTINGS[name]
        if await self._bus.value(self._query, query) == value:
            return False
        for _ in range(2):
            await self._bus.send(DTR0, value)
            await self._bus.send(self._query, command, twice=True)
            if await self._bus.value(self._query, query) == value:
                return True
        raise SensorFault("refused", "gear %d does not keep %s %d" % (self.short, name, value))

    async def bank(self, number, first, count, latch=False):
        """Bytes of a memory bank, None where it does not have them. latch -- freeze values of several bytes first."""
        await self._bus.send(DTR1, number)
        if latch:
            await self._bus.send(self._query, _ENABLE_WRITE, twice=True)
            await self._bus.send(DTR0, 2)
            await self._bus.send(_WRITE_NO_ANSWER, _LATCH)
        await self._bus.send(DTR0, first)
        out = bytearray(count)
        for n in range(count):
            answer = await self._bus.ask(self._query, _MEMORY)
            if answer.value is None:
                return None
            out[n] = answer.value
        return bytes(out)
