"""RM3100: a magnetometer of three coils on I2C that counts oscillations, without drift over temperature.

Source: PNI, RM3100 & RM2100 user manual 1017252 r04, 5 (registers), table 3-1 (gain), 5.6.1 (built-in self-test).
"""

import asyncio

from micropython import const

from ..core.faults import SensorFault

_POLL, _CMM, _CYCLES, _DATA = const(0x00), const(0x01), const(0x04), const(0x24)
_BIST, _STATUS, _REVID = const(0x33), const(0x34), const(0x36)
_RM3100 = const(0x22)
_ALL_AXES = const(0x70)
_COUNT = b"\x00\xc8"  # 200 cycles, what it has after power-on too
_GAIN = const(7492)  # counts of 100 uT: 0.3671 for each cycle and 1.5 more
_READY = const(0x80)
_TEST = const(0x8F)  # self-test at the next poll, longest time-out, four periods
_COILS = const(0x70)
_MEASURE_MS = const(8)  # 6.7 ms for three axes at 200 cycles
_TRIES = const(5)
_MOST = const(80000)  # 0.01 uT: 800 uT is the end of its field range


def decode(raw):
    """34, then 24..2C: status and three axes of 24 bits, 10 bytes -> reading in 0.01 uT."""
    if not raw:
        raise SensorFault("silent")
    if len(raw) != 10:
        raise SensorFault("garbled", "%d bytes instead of 10" % len(raw))
    if not raw[0] & _READY:
        raise SensorFault("warming", "nothing measured yet")
    reading = {}
    for n, name in enumerate(("mag_x_ut", "mag_y_ut", "mag_z_ut")):
        at = 1 + 3 * n
        counts = (raw[at] << 16 | raw[at + 1] << 8 | raw[at + 2]) - (raw[at] >> 7 << 24)
        value = (20000 * counts + _GAIN) // (2 * _GAIN)  # to the nearest
        if not -_MOST <= value <= _MOST:
            raise SensorFault("range", "%s = %d" % (name, value))
        reading[name] = value
    if not any(raw[1:]):
        raise SensorFault("range", "no field: the coils do not oscillate")
    return reading


class Rm3100:
    """One sensor on `bus` at `address` (0x20 to 0x23), measuring only when it is read."""

    QUANTITIES = ("mag_x_ut", "mag_y_ut", "mag_z_ut")
    LIMITS = (("mag_x_ut", -_MOST, _MOST), ("mag_y_ut", -_MOST, _MOST), ("mag_z_ut", -_MOST, _MOST))

    def __init__(self, bus, name="magnet", address=0x20):
        self.name = name
        self._bus = bus
        self._address = address
        self._started = False

    async def start(self):
        """Check what it is, stop what it may be doing, and set its three counts."""
        bus, address = self._bus, self._address
        revision = bus.read(address, _REVID, 1)[0]
        if revision != _RM3100:
            raise SensorFault("foreign", "revision 0x%02x is not an RM3100" % revision)
        bus.write(address, _CMM, 0)
        for n in range(6):
            bus.write(address, _CYCLES + n, _COUNT[n % 2])
        self._started = True

    async def read(self):
        """Measure once and return the reading. Raises SensorFault."""
        if not self._started:
            await self.start()
        bus, address = self._bus, self._address
        return decode(await self._measured() + bus.read(address, _DATA, 9))

    async def _measured(self):
        """Poll, and wait until it is ready; returns the status."""
        bus, address = self._bus, self._address
        bus.write(address, _POLL, _ALL_AXES)
        for _ in range(_TRIES):
            await asyncio.sleep_ms(_MEASURE_MS)
            status = bus.read(address, _STATUS, 1)
            if status[0] & _READY:
                return status
        raise SensorFault("silent", "no measurement in %d ms" % (_TRIES * _MEASURE_MS))

    async def check(self):
        """A reading for the self-test, once the part's own test of its coils has passed."""
        if not self._started:
            await self.start()
        bus, address = self._bus, self._address
        bus.write(address, _BIST, _TEST)
        try:
            await self._measured()
            coils = bus.read(address, _BIST, 1)[0] & _COILS
        finally:
            bus.write(address, _BIST, 0)
        if coils != _COILS:
            raise SensorFault("refused", "built-in test 0x%02x: a coil does not oscillate" % coils)
        return await self.read()
