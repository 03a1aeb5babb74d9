"""SPS30: particulate matter by laser, SHDLC at 115200 baud.

Source: Sensirion, SPS30 datasheet V1.0 D1 (March 2020), 5 (UART interface).
"""

import asyncio
from struct import unpack_from

from micropython import const

from ..buses import shdlc
from ..buses.patience import Patience
from ..core.faults import SensorFault

_START, _READ = const(0x00), const(0x03)
_FLOAT = b"\x01\x03"
_VALUES = const(40)  # bytes: ten big-endian floats
_ANSWER = const(60)
_BAUD = const(115200)
_FRESH_MS = const(400)  # a new value comes each second, and is given out once
_TOP = const(65000)  # tenths of ug/m3; the part measures to 10000, more is nonsense even when saturated
_WRONG_STATE = "state 0x43"  # the answer of a part that is already, or not yet, measuring


def decode(reply):
    """The bytes that came after a read -> reading in tenths of ug/m3."""
    return _reading(shdlc.check(reply, _READ))


def _reading(data):
    if not data:
        raise SensorFault("warming", "no measurement yet")
    if len(data) != _VALUES:
        raise SensorFault("foreign", "%d bytes of values" % len(data))
    masses = unpack_from(">4f", data)
    for mass in masses:
        if not 0 <= mass * 10 <= _TOP:  # false for NaN
            raise SensorFault("range", "%s ug/m3" % mass)
    pm1, pm2_5, pm4, pm10 = [int(mass * 10 + 0.5) for mass in masses]
    return {"pm1": pm1, "pm2_5": pm2_5, "pm4": pm4, "pm10": pm10}


class Sps30:
    """One sensor on `bus`; its values count from `warm_s` after the fan has started."""

    QUANTITIES = ("pm1", "pm2_5", "pm4", "pm10")
    RH_MAX = 950  # tenths of %: above, droplets count as particles
    LIMITS = (("pm2_5", 0, 10000), ("pm10", 0, 10000))

    def __init__(self, bus, name="dust", warm_s=30):
        self.name = name
        self.patience = Patience(100, 800)
        self._bus = bus
        self._warm_ms = warm_s * 1000
        self._started = None  # ticks when the fan started; None: it does not turn
        self._warm = False

    async def _ask(self, command, data=b""):
        request = shdlc.request(0, command, data)
        return await self._bus.ask(request, _ANSWER, shdlc.whole, self.patience, _BAUD)

    async def start(self):
        """Start fan and laser. A part that runs already says so, and is taken as just started."""
        try:
            shdlc.check(await self._ask(_START, _FLOAT), _START)
        except SensorFault as fault:
            if fault.word != "refused" or _WRONG_STATE not in fault.detail:
                raise
        self._started = self._bus.time.ticks_ms()
        self._warm = False

    async def _measured(self):
        """What the part says, warm or not."""
        if self._started is None:
            await self.start()
        try:
            data = shdlc.check(await self._ask(_READ), _READ)
            for _ in range(3):
                if data or not self._warm:
                    break
                await asyncio.sleep_ms(_FRESH_MS)
                data = shdlc.check(await self._ask(_READ), _READ)
            return _reading(data)
        except SensorFault as fault:
            if fault.word == "refused" and _WRONG_STATE in fault.detail:
                self._started = None  # it lost its power on the way: started again by the next read
                raise SensorFault("warming", "not measuring")
            raise

    async def read(self):
        """The present reading. Raises SensorFault, warming while it is too early."""
        reading = await self._measured()
        if not self._warm:
            time = self._bus.time
            if time.ticks_diff(time.ticks_ms(), self._started) < self._warm_ms:
                raise SensorFault("warming")
            self._warm = True
        return reading

    async def selftest(self):
        """Judges wires, fan and laser by the first measurement; nobody at the pole waits for the warm-up."""
        from . import trial

        return await trial.of(self._measured, self.LIMITS, 8)
