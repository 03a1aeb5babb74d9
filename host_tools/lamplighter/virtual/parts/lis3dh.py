"""LIS3DH accelerometer, register by register, over I2C: which way is down, and whether somebody has hit the pole.

ST "LIS3DH" DocID17530: the place steps on only where the highest bit of the address is set. Counts stand left in 16
bits, of which power mode and resolution fill 8, 10 or 12. Interrupt 1 compares each axis with its threshold.
"""

import math

from .conversion import Conversion
from .i2c_part import RegisterPart, within

WHO, CONTROL_1, CONTROL_4, CONTROL_5, STATUS, RESULT = 0x0F, 0x20, 0x23, 0x24, 0x27, 0x28
EVENTS, SOURCE, THRESHOLD = 0x30, 0x31, 0x32
READY, ACTIVE, LATCHED, LOW_POWER, FINE = 0x08, 0x40, 0x08, 0x08, 0x08
RATES_HZ = (0, 1, 10, 25, 50, 100, 200, 400, 1600, 1344)
MG_FINE = (1, 2, 4, 12)  # for each of 12 bits, by range
THRESHOLD_MG = (16, 32, 62, 186)
SELF_TEST_MG = 240


class Twin(RegisterPart):
    """Quantities: tilt (degrees from upright), toward (degrees around, 0: along x), shake_mg (vibration). A shake that
    came and went since it was last asked still counts for the interrupt.
    It carries no checksum: the fault `checksum` acts as `noise`."""

    STEP_BIT = 0x80
    QUANTITIES = ("tilt", "toward", "shake_mg")

    def __init__(self, options):
        super().__init__(options, 0x18, {"tilt": 0.0, "toward": 0.0, "shake_mg": 0.0})
        self._registers = bytearray(0x40)
        self._registers[WHO], self._registers[0x1E], self._registers[CONTROL_1] = 0x33, 0x10, 0x07
        self._conversion = Conversion()
        self._strongest = 0  # shake since the last measurement

    def set(self, **values):
        super().set(**values)
        self._strongest = max(self._strongest, abs(values.get("shake_mg") or 0))

    def _acceleration(self, now_us):
        """mg along x, y, z."""
        values = self._quantities.at(now_us)
        tilt, toward = math.radians(values["tilt"]), math.radians(values["toward"])
        shake = values["shake_mg"] * (1 if now_us // 1000 % 2 else -1)
        test = (0, SELF_TEST_MG, -SELF_TEST_MG, 0)[self._registers[CONTROL_4] >> 1 & 3]
        level = 1000 * math.sin(tilt)
        return (
            level * math.cos(toward) + shake + test,
            level * math.sin(toward) + test,
            1000 * math.cos(tilt) + test,
        )

    def _refresh(self, now_us):
        if not self._conversion.done(now_us):
            return
        scale = self._registers[CONTROL_4] >> 4 & 3
        bits = 12 if self._registers[CONTROL_4] & FINE else 10
        if self._registers[CONTROL_1] & LOW_POWER:
            bits = 8
        mg = self._acceleration(now_us)
        source = 0
        for axis in range(3):
            if not self._registers[CONTROL_1] >> axis & 1:
                continue
            half = 1 << bits - 1
            count = within(mg[axis] / (MG_FINE[scale] << 12 - bits), -half, half - 1) << 16 - bits
            self._registers[RESULT + 2 * axis] = count & 0xFF
            self._registers[RESULT + 2 * axis + 1] = count >> 8 & 0xFF
            peak = abs(mg[axis]) + (self._strongest if axis == 0 else 0)
            high = peak > (self._registers[THRESHOLD] & 0x7F) * THRESHOLD_MG[scale]
            source |= (2 if high else 1) << 2 * axis
        self._strongest = 0
        self._registers[STATUS] = READY | 0x07 | (0x80 if self._registers[STATUS] & READY else 0)
        hit = source & self._registers[EVENTS]
        if hit or not (self._registers[CONTROL_5] & LATCHED and self._registers[SOURCE] & ACTIVE):
            self._registers[SOURCE] = source | (ACTIVE if hit else 0)

    def _register(self, number, now_us):
        value = self._registers[number] if number < len(self._registers) else 0
        if number == RESULT + 5:
            self._registers[STATUS] = 0
        elif number == SOURCE:
            self._registers[SOURCE] &= ~ACTIVE
        return value

    def _put(self, number, value, now_us):
        if not 0x1E <= number < len(self._registers) or STATUS <= number < RESULT + 6 or number == SOURCE:
            return
        self._registers[number] = value
        if number == CONTROL_1:
            hertz = RATES_HZ[value >> 4] if value >> 4 < len(RATES_HZ) else 0
            if hertz:
                self._conversion.continuous(now_us, 1000000 // hertz + self._lines.late_us)
            else:
                self._conversion.stop()
