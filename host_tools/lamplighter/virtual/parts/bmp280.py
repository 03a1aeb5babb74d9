"""BMP280 temperature and pressure sensor, register by register, over I2C: a BME280 that knows no humidity.

Bosch "BMP280 Data sheet" BST-BMP280-DS001: id 0x58, no registers for humidity, other pauses in normal mode. The
calibration is that of the worked example in section 3.12.
"""

from binascii import unhexlify

from . import bme280


class Twin(bme280.Twin):
    """Quantities: celsius, hpa. It carries no checksum: the fault `checksum` acts as `noise`."""

    QUANTITIES = ("celsius", "hpa")
    DEFAULTS = {"celsius": 20.0, "hpa": 1013.25}
    CHIP = 0x58
    CALIBRATION = (unhexlify("706b436718fc7d8e43d6d00b270b8c00f9ff8c3cf8c670170000"), bytes(7))
    STANDBY_US = (500, 62500, 125000, 250000, 500000, 1000000, 2000000, 4000000)

    def _put(self, register, value, now_us):
        if register != bme280.CTRL_HUM:
            super()._put(register, value, now_us)

    def _register(self, register, now_us):
        if bme280.DATA + 6 <= register <= bme280.DATA + 7:
            return 0
        return super()._register(register, now_us)
