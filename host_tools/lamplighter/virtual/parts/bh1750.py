"""BH1750 light sensor, command by command, over I2C: counts of 1/1.2 lx, more of them the longer it looks.

ROHM "BH1750FVI" 11046EDT01: 120 ms for a measurement (16 ms in the coarse mode) at the factory's measurement time of
69; one-time measurements end in power down.
"""

from .conversion import Conversion
from .i2c_part import I2cPart, within

DOWN, ON, RESET = 0x00, 0x01, 0x07
FACTORY_TIME, LEAST, MOST = 69, 31, 254


class Twin(I2cPart):
    """Quantities: lux. It carries no checksum: the fault `checksum` acts as `noise`."""

    QUANTITIES = ("lux",)

    def __init__(self, options):
        super().__init__(options, 0x23, {"lux": 120.0})
        self._time = FACTORY_TIME
        self._mode = DOWN
        self._count = 0
        self._conversion = Conversion()

    def _heard(self, data, now_us):
        self._refresh(now_us)
        for command in data:
            if command >> 3 == 0x08:
                self._time = command << 5 & 0xE0 | self._time & 0x1F
            elif command >> 5 == 0x03:
                self._time = self._time & 0xE0 | command & 0x1F
            elif command == RESET and self._mode != DOWN:
                self._count = 0
            elif command in (DOWN, ON):
                self._mode = command
                self._conversion.stop()
            elif command & 0xCC == 0 and command & 0x30 and command & 3 != 2:
                self._measure(command, now_us)

    def _measure(self, command, now_us):
        self._mode = command
        usual_ms = 16 if command & 3 == 3 else 120
        duration_us = usual_ms * 1000 * max(LEAST, min(MOST, self._time)) // FACTORY_TIME + self._lines.late_us
        if command & 0x10:
            self._conversion.continuous(now_us, duration_us)
        else:
            self._conversion.single(now_us, duration_us)

    def _refresh(self, now_us):
        if not self._conversion.done(now_us):
            return
        counts = self._quantities.at(now_us)["lux"] * 1.2 * max(LEAST, min(MOST, self._time)) / FACTORY_TIME
        self._count = within(counts * (2 if self._mode & 3 == 1 else 1), 0, 65535)
        if self._mode & 0x20:
            self._mode = DOWN

    def _said(self, n, now_us):
        self._refresh(now_us)
        return (bytes([self._count >> 8, self._count & 0xFF]) + b"\xff" * n)[:n]
