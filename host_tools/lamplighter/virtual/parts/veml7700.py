"""VEML7700 light sensor, register by register, over I2C: it counts less than it should where it is bright.

Vishay "VEML7700" 84286 Rev. 1.7 and its application note 84323: 0.0042 lx a count at twice the gain and 800 ms (earlier
revisions said 0.0036); above about 1000 lx true = 6.0135e-13 x^4 - 9.3924e-9 x^3 + 8.1488e-5 x^2 + 1.0023 x.
"""

from .conversion import Conversion
from .i2c_part import WordPart, within

CONFIG, LIGHT, WHITE, IDENTITY = 0x00, 0x04, 0x05, 0x07
OFF = 0x0001
GAINS = (1, 2, 0.125, 0.25)
TIMES_MS = {0x0C: 25, 0x08: 50, 0x00: 100, 0x01: 200, 0x02: 400, 0x03: 800}
FINEST_LUX = 0.0042
STARTUP_US = 2500
BENDS_AT = 1000  # lux


def corrected(x):
    """The application note's polynomial: what x stands for."""
    return ((6.0135e-13 * x - 9.3924e-9) * x + 8.1488e-5) * x * x + 1.0023 * x


def apparent(lux):
    """The chip's raw value of this light."""
    if lux <= BENDS_AT:
        return lux
    low, high = BENDS_AT, 200000
    for _ in range(40):
        middle = (low + high) / 2
        if corrected(middle) < lux:
            low = middle
        else:
            high = middle
    return low


class Twin(WordPart):
    """Quantities: lux; white (how much more the white channel sees: 1.2). options: finest_lux (0.0042)
    It carries no checksum: the fault `checksum` acts as `noise`."""

    ORDER = "little"
    QUANTITIES = ("lux", "white")

    def __init__(self, options):
        super().__init__(options, 0x10, {"lux": 120.0, "white": 1.2})
        self._finest_lux = options.get("finest_lux", FINEST_LUX)
        self._registers = {CONFIG: OFF, 1: 0, 2: 0, 3: 0}
        self._counts = (0, 0)
        self._conversion = Conversion()

    def _refresh(self, now_us):
        if not self._conversion.done(now_us):
            return
        config, values = self._registers[CONFIG], self._quantities.at(now_us)
        gain, milliseconds = GAINS[config >> 11 & 3], TIMES_MS.get(config >> 6 & 15, 100)
        counts = apparent(values["lux"]) / (self._finest_lux * 2 / gain * 800 / milliseconds)
        self._counts = within(counts, 0, 65535), within(counts * values["white"], 0, 65535)

    def _word(self, register, now_us):
        if register in (LIGHT, WHITE):
            return self._counts[register - LIGHT]
        return 0xC481 if register == IDENTITY else self._registers.get(register, 0)

    def _put(self, register, value, now_us):
        if register not in self._registers:
            return
        self._registers[register] = value
        if register == CONFIG and value & OFF:
            self._conversion.stop()
        elif register == CONFIG:
            period_us = TIMES_MS.get(value >> 6 & 15, 100) * 1000 + self._lines.late_us
            self._conversion.continuous(now_us + STARTUP_US, period_us)
