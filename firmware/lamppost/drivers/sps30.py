"""SPS30: particulate matter by laser, SHDLC at 115200 baud or I2C, as its SEL pin says.

Source: Sensirion, SPS30 datasheet V1.0 D1 (March 2020), 5 (UART interface), 6 (I2C).
"""

import asyncio
from struct import unpack_from

from micropython import const

from ..buses import shdlc
from ..buses.adaptive_timeout import AdaptiveTimeout
from ..core.faults import SensorFault
from . import sps30_i2c
from .streaming_dust import TOP

_START, _READ, _STATUS = const(0x00), const(0x03), const(0xD2)
_FLOAT = b"\x01\x03"
_VALUES = const(40)  # bytes: ten big-endian floats
_ANSWER = const(60)  # bytes: on UART about, stuffed; on I2C words of 16 bits with a checksum each
_BAUD = const(115200)
_FRESH_MS = const(400)  # a new value comes each second, and is given out once
_ERRORS = const(1 << 21 | 1 << 5 | 1 << 4)  # fan speed, laser, fan
_LOOK = const(60)  # readings after which its register of errors is looked at


def decode(reply):
    """The bytes that came after a read, by UART or I2C -> reading in tenths of ug/m3."""
    try:
        return _reading(shdlc.check(reply, _READ))
    except SensorFault as fault:
        if fault.word != "garbled" or len(reply) < _ANSWER:
            raise
    return _reading(sps30_i2c.plain(reply))


def _reading(data):
    if not data:
        raise SensorFault("warming", "no measurement yet")
    if len(data) != _VALUES:
        raise SensorFault("foreign", "%d bytes of values" % len(data))
    masses = unpack_from(">4f", data)
    for mass in masses:
        if not 0 <= mass * 10 <= TOP:  # false for NaN
            raise SensorFault("range", "%s ug/m3" % mass)
    pm1, pm2_5, pm4, pm10 = [int(mass * 10 + 0.5) for mass in masses]
    return {"pm1": pm1, "pm2_5": pm2_5, "pm4": pm4, "pm10": pm10}


class _Uart:
    """The part's answers by UART."""

    def __init__(self, line, timeout):
        self._line = line
        self._timeout = timeout

    async def _ask(self, command, data=b""):
        """The data of the answer to `command`."""
        request = shdlc.request(0, command, data)
        reply = await self._line.ask(request, _ANSWER, shdlc.whole, self._timeout, _BAUD)
        return shdlc.check(reply, command)

    async def begin(self):
        """Start fan and laser. A part that runs already refuses, and that is no fault."""
        try:
            await self._ask(_START, _FLOAT)
        except SensorFault as fault:
            if not _not_now(fault):
                raise

    async def values(self):
        """Ten big-endian floats, b"" if there are no new ones, None if it does not measure."""
        try:
            return await self._ask(_READ)
        except SensorFault as fault:
            if _not_now(fault):
                return None
            raise

    async def status(self):
        """Its register of warnings and errors."""
        return int.from_bytes((await self._ask(_STATUS, b"\x00"))[:4], "big")


def _not_now(fault):
    """True where a part answers that it is already, or not yet, measuring."""
    return fault.word == "refused" and "state 0x43" in fault.detail


class Sps30:
    """One sensor on `bus`, UART or I2C (then at `address`); its values count from `warm_s` after its fan's start."""

    QUANTITIES = ("pm1", "pm2_5", "pm4", "pm10")
    RH_MAX = 950  # tenths of %: above, droplets count as particles
    CHECK_WAIT_S = 8
    LIMITS = (("pm2_5", 0, 10000), ("pm10", 0, 10000))

    def __init__(self, bus, name="dust", warm_s=30, address=0x69):
        self.name = name
        self.timeout = AdaptiveTimeout(100, 800)
        self._time = bus.time
        if hasattr(bus, "ask"):
            self._way = _Uart(bus, self.timeout)
        else:
            self._way = sps30_i2c.Words(bus, address)
        self._warm_ms = warm_s * 1000
        self._started = None  # ticks when the fan started; None: it does not turn
        self._warm = False
        self._errors = 0
        self._until_look = _LOOK

    async def start(self):
        """Start fan and laser; one that runs already is taken as just started."""
        await self._way.begin()
        self._started = self._time.ticks_ms()
        self._warm = False

    async def _measured(self):
        """The part's values, warm or not."""
        if self._started is None:
            await self.start()
        data = await self._way.values()
        for _ in range(3):
            if data or data is None or not self._warm:
                break
            await asyncio.sleep_ms(_FRESH_MS)
            data = await self._way.values()
        if data is None:
            self._started = None  # it lost its power on the way: started again by the next read
            raise SensorFault("warming", "not measuring")
        return _reading(data)

    async def read(self):
        """The present reading. Raises SensorFault, warming while it is too early."""
        reading = await self._measured()
        if not self._warm:
            if self._time.ticks_diff(self._time.ticks_ms(), self._started) < self._warm_ms:
                raise SensorFault("warming")
            self._warm = True
        self._until_look -= 1
        if self._until_look <= 0 or self._errors:
            self._until_look = _LOOK
            try:
                self._errors = await self._way.status() & _ERRORS
            except SensorFault:
                pass  # parts of firmware 1 have no such register
            self._judge()
        return reading

    def _judge(self):
        """Raises SensorFault refused while fan or laser report an error: a mass without air or light is none."""
        if self._errors:
            raise SensorFault("refused", "status 0x%08x: fan or laser" % self._errors)

    async def check(self):
        """The first measurement, for the self-test, if fan and laser report no error."""
        reading = await self._measured()
        self._errors = await self._way.status() & _ERRORS
        self._judge()
        return reading
