"""QMC5883L magnetometer, register by register, over I2C: the chip on boards that are sold as HMC5883L.

QST "QMC5883L Data sheet" 1.0. Little-endian counts, 12000 a gauss (100 uT) in the range of 2 G, 3000 in that of 8 G.
Beyond the range it says overflow. Its thermometer has a slope and no zero.
"""

from .conversion import Conversion
from .i2c_part import RegisterPart, within

RESULT, STATUS, CELSIUS, CONTROL, CONTROL_2, PERIOD, CHIP = 0x00, 0x06, 0x07, 0x09, 0x0A, 0x0B, 0x0D
READY, OVERFLOW, SKIPPED = 0x01, 0x02, 0x04
RATES_HZ = (10, 50, 100, 200)
UNCALIBRATED = 13.0  # degrees by which this one's thermometer is off


class Twin(RegisterPart):
    """Quantities: x_ut, y_ut, z_ut in microtesla, celsius.
    It carries no checksum: the fault `checksum` acts as `noise`."""

    QUANTITIES = ("x_ut", "y_ut", "z_ut", "celsius")

    def __init__(self, options):
        super().__init__(options, 0x0D, {"x_ut": 20.0, "y_ut": 2.0, "z_ut": -43.0, "celsius": 20.0})
        self._conversion = Conversion()
        self._boot()

    def _boot(self):
        self._registers = bytearray(0x0E)
        self._registers[CHIP] = 0xFF
        self._conversion.stop()

    def _refresh(self, now_us):
        if not self._conversion.done(now_us):
            return
        values = self._quantities.at(now_us)
        per_ut = 30 if self._registers[CONTROL] & 0x30 else 120
        status = READY | (SKIPPED if self._registers[STATUS] & READY else 0)
        for axis, name in enumerate(("x_ut", "y_ut", "z_ut")):
            count = values[name] * per_ut
            if not -32768 <= count <= 32767:
                status |= OVERFLOW
            self._pair(RESULT + 2 * axis, within(count, -32768, 32767))
        self._pair(CELSIUS, within((values["celsius"] - UNCALIBRATED) * 100, -32768, 32767))
        self._registers[STATUS] = status

    def _pair(self, number, value):
        self._registers[number] = value & 0xFF
        self._registers[number + 1] = value >> 8 & 0xFF

    def _register(self, number, now_us):
        value = self._registers[number] if number < len(self._registers) else 0
        if RESULT <= number < STATUS:
            self._registers[STATUS] &= ~(READY | SKIPPED)
        return value

    def _put(self, number, value, now_us):
        if number == CONTROL_2 and value & 0x80:
            self._boot()
        elif number in (CONTROL, CONTROL_2, PERIOD):
            self._registers[number] = value
            if number == CONTROL and value & 1:
                self._conversion.continuous(now_us, 1000000 // RATES_HZ[value >> 2 & 3] + self._lines.late_us)
            elif number == CONTROL:
                self._conversion.stop()
