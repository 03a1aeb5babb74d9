"""BME280: temperature, humidity and pressure on I2C, compensated in integers.

Source: Bosch, BME280 datasheet BST-BME280-DS002, 4.2.3 (compensation), 5.4 (registers), 9.1 (times).
"""

from struct import unpack_from

from micropython import const

from ..core.quantities import checked
from .bmp280 import Bmp280, calibration, held, weather

_CAL, _CAL_HIGH, _CTRL_HUM = const(0x88), const(0xE1), const(0xF2)
_DEAD = (0, 0x8000, 0xFFFF)  # nothing measured, and a cell that is shorted or open
_LOW, _HIGH, _RAW = const(26), const(7), const(8)  # bytes of 88..A1, E1..E7, F7..FE


def humid(raw):
    """The 33 bytes of 88..A1 and E1..E7 -> (T1..T3, P1..P9, H1..H6). Raises SensorFault range."""
    h2, h3, e4, e5, e6, h6 = unpack_from("<hBbBbb", raw, _LOW)
    return calibration(raw) + (raw[25], h2, h3, e4 << 4 | e5 & 15, e6 << 4 | e5 >> 4, h6)


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
    held(raw, _LOW + _HIGH + _RAW)
    return _reading(humid(raw), raw[_LOW + _HIGH :])


def _reading(cal, raw):
    t_fine, reading = weather(cal, raw)
    adc = raw[6] << 8 | raw[7]
    reading["rh"] = None if adc in _DEAD else (humidity(cal, t_fine, adc) * 10 + 512) // 1024
    return checked(reading, ("rh", "p"))


class Bme280(Bmp280):
    """One sensor on `bus` at `address` (0x76 or 0x77), measuring only when it is read."""

    QUANTITIES = ("t", "rh", "p")
    LIMITS = (("t", -400, 600), ("rh", 0, 1000), ("p", 8500, 10900))
    CHIPS = (0x60,)

    def fetch_calibration(self):
        bus, address = self._bus, self._address
        return humid(bus.twice(address, _CAL, _LOW) + bus.twice(address, _CAL_HIGH, _HIGH))

    async def read(self):
        """Measure once and return the reading. Raises SensorFault."""
        if self._cal is None:
            await self.start()
        self._bus.write(self._address, _CTRL_HUM, 1)  # holds from the write of ctrl_meas on
        return _reading(self._cal, await self.measure(_RAW))
