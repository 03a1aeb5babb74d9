"""ADE7953 metering chip, register by register, over I2C: 16-bit addresses, energy that a read takes away.

Analog Devices "ADE7953" Rev. B. The high byte of an address says how wide its register is; those of 24 bits stand in
32 as well, sign extended. Counts are worth what the board's shunt and divider make of them: counts_per_volt, _amp and
_watt. The energy counters run at 206.9 kHz where the power reads 4862401.
"""

from . import mains
from .energy import Energy
from .i2c_part import WordPart, within

LCYCMODE, PGA_V, PGA_IA, PGA_IB, UNLOCK, VERSION = 0x004, 0x007, 0x008, 0x009, 0x0FE, 0x702
CONFIG, PFA, PFB, PERIOD, OPTIMUM = 0x102, 0x10A, 0x10B, 0x10E, 0x120
VA, WATT, VAR, IRMS, VRMS, ENERGY, GAINS_A, GAINS_B = 0x210, 0x212, 0x214, 0x21A, 0x21C, 0x21E, 0x280, 0x28C
READ_TAKES, RESET = 0x40, 0x80  # of LCYCMODE, CONFIG
PULSES_PER_S = 206900 / 4862401  # for each count of power


class Twin(WordPart):
    """Quantities: volts, watts (negative: it flows back), pf, hertz, amps; watts_b, amps_b on the second channel.
    options: counts_per_volt (26000), counts_per_amp (100000), counts_per_watt (154).
    It carries no checksum: the fault `checksum` acts as `noise`."""

    QUANTITIES = ("volts", "watts", "pf", "hertz", "amps", "watts_b", "amps_b")
    POINTER = 2

    def __init__(self, options):
        super().__init__(options, 0x38, dict(mains.DEFAULTS, hertz=50.0, watts_b=0.0, amps_b=None))
        usual = (("volt", 26000), ("amp", 100000), ("watt", 154))
        self._per_volt, self._per_amp, self._per_watt = [options.get("counts_per_" + name, n) for name, n in usual]
        self._boot()

    def _boot(self):
        self._energies = [Energy(), Energy()]
        self._registers = {LCYCMODE: 0x40, PGA_V: 0, PGA_IA: 0, PGA_IB: 0, CONFIG: 0x8004, OPTIMUM: 0, UNLOCK: 0}
        self._registers.update((first + step, 0x400000) for first in (GAINS_A, GAINS_B) for step in range(5))

    def running(self):
        return {"held": [each.held for each in self._energies], "registers": list(self._registers.items())}

    def resume(self, running):
        for energy, held in zip(self._energies, running["held"]):
            energy.held = held
        self._registers = dict(running["registers"])

    def _width(self, register):
        return {1: 2, 2: 3, 3: 4}.get(register >> 8, 1)

    def _refresh(self, now_us):
        values = self._quantities.at(now_us)
        for energy, name in zip(self._energies, ("watts", "watts_b")):
            energy.meter(now_us, values[name] * 1000, self._quantities.stuck)

    def _phase(self, channel, now_us):
        values = self._quantities.at(now_us)
        if channel:
            return mains.Phase(values["volts"], values["watts_b"], values["pf"], values["amps_b"])
        return mains.single(values)

    def _gain(self, register):
        """The correction by a gain register; one half to one and a half."""
        return self._registers[register] / 0x400000

    def _word(self, register, now_us):
        if 0x300 <= register < 0x400:
            register -= 0x100  # the same, in 32 bits
        for first, number in ((VA, 0), (WATT, 1), (VAR, 2), (IRMS, 3), (ENERGY, 4), (PFA, 5)):
            if first <= register <= first + 1:
                return self._measured(number, register - first, now_us)
        if register == VRMS:
            volts = self._quantities.at(now_us)["volts"]
            return within(volts * self._per_volt * self._gain(GAINS_A + 1), 0, 0x7FFFFF)
        if register == PERIOD:
            return within(223750 / self._quantities.at(now_us)["hertz"] - 1, 0, 0xFFFF)
        return 0x51 if register == VERSION else self._registers.get(register, 0)

    def _measured(self, number, channel, now_us):
        phase, gains = self._phase(channel, now_us), (GAINS_A, GAINS_B)[channel]
        if number == 5:
            pf = phase.watts / phase.volt_amps if phase.volt_amps else 1
            return within(pf * 0x7FFF, -0x7FFF, 0x7FFF)
        if number == 3:
            return within(phase.amps * self._per_amp * self._gain(gains), 0, 0x7FFFFF)
        if number == 4:
            energy = self._energies[channel]
            pulses = int(energy.held / 1e9 * self._per_watt * PULSES_PER_S * self._gain(gains + 2))
            if self._registers[LCYCMODE] & READ_TAKES:
                energy.put(0)
            return (pulses + 0x800000 & 0xFFFFFF) - 0x800000  # it rolls over
        watts = (phase.volt_amps, phase.watts, phase.vars)[number]
        return within(watts * self._per_watt * self._gain(gains + 2), -0x800000, 0x7FFFFF)

    def _put(self, register, value, now_us):
        if 0x300 <= register < 0x400:
            register -= 0x100
        if register == OPTIMUM and self._registers[UNLOCK] != 0xAD:
            return
        if register == CONFIG and value & RESET:
            self._boot()
        elif register in self._registers:
            self._registers[register] = value & 0xFFFFFF
