"""SCD41: carbon dioxide, temperature and humidity on I2C, a new value every five seconds.

Source: Sensirion, SCD4x datasheet version 1.7 (April 2025), 3.4 to 3.10. Nothing is written to its EEPROM here: what it
is told at each start is gone with its supply.
"""

import asyncio

from micropython import const

from ..buses import sensirion
from ..core.faults import SensorFault
from ..core.quantities import checked

_ADDRESS = const(0x62)
_STOP, _START, _READY, _READ = const(0x3F86), const(0x21B1), const(0xE4B8), const(0xEC05)
_ASC, _FRESH_AIR, _PRESSURE, _ALTITUDE = const(0x2416), const(0x243A), const(0xE000), const(0x2427)
_RECALIBRATE, _SELF_TEST = const(0x362F), const(0x3639)
_STOP_MS, _RECALIBRATE_MS, _SELF_TEST_MS = const(500), const(400), const(10000)
_POLL_MS, _POLLS = const(500), const(13)  # the rhythm of five seconds, and a little
_FAILED = const(0xFFFF)
_HANDLED_MS = const(2)  # it asks for 1, and a sleep of one tick may end at once


def decode(data):
    """Nine bytes of an answer -> reading in ppm and tenths of Cel and %; a cell that measures nothing says 0."""
    co2, t, rh = sensirion.values(data, 3)
    if not co2 and not t and not rh:
        raise SensorFault("warming", "nothing measured yet")
    reading = {
        "co2": co2 or None,
        "t": (1750 * t + 32767) // 65535 - 450 if t else None,
        "rh": (1000 * rh + 32767) // 65535 if rh else None,
    }
    return checked(reading, Scd41.QUANTITIES)


class Scd41:
    """The sensor on `bus`; its values count from `warm_s` after its start.

    asc -- automatic self-calibration: takes the lowest value of a week as fresh air, right outdoors only
    fresh_ppm -- what it takes fresh air for; altitude_m -- of the lamppost, until a pressure is known
    """

    QUANTITIES = ("co2", "t", "rh")
    CHECK_WAIT_S = 8
    LIMITS = (("co2", 300, 5000), ("t", -100, 600), ("rh", 0, 1000))

    def __init__(self, bus, name="co2", address=_ADDRESS, warm_s=60, asc=True, fresh_ppm=None, altitude_m=None):
        self.name = name
        self._bus = bus
        self._address = address
        self._warm_ms = warm_s * 1000
        settings = ((_ASC, int(asc)), (_FRESH_AIR, fresh_ppm), (_ALTITUDE, altitude_m))
        self._settings = [setting for setting in settings if setting[1] is not None]
        self._pressure = self._told = None  # hPa around it, and what it was last told
        self._started = None  # ticks; None: it does not measure
        self._warm = False
        self._verdict = None  # of the part's own self-test

    async def _tell(self, command, wait_ms, *values):
        self._bus.write(self._address, sensirion.command(command, *values))
        await asyncio.sleep_ms(wait_ms)

    async def _ask(self, command, count, wait_ms=_HANDLED_MS, *values):
        await self._tell(command, wait_ms, *values)
        return self._bus.read(self._address, 3 * count)

    async def start(self):
        """Stop, set up and start the part, which keeps measuring over a reset of the node."""
        self._started = None
        await self._tell(_STOP, _STOP_MS)
        for command, value in self._settings:
            await self._tell(command, _HANDLED_MS, value)
        self._told = None
        await self._tell(_START, _HANDLED_MS)
        self._started = self._bus.time.ticks_ms()
        self._warm = False

    def compensate(self, reading):
        """Take the air pressure from another part's reading, if it has one; the next read tells it."""
        if reading.get("p") is not None:
            self._pressure = reading["p"] // 10

    async def _measured(self):
        """The next new value of the part, warm or not."""
        if self._started is None:
            await self.start()
        if self._pressure != self._told:
            await self._tell(_PRESSURE, _HANDLED_MS, self._pressure)
            self._told = self._pressure
        for _ in range(_POLLS):
            if sensirion.values(await self._ask(_READY, 1), 1)[0] & 0x7FF:
                return decode(await self._ask(_READ, 3))
            await asyncio.sleep_ms(_POLL_MS)
        self._started = None  # it lost its power on the way: started again by the next read
        raise SensorFault("warming", "no new value in 6 s")

    async def read(self):
        """The next reading. Raises SensorFault, warming while it is too early."""
        reading = await self._measured()
        if not self._warm:
            time = self._bus.time
            if time.ticks_diff(time.ticks_ms(), self._started) < self._warm_ms:
                raise SensorFault("warming")
            self._warm = True
        return reading

    async def recalibrate(self, ppm):
        """Tell it that the air has had `ppm` for three minutes of measuring; returns by how much it was off.

        The correction stays in the part for good. Raises SensorFault refused.
        """
        self._started = None
        await self._tell(_STOP, _STOP_MS)
        told = sensirion.values(await self._ask(_RECALIBRATE, 1, _RECALIBRATE_MS, ppm), 1)[0]
        if told == _FAILED:
            raise SensorFault("refused", "recalibration failed: three minutes of measuring come first")
        return told - 0x8000

    async def check(self):
        """The first value, for the self-test, once the part's own has passed: no warm-up."""
        if self._verdict is None:
            self._started = None
            await self._tell(_STOP, _STOP_MS)
            self._verdict = sensirion.values(await self._ask(_SELF_TEST, 1, _SELF_TEST_MS), 1)[0]
        if self._verdict:
            raise SensorFault("refused", "self-test 0x%04x" % self._verdict)
        return await self._measured()
