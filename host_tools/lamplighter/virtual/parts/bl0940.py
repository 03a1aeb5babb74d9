"""BL0940 metering chip, byte for byte: 35 bytes over UART when asked, with a temperature, without a frequency.

The data sheet's command byte is 58; the chips answer to 50, and their checksum begins with it. A count of voltage or
current is worth what smart plugs with this chip were found to give, one of power what the data sheet makes of those.
"""

from . import mains
from .belling import Belling, counts, three

I_FAST, I_RMS, V_RMS, WATT, CF_CNT, TPS1, TPS2 = 0x00, 0x04, 0x06, 0x08, 0x0A, 0x0E, 0x0F
MODE, SOFT_RESET, PROTECTION = 0x18, 0x19, 0x1A
UNUSED = 0x11  # a register that the packet has a place for, and this chip no channel
OUTSIDE = 1022  # TPS2 without a thermistor


class Twin(Belling):
    """Quantities: volts, watts, pf, amps, celsius (of the chip); cf_cnt puts the counter."""

    baud = 4800
    READ, WRITE = 0x50, 0xA0
    DEFAULTS = dict(mains.DEFAULTS, celsius=30.0)
    QUANTITIES = ("volts", "watts", "pf", "amps", "celsius", "cf_cnt")
    COUNTS = (33000, 275000, 4046 * 33000 * 275000 / (324004 * 79931))

    def _packet(self, values):
        order = (I_FAST, I_RMS, UNUSED, V_RMS, UNUSED, WATT, UNUSED, CF_CNT, UNUSED, TPS1, TPS2)
        return b"".join(three(self._register(register, values)) for register in order)

    def _register(self, register, values):
        volts, amps, watts = self._line(values)
        if register == TPS1:
            return counts(((values["celsius"] + 45) * 448 / 170 + 32) * 2, 10)
        known = {
            I_FAST: int(amps * 0.744), I_RMS: amps, V_RMS: volts, WATT: watts, CF_CNT: self._pulses(), TPS2: OUTSIDE,
            PROTECTION: 0x55 if self._unlocked else 0,
        }  # fmt: skip
        return known.get(register, 0)

    def _write(self, register, value):
        if register == PROTECTION:
            self._unlocked = value == 0x55
        elif register == SOFT_RESET and value == 0x5A5A5A and self._unlocked:
            self._boot()
