"""QMC5883L: a magnetometer on I2C, sold in the place of the HMC5883L, and itself replaced by others on many boards.

Source: QST, QMC5883L datasheet 1.0, 9 (registers); table 2 (sensitivity).
"""

import asyncio

from micropython import const

from ..core.faults import SensorFault

_DATA, _STATUS, _CONTROL, _RESET, _PERIOD = const(0x00), const(0x06), const(0x09), const(0x0A), const(0x0B)
_READY, _OVER = const(0x01), const(0x02)
_MODE = const(0x15)  # continuous, 50 Hz, 8 G, 512 samples each: 2 G would be too little beside a steel pole
_8G = const(0x10)
_MOST = const(80000)  # 0.01 uT: 8 G
# who else sits on boards that are sold under this name
_OTHERS = ((0x1E, "HMC5883L or QMC5883"), (0x2C, "QMC5883P"))


def decode(raw):
    """06..09, then 00..05: status, temperature, control and three axes, 10 bytes -> reading in 0.01 uT."""
    if not raw:
        raise SensorFault("silent")
    if len(raw) != 10:
        raise SensorFault("garbled", "%d bytes instead of 10" % len(raw))
    if not raw[3] & 1 or not raw[0] & _READY:
        raise SensorFault("warming", "in standby" if not raw[3] & 1 else "nothing new measured")
    if raw[0] & _OVER:
        raise SensorFault("signal", "a field beyond its range")
    counts = 3 if raw[3] & _8G else 12  # of 0.1 uT
    reading = {}
    for n, name in enumerate(("mag_x_ut", "mag_y_ut", "mag_z_ut")):
        low, high = raw[4 + 2 * n], raw[5 + 2 * n]
        value = 20 * ((low | high << 8) - (high >> 7 << 16))
        reading[name] = (value + counts) // (2 * counts)
        if not -_MOST <= reading[name] <= _MOST:
            raise SensorFault("range", "%s = %d" % (name, reading[name]))
    return reading


class Qmc5883l:
    """The sensor on `bus`, measuring all the time."""

    QUANTITIES = ("mag_x_ut", "mag_y_ut", "mag_z_ut")
    LIMITS = (("mag_x_ut", -_MOST, _MOST), ("mag_y_ut", -_MOST, _MOST), ("mag_z_ut", -_MOST, _MOST))

    def __init__(self, bus, name="magnet", address=0x0D):
        self.name = name
        self._bus = bus
        self._address = address
        self._started = False

    async def start(self):
        """Reset it and let it measure; tell which other chip is there if it is not."""
        bus, address = self._bus, self._address
        try:
            bus.write(address, _RESET, 0x80)
        except SensorFault as fault:
            if fault.word == "silent":
                self._look_for_others()
            raise
        await asyncio.sleep_ms(5)
        bus.write(address, _PERIOD, 1)
        bus.write(address, _CONTROL, _MODE)
        if bus.read(address, _CONTROL, 1)[0] != _MODE:
            raise SensorFault("foreign", "0x%02x answers, but does not keep its mode" % address)
        await asyncio.sleep_ms(40)  # two measurements
        self._started = True

    def _look_for_others(self):
        for other, name in _OTHERS:
            try:
                self._bus.read(other, 0, 1)
            except SensorFault:
                continue
            raise SensorFault("foreign", "a %s at 0x%02x" % (name, other))

    async def read(self):
        """The newest measurement. Raises SensorFault."""
        if not self._started:
            await self.start()
        bus, address = self._bus, self._address
        state = bus.read(address, _STATUS, 4)
        if state[3] != _MODE:
            self._started = False  # it lost its power on the way: set up again by the next read
        return decode(state + bus.read(address, _DATA, 6))
