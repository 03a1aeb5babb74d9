"""BME280: temperature, humidity and pressure on I2C, compensated in integers.

Source: Bosch, BME280 datasheet BST-BME280-DS002, 4.2.3 (compensation), 5.4 (registers), 9.1 (times).
"""

import asyncio
from struct import unpack_from

from micropython import const

from ..core.faults import SensorFault
from ..core.quantity import plausible

_CAL_LOW, _CAL_HIGH = const(0x88), const(0xE1)
_ID, _RESET, _CTRL_HUM, _CTRL_MEAS, _DATA = const(0xD0), const(0xE0), const(0xF2), const(0xF4), const(0xF7)
_BME280 = const(0x60)
_FORCED_X1 = const(0x25)  # oversampling 1 for t and p, one measurement
_LOW, _HIGH, _RAW = const(26), const(7), const(8)  # bytes of 88..A1, E1..E7, F7..FE
_SKIPPED = const(0x80000)  # what the data registers hold until something was measured


def calibration(raw):
    """The 33 bytes of 88..A1 and E1..E7 -> (T1..T3, P1..P9, H1..H6). Raises SensorFault range."""
    low = unpack_from("<HhhHhhhhhhhh", raw)
    if low[0] in (0, 65535) or low[3] in (0, 65535):
        raise SensorFault("range", "blank calibration")
    h2, h3, e4, e5, e6, h6 = unpack_from("<hBbBbb", raw, _LOW)
    return low + (raw[25], h2, h3, e4 << 4 | e5 & 15, e6 << 4 | e5 >> 4, h6)


def fine(cal, adc):
    """t_fine, from which all three values come: temperature in 1/5120 Cel."""
    part = (adc >> 4) - cal[0]
    return (((adc >> 3) - (cal[0] << 1)) * cal[1] >> 11) + ((part * part >> 12) * cal[2] >> 14)


def pressure(cal, t_fine, adc):
    """Pascal with 8 fractional bits (64-bit formula), or None for a calibration that cannot be."""
    var1 = t_fine - 128000
    var2 = var1 * var1 * cal[8] + (var1 * cal[7] << 17) + (cal[6] << 35)
    var1 = (var1 * var1 * cal[5] >> 8) + (var1 * cal[4] << 12)
    var1 = ((1 << 47) + var1) * cal[3] >> 33
    if var1 <= 0:
        return None
    p = ((1048576 - adc << 31) - var2) * 3125 // var1
    var1 = cal[11] * (p >> 13) * (p >> 13) >> 25
    return (p + var1 + (cal[10] * p >> 19) >> 8) + (cal[9] << 4)


def humidity(cal, t_fine, adc):
    """% with 10 fractional bits."""
    h1, h2, h3, h4, h5, h6 = cal[12:]
    v = t_fine - 76800
    gain = ((v * h6 >> 10) * ((v * h3 >> 11) + 32768) >> 10) + 2097152
    v = ((adc << 14) - (h4 << 20) - h5 * v + 16384 >> 15) * (gain * h2 + 8192 >> 14)
    v -= ((v >> 15) * (v >> 15) >> 7) * h1 >> 4
    return min(max(v, 0), 419430400) >> 12


def decode(raw):
    """88..A1, E1..E7 and F7..FE, 41 bytes in this order -> reading in tenths of Cel, % and hPa."""
    if not raw:
        raise SensorFault("silent")
    if len(raw) != _LOW + _HIGH + _RAW:
        raise SensorFault("garbled", "%d bytes instead of 41" % len(raw))
    return _reading(calibration(raw), raw[_LOW + _HIGH :])


def _reading(cal, raw):
    adc_p = raw[0] << 12 | raw[1] << 4 | raw[2] >> 4
    adc_t = raw[3] << 12 | raw[4] << 4 | raw[5] >> 4
    adc_h = raw[6] << 8 | raw[7]
    if adc_t == _SKIPPED or adc_p == _SKIPPED:
        raise SensorFault("warming", "nothing measured yet")
    t_fine = fine(cal, adc_t)
    p = pressure(cal, t_fine, adc_p)
    if p is None:
        raise SensorFault("range", "impossible calibration")
    reading = {
        "t": (t_fine + 256) // 512,
        "rh": (humidity(cal, t_fine, adc_h) * 10 + 512) // 1024,
        "p": (p + 1280) // 2560,
    }
    for name, value in reading.items():
        if not plausible(name, value):
            raise SensorFault("range", "%s = %d" % (name, value))
    return reading


class Bme280:
    """One sensor on `bus` at `address` (0x76 or 0x77), measuring only when it is read."""

    QUANTITIES = ("t", "rh", "p")
    LIMITS = (("t", -400, 600), ("rh", 0, 1000), ("p", 8500, 10900))

    def __init__(self, bus, name="climate", address=0x76):
        self.name = name
        self._bus = bus
        self._address = address
        self._cal = None

    async def start(self):
        """Reset, check what it is, and fetch its calibration."""
        bus, address = self._bus, self._address
        self._cal = None
        bus.write(address, _RESET, 0xB6)
        await asyncio.sleep_ms(5)
        chip = bus.read(address, _ID, 1)[0]
        if chip != _BME280:
            raise SensorFault("foreign", "chip 0x%02x is no BME280" % chip)
        self._cal = calibration(bus.read(address, _CAL_LOW, _LOW) + bus.read(address, _CAL_HIGH, _HIGH))

    async def read(self):
        """Measure once and return the reading. Raises SensorFault."""
        if self._cal is None:
            await self.start()
        bus, address = self._bus, self._address
        bus.write(address, _CTRL_HUM, 1)  # holds from the write of ctrl_meas on
        bus.write(address, _CTRL_MEAS, _FORCED_X1)
        await asyncio.sleep_ms(12)  # 9.3 ms at most
        return _reading(self._cal, bus.read(address, _DATA, _RAW))

    async def selftest(self):
        from . import trial

        return await trial.of(self.read, self.LIMITS)
