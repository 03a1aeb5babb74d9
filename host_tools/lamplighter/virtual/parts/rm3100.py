"""RM3100 magnetometer, register by register, over I2C: three coils whose cycle count sets both gain and time.

PNI "RM3100 Data sheet" R07. A reading is a signed 24-bit count, high byte first; counts per microtesla are
0.3671 * cycles + 1.5. Reading the result takes away the sign that it is ready. Fault of its own: `coil`, a broken x
axis that its self-test finds.
"""

from .conversion import Conversion
from .i2c_part import RegisterPart, within

POLL, CONTINUOUS, CYCLES, RATE, RESULT, SELFTEST, STATUS, REVISION = 0x00, 0x01, 0x04, 0x0B, 0x24, 0x33, 0x34, 0x36
READY, TESTING, AXES = 0x80, 0x80, 0x70
FASTEST_US, FIRST_RATE = 1667, 0x92  # 600 Hz; each further code halves the rate


class Twin(RegisterPart):
    """Quantities: x_ut, y_ut, z_ut in microtesla, drift_ut (added to all three: temperature and age).
    It carries no checksum: the fault `checksum` acts as `noise`."""

    FAULTS = ("coil",)
    QUANTITIES = ("x_ut", "y_ut", "z_ut", "drift_ut")

    def __init__(self, options):
        super().__init__(options, 0x20, {"x_ut": 20.0, "y_ut": 2.0, "z_ut": -43.0, "drift_ut": 0.0}, self.FAULTS)
        self._registers = bytearray(0x40)
        for axis in range(3):
            self._registers[CYCLES + 2 * axis + 1] = 200
        self._registers[RATE] = 0x96
        self._registers[REVISION] = 0x22
        self._conversion = Conversion()

    def _cycles(self, axis):
        return self._registers[CYCLES + 2 * axis] << 8 | self._registers[CYCLES + 2 * axis + 1]

    def _duration_us(self):
        """Of the three axes, one after the other."""
        return 225 + 11 * sum(self._cycles(axis) for axis in range(3)) + self._lines.late_us

    def _refresh(self, now_us):
        if not self._conversion.done(now_us):
            return
        if self._registers[SELFTEST] & TESTING:
            good = AXES & ~0x10 if self._lines.kind == "coil" else AXES
            self._registers[SELFTEST] = self._registers[SELFTEST] & ~AXES | good
        values = self._quantities.at(now_us)
        for axis, name in enumerate(("x_ut", "y_ut", "z_ut")):
            gain = 0.3671 * self._cycles(axis) + 1.5
            count = within((values[name] + values["drift_ut"]) * gain, -0x800000, 0x7FFFFF)
            if axis == 0 and self._lines.kind == "coil":
                count = 0
            self._registers[RESULT + 3 * axis : RESULT + 3 * axis + 3] = (count & 0xFFFFFF).to_bytes(3, "big")
        self._registers[STATUS] = READY

    def _register(self, number, now_us):
        if RESULT <= number < RESULT + 9:
            self._registers[STATUS] = 0
        return self._registers[number] if number < len(self._registers) else 0

    def _put(self, number, value, now_us):
        if number == POLL and value & AXES:
            self._registers[STATUS] = 0
            self._conversion.single(now_us, self._duration_us())
        elif number == CONTINUOUS:
            self._registers[CONTINUOUS] = value
            if value & 1:
                slowest = FASTEST_US << max(0, self._registers[RATE] - FIRST_RATE)
                self._conversion.continuous(now_us, max(self._duration_us(), slowest))
            else:
                self._conversion.stop()
        elif number == SELFTEST:
            self._registers[SELFTEST] = value & ~AXES
        elif CYCLES <= number <= RATE:
            self._registers[number] = value
