"""BMP280: temperature and pressure on I2C, compensated in integers; a BME280 is one of these with humidity.

Source: Bosch, BMP280 datasheet BST-BMP280-DS001, 3.11 (compensation), 4 (registers); BME280 BST-BME280-DS002, 4.2.3.
"""

import asyncio
from struct import unpack_from

from micropython import const

from ..core.faults import SensorFault
from ..core.quantities import checked

_CAL, _ID, _RESET, _CTRL_MEAS, _DATA = const(0x88), const(0xD0), const(0xE0), const(0xF4), const(0xF7)
_CHIPS = (0x58, 0x57, 0x56)  # the last two are samples
_FORCED_X1 = const(0x25)  # oversampling 1 for t and p, one measurement
_CALIBRATION, _RAW = const(24), const(6)  # bytes of 88..9F, F7..FC
_MAY_LACK = ("p",)
_CAPTURES = {30: "a BMP280", 41: "a BME280"}  # bytes of calibration and values
_NAMES = {0x58: "a BMP280", 0x60: "a BME280"}
_SKIPPED = const(0x80000)  # what the data registers hold until something was measured


def held(raw, count):
    """The registers, if that many came. Raises SensorFault silent or garbled."""
    if not raw:
        raise SensorFault("silent")
    if len(raw) in _CAPTURES and len(raw) != count:
        raise SensorFault("foreign", "the registers of %s" % _CAPTURES[len(raw)])
    if len(raw) != count:
        raise SensorFault("garbled", "%d bytes instead of %d" % (len(raw), count))
    return raw


def calibration(raw):
    """The 24 bytes from 88 on -> (T1..T3, P1..P9). Raises SensorFault range."""
    cal = unpack_from("<HhhHhhhhhhhh", raw)
    if cal[0] in (0, 65535) or cal[3] in (0, 65535):
        raise SensorFault("range", "blank calibration")
    return cal


def fine(cal, adc):
    """t_fine, from which all values come: temperature in 1/5120 Cel."""
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


def weather(cal, raw):
    """(t_fine, {"t", "p"}) of the registers from F7 on; p is None where only the temperature was measured."""
    adc_p = raw[0] << 12 | raw[1] << 4 | raw[2] >> 4
    adc_t = raw[3] << 12 | raw[4] << 4 | raw[5] >> 4
    if adc_t == _SKIPPED:
        raise SensorFault("warming", "nothing measured yet")
    t_fine = fine(cal, adc_t)
    reading = {"t": (t_fine + 256) // 512, "p": None}
    if adc_p != _SKIPPED:
        p = pressure(cal, t_fine, adc_p)
        if p is None:
            raise SensorFault("range", "impossible calibration")
        reading["p"] = (p + 1280) // 2560
    return t_fine, reading


def decode(raw):
    """88..9F and F7..FC, 30 bytes in this order -> reading in tenths of Cel and hPa."""
    held(raw, _CALIBRATION + _RAW)
    return checked(weather(calibration(raw), raw[_CALIBRATION:])[1], _MAY_LACK)


class Bmp280:
    """One sensor on `bus` at `address` (0x76 or 0x77), measuring only when it is read."""

    QUANTITIES = ("t", "p")
    LIMITS = (("t", -400, 600), ("p", 8500, 10900))
    CHIPS = _CHIPS

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
        if chip not in self.CHIPS:
            raise SensorFault("foreign", "chip 0x%02x: %s" % (chip, _NAMES.get(chip, "another part")))
        self._cal = self.fetch_calibration()

    def fetch_calibration(self):
        """The calibration of this piece, as weather() wants it."""
        return calibration(self._bus.twice(self._address, _CAL, _CALIBRATION))

    async def measure(self, count):
        """`count` registers from F7 on, after a measurement."""
        if self._cal is None:
            await self.start()
        self._bus.write(self._address, _CTRL_MEAS, _FORCED_X1)
        await asyncio.sleep_ms(12)  # 9.3 ms at most
        return self._bus.twice(self._address, _DATA, count)

    async def read(self):
        """Measure once and return the reading. Raises SensorFault."""
        raw = await self.measure(_RAW)
        return checked(weather(self._cal, raw)[1], _MAY_LACK)
