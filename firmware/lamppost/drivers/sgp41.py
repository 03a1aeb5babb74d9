"""SGP41: volatile organic compounds and nitrogen oxides on I2C, as ticks (see sensing/air/gas_index.py).

Source: Sensirion, SGP41 datasheet version 1.0 (2021), 3.1 to 3.5 (commands and times).
"""

import asyncio

from micropython import const

from ..buses import sensirion
from ..core.faults import SensorFault
from ..core.quantities import checked

_ADDRESS = const(0x59)
_CONDITION, _MEASURE, _TEST, _HEATER_OFF = const(0x2612), const(0x2619), const(0x280E), const(0x3615)
_WELL = const(0xD400)
_DEAD = (0, 0xFFFF)  # ticks of a pixel that is shorted or open
_CONDITION_MS = const(9000)  # 10 s at most: longer damages the NOx pixel
_MEASURE_MS, _TEST_MS = const(50), const(320)


def decode(data):
    """Six bytes of an answer -> reading in ticks."""
    voc, nox = [None if ticks in _DEAD else ticks for ticks in sensirion.values(data, 2)]
    return checked({"voc_raw": voc, "nox_raw": nox}, Sgp41.QUANTITIES)


class Sgp41:
    """The sensor on `bus`. Its first reading comes after the nine seconds of its conditioning."""

    QUANTITIES = ("voc_raw", "nox_raw")
    LIMITS = (("voc_raw", 10000, 60000), ("nox_raw", 5000, 60000))

    def __init__(self, bus, name="gas", address=_ADDRESS):
        self.name = name
        self._bus = bus
        self._address = address
        self._ready = False
        self._air = (0x8000, 0x6666)  # ticks of 50 % and 25 Cel

    def compensate(self, reading):
        """Take humidity and temperature from another part's reading; without "t" or "rh" 50 % and 25 Cel count."""
        t, rh = reading.get("t"), reading.get("rh")
        if t is None or rh is None:
            self._air = (0x8000, 0x6666)
        else:
            self._air = (rh * 65535 // 1000, min(max((t + 450) * 65535 // 1750, 0), 65535))

    async def _ask(self, command, within_ms, count, *values):
        self._bus.write(self._address, sensirion.command(command, *values))
        await asyncio.sleep_ms(within_ms)
        return self._bus.read(self._address, 3 * count)

    async def start(self):
        """Condition the NOx pixel, which whatever happens ends in time, if the bus lets it."""
        self._ready = False
        self._bus.write(self._address, sensirion.command(_HEATER_OFF))
        await asyncio.sleep_ms(2)  # 1 is asked for, and a sleep of one tick may end at once
        try:
            sensirion.values(await self._ask(_CONDITION, _MEASURE_MS, 1, 0x8000, 0x6666), 1)
            await asyncio.sleep_ms(_CONDITION_MS)
            self._ready = True
        finally:
            if not self._ready:
                self._bus.write(self._address, sensirion.command(_HEATER_OFF))

    async def read(self):
        """The present reading. Raises SensorFault."""
        if not self._ready:
            await self.start()
        try:
            return decode(await self._ask(_MEASURE, _MEASURE_MS, 2, *self._air))
        except SensorFault as fault:
            self._ready = fault.word not in ("silent", "bus")  # it may have lost its power
            raise

    async def check(self):
        """A reading for the self-test, once its own test of both pixels has passed."""
        self._bus.write(self._address, sensirion.command(_HEATER_OFF))
        await asyncio.sleep_ms(2)  # 1 is asked for, and a sleep of one tick may end at once
        verdict = sensirion.values(await self._ask(_TEST, _TEST_MS, 1), 1)[0]
        if verdict != _WELL:
            raise SensorFault("refused", "self-test 0x%04x" % verdict)
        return await self.read()

