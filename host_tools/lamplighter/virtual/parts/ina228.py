"""INA228 current, voltage, energy and charge monitor, register by register, over I2C.

TI "INA228" SBOS825: values of 20 bits stand left in 24; energy and charge count on in 40 bits until RSTACC, a reset or
the end of the supply clears them. Without SHUNT_CAL there is no current, and no energy.
"""

from .conversion import Conversion
from .energy import Energy
from .i2c_part import WordPart, within

CONFIG, ADC_CONFIG, SHUNT_CAL, TEMPCO, VSHUNT, VBUS, DIETEMP, CURRENT, POWER, ENERGY, CHARGE, DIAG = range(12)
MAKER, DEVICE = 0x3E, 0x3F
RESET, CLEAR, FINE = 0x8000, 0x4000, 0x0010  # of CONFIG
READY, SOUND, ENERGY_OVER = 0x0002, 0x0001, 0x0800  # of DIAG
WIDTHS = {VSHUNT: 3, VBUS: 3, CURRENT: 3, POWER: 3, ENERGY: 5, CHARGE: 5}
TIMES_US = (50, 84, 150, 280, 540, 1052, 2074, 4120)
MEANS = (1, 4, 16, 64, 128, 256, 512, 1024)
DEFAULTS = {
    CONFIG: 0, ADC_CONFIG: 0xFB68, SHUNT_CAL: 0x1000, TEMPCO: 0, 0x0C: 0x7FFF, 0x0D: 0x8000, 0x0E: 0x7FFF, 0x0F: 0,
    0x10: 0x7FFF, 0x11: 0xFFFF,
}  # fmt: skip
NANOVOLTS = (312.5, 78.125)


class Twin(WordPart):
    """Quantities: volts, amps (negative: it flows back), celsius; energy_wh puts the energy.
    options: shunt_mohm (15). It carries no checksum: the fault `checksum` acts as `noise`."""

    QUANTITIES = ("volts", "amps", "celsius", "energy_wh")

    def __init__(self, options):
        self._energy, self._charge = Energy(), Energy()
        defaults = {"volts": 12.0, "amps": 0.5, "celsius": 25.0}
        super().__init__(options, 0x40, defaults, puts={"energy_wh": self._energy.put})
        self._shunt_mohm = options.get("shunt_mohm", 15)
        self._conversion = Conversion()
        self._boot(0)

    def running(self):
        return {"held": [self._energy.held, self._charge.held], "registers": list(self._registers.items())}

    def resume(self, running):
        self._energy.held, self._charge.held = running["held"]
        self._registers = dict(running["registers"])
        self._convert(0)

    def _boot(self, now_us):
        self._registers = dict(DEFAULTS)
        self._measured = {VSHUNT: 0, VBUS: 0, DIETEMP: 0, CURRENT: 0, POWER: 0}
        self._flags = SOUND
        self._convert(now_us)

    def _width(self, register):
        return WIDTHS.get(register, 2)

    def _convert(self, now_us):
        adc = self._registers[ADC_CONFIG]
        mode = adc >> 12
        each = sum(TIMES_US[adc >> shift & 7] for bit, shift in ((1, 9), (2, 6), (4, 3)) if mode & bit)
        duration = each * MEANS[adc & 7] + self._lines.late_us
        if not each:
            self._conversion.stop()
        elif mode & 8:
            self._conversion.continuous(now_us, duration)
        else:
            self._conversion.single(now_us, duration)

    @property
    def _amp_lsb(self):
        """What a count of CURRENT is worth in amperes with this shunt and this calibration; None: not calibrated."""
        wide = 1 if not self._registers[CONFIG] & FINE else 4
        calibration = self._registers[SHUNT_CAL]
        return calibration / (13107.2e6 * self._shunt_mohm / 1000 * wide) if calibration else None

    def _refresh(self, now_us):
        values, lsb = self._quantities.at(now_us), self._amp_lsb
        watts = values["volts"] * values["amps"] if lsb and self._conversion.under_way else 0
        self._energy.meter(now_us, abs(watts) * 1000, self._quantities.stuck)
        self._charge.meter(now_us, values["amps"] * 1000 if watts else 0, self._quantities.stuck)
        if not self._conversion.done(now_us):
            return
        self._flags |= READY
        limit, measured = 1 << 19, self._measured
        nanovolts = NANOVOLTS[1 if self._registers[CONFIG] & FINE else 0]
        measured[VSHUNT] = within(values["amps"] * self._shunt_mohm * 1e6 / nanovolts, -limit, limit - 1) << 4
        measured[VBUS] = within(values["volts"] / 195.3125e-6, 0, limit - 1) << 4
        measured[DIETEMP] = within(values["celsius"] / 7.8125e-3, -32768, 32767)
        measured[CURRENT] = within(values["amps"] / lsb, -limit, limit - 1) << 4 if lsb else 0
        measured[POWER] = within(abs(watts) / (3.2 * lsb), 0, (1 << 24) - 1) if lsb else 0

    def _word(self, register, now_us):
        lsb = self._amp_lsb
        if register == ENERGY:
            return int(self._energy.held / 1e9 / (51.2 * lsb)) if lsb else 0
        if register == CHARGE:
            return int(self._charge.held / 1e9 / lsb) if lsb else 0
        if register == DIAG:
            flags, self._flags = self._flags, SOUND
            over = lsb and self._energy.held / 1e9 / (51.2 * lsb) >= 1 << 40
            return flags | (ENERGY_OVER if over else 0)
        if register in self._measured:
            return self._measured[register]
        return {MAKER: 0x5449, DEVICE: 0x2281}.get(register, self._registers.get(register, 0))

    def _put(self, register, value, now_us):
        if register == CONFIG and value & (CLEAR | RESET):
            self._energy.put(0)
            self._charge.put(0)
        if register == CONFIG and value & RESET:
            self._boot(now_us)
        elif register in self._registers:
            self._registers[register] = {CONFIG: value & 0x3FF0, SHUNT_CAL: value & 0x7FFF}.get(register, value)
            if register == ADC_CONFIG:
                self._convert(now_us)
