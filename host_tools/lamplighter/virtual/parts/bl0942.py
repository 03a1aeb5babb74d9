"""BL0942 metering chip, byte for byte: 23 bytes over UART when asked, an energy counter that the supply erases.

A count is worth what the data sheet's circuit gives: 1 mOhm shunt, divider of 5 x 390 kOhm to 510 Ohm, Vref 1.218 V.
"""

from . import mains
from .belling import Belling, counts, three

I_RMS, V_RMS, I_FAST, WATT, CF_CNT, FREQ, STATUS = 3, 4, 5, 6, 7, 8, 9
MODE, SOFT_RESET, PROTECTION = 0x19, 0x1C, 0x1D
REVERSE, CREEPING, NO_CURRENT, NO_VOLTAGE = 0x001, 0x002, 0x100, 0x200
CREEP_WATT = 20  # counts below which the chip shows no power
SPEEDS = {0x200: 19200, 0x300: 38400}  # by MODE; else by the strap


class Twin(Belling):
    """Quantities: volts, watts (negative: wired backwards), pf, hertz, amps; cf_cnt puts the counter.

    options: address (0..3, the two straps), baud (4800 or 9600, the third strap)
    """

    DEFAULTS = dict(mains.DEFAULTS, hertz=50.0)
    QUANTITIES = ("volts", "watts", "pf", "hertz", "amps", "cf_cnt")
    COUNTS = (15883.3, 251213.5, 623.39)

    def __init__(self, options):
        self.address = options.get("address", 0)
        self.READ, self.WRITE = 0x58 | self.address, 0xA8 | self.address
        self._strapped = options.get("baud", 4800)
        super().__init__(options)

    def _boot(self):
        super()._boot()
        self.baud = self._strapped
        self._mode = 0x87

    def _packet(self, values):
        out = b"".join(three(self._register(register, values)) for register in (I_RMS, V_RMS, I_FAST, WATT, CF_CNT))
        frequency, status = self._register(FREQ, values), self._register(STATUS, values)
        return out + three(frequency) + bytes([status & 0xFF, status >> 8, 0])

    def _register(self, register, values):
        volts, amps, watts = self._line(values)
        creeping = abs(watts) < CREEP_WATT
        if register == I_RMS:
            return amps
        if register == V_RMS:
            return volts
        if register == I_FAST:
            return int(amps * 0.366)  # as captured from a loaded chip
        if register == WATT:
            return 0 if creeping else watts
        if register == CF_CNT:
            return self._pulses()
        if register == FREQ:
            return counts(1000000 / values["hertz"], 16) if volts else 20000
        if register == STATUS:
            return (
                (REVERSE if watts < 0 and not creeping else 0) | (CREEPING if creeping and volts else 0)
                | (NO_CURRENT if amps < self._per_amp / 4 else 0) | (0 if volts else NO_VOLTAGE)
            )  # fmt: skip
        return {MODE: self._mode, PROTECTION: 0x55 if self._unlocked else 0}.get(register, 0)

    def _write(self, register, value):
        if register == PROTECTION:
            self._unlocked = value == 0x55
        elif not self._unlocked:
            return
        elif register == SOFT_RESET and value == 0x5A5A5A:
            self._boot()
        elif register == MODE:
            self._mode = value & 0x3FF
            self.baud = SPEEDS.get(self._mode & 0x300, self._strapped)
