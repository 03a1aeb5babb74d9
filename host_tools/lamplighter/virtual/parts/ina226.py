"""INA226 current and voltage monitor, register by register, over I2C: without its calibration it knows no current.

TI "INA226" SBOS547: shunt 2.5 uV, bus 1.25 mV a count; current = shunt * calibration / 2048, power = current * bus /
20000; each result is the mean of as many conversions as the configuration says.
"""

from .conversion import Conversion
from .i2c_part import WordPart, within

CONFIG, SHUNT, BUS, POWER, CURRENT, CALIBRATION, MASK, LIMIT, MAKER, DIE = 0, 1, 2, 3, 4, 5, 6, 7, 0xFE, 0xFF
DEFAULT_CONFIG, RESET = 0x4127, 0x8000
READY, OVERFLOW = 0x0008, 0x0004
TIMES_US = (140, 204, 332, 588, 1100, 2116, 4156, 8244)
MEANS = (1, 4, 16, 64, 128, 256, 512, 1024)


class Twin(WordPart):
    """Quantities: volts (on the bus pin), amps (negative: it flows back). options: shunt_mohm (100)

    It carries no checksum: the fault `checksum` acts as `noise`.
    """

    QUANTITIES = ("volts", "amps")

    def __init__(self, options):
        super().__init__(options, 0x40, {"volts": 12.0, "amps": 0.5})
        self._shunt_mohm = options.get("shunt_mohm", 100)
        self._conversion = Conversion()
        self._boot(0)

    def _boot(self, now_us):
        self._registers = {CONFIG: DEFAULT_CONFIG, CALIBRATION: 0, MASK: 0, LIMIT: 0}
        self._shunt = self._bus = 0
        self._flags = 0
        self._convert(now_us)

    def _convert(self, now_us):
        config = self._registers[CONFIG]
        mode, each = config & 7, 0
        each += TIMES_US[config >> 3 & 7] if mode & 1 else 0
        each += TIMES_US[config >> 6 & 7] if mode & 2 else 0
        duration = each * MEANS[config >> 9 & 7] + self._lines.late_us
        if not each:
            self._conversion.stop()
        elif mode & 4:
            self._conversion.continuous(now_us, duration)
        else:
            self._conversion.single(now_us, duration)

    def _refresh(self, now_us):
        if not self._conversion.done(now_us):
            return
        values, mode = self._quantities.at(now_us), self._registers[CONFIG] & 7
        if mode & 1:
            self._shunt = within(values["amps"] * self._shunt_mohm * 400, -32768, 32767)
        if mode & 2:
            self._bus = within(values["volts"] * 800, 0, 32767)
        self._flags = READY

    def _word(self, register, now_us):
        if register == SHUNT:
            return self._shunt
        if register == BUS:
            return self._bus
        # the quotients are cut towards zero
        current = abs(self._shunt) * self._registers[CALIBRATION] // 2048
        if register == CURRENT:
            return min(current, 32767) if self._shunt >= 0 else -min(current, 32768)
        if register == POWER:
            return min(0xFFFF, current * self._bus // 20000)
        if register == MASK:
            flags, self._flags = self._flags, 0  # reading clears them
            return self._registers[MASK] & ~0x1F | flags | (OVERFLOW if current > 32767 else 0)
        return {MAKER: 0x5449, DIE: 0x2260}.get(register, self._registers.get(register, 0))

    def _put(self, register, value, now_us):
        if register == CONFIG and value & RESET:
            self._boot(now_us)
        elif register in self._registers:
            self._registers[register] = value & 0x7FFF if register == CALIBRATION else value
            if register == CONFIG:
                self._flags = 0
                self._convert(now_us)
