"""CSE7766 (HLW8032) metering chip, byte for byte: a frame of 24 bytes each 105 ms without being asked, 4800 8E1.

"HLW8032 Data sheet": 55 or a state, 5A, six 24-bit numbers, high byte first, flags, pulse counter, checksum. A value is
its coefficient over its period. A period that does not end, for want of load, leaves the register as it was.
"""

from . import mains
from .energy import MW_US_PER_J, Energy
from .stream import Stream
from .uart_part import UartPart

PERIOD_US = 105000
LONGEST = 0xFFFFFF  # microseconds that a period register holds
FINE, UNCALIBRATED, STATE = 0x55, 0xAA, 0xF0
NO_VOLTS, NO_AMPS, NO_WATTS = 0x08, 0x04, 0x02  # in the state
READY = ((NO_VOLTS, 0x40), (NO_AMPS, 0x20), (NO_WATTS, 0x10))  # in the flags: this value is there
CARRY = 0x80  # in the flags: turns at each overflow of the pulse counter
COEFFICIENTS = (195400, 16460, 5400000)  # as in a captured frame


def three(value):
    """24 bits, high byte first."""
    return bytes([value >> 16 & 0xFF, value >> 8 & 0xFF, value & 0xFF])


class Twin(UartPart):
    """Quantities: volts, watts (it knows no direction), pf, amps; pulses puts the counter. Fault of its own:
    uncalibrated (state AA).

    options: coefficients (volts, amps, watts), each chip's own
    """

    parity = 0  # even
    FAULTS = ("uncalibrated",)
    QUANTITIES = ("volts", "watts", "pf", "amps", "pulses")

    def __init__(self, options):
        self._count_from(0)
        super().__init__(options, 4800, mains.DEFAULTS, self.FAULTS, {"pulses": self._count_from}, 11)
        self._stream = Stream()
        self._coefficients = options.get("coefficients", COEFFICIENTS)
        self._periods = [0, 0, 0]

    def _count_from(self, pulses):
        self._pulses = pulses
        self._energy = Energy()

    def written(self, data, now_us):
        pass  # it does not listen

    def emitted(self, now_us):
        for at_us in self._stream.due(now_us, PERIOD_US):
            values = self._quantities.at(at_us)
            self._energy.meter(at_us, abs(values["watts"]) * 1000, self._quantities.stuck)
            self._frame(mains.single(values), at_us)
        return self._wire.emitted(now_us)

    def _frame(self, phase, at_us):
        state, flags = 0, 0
        for index, value in enumerate((phase.volts, phase.amps, abs(phase.watts))):
            coefficient, (missing, ready) = self._coefficients[index], READY[index]
            if value * LONGEST > coefficient:
                self._periods[index] = int(coefficient / value + 0.5)
                flags |= ready
            else:
                state |= missing
        pulses = self._pulses + self._energy.held // (MW_US_PER_J * self._coefficients[2] // 1000000)
        flags |= 0x01 | (CARRY if pulses >> 16 & 1 else 0)
        head = FINE if not state else STATE | state
        if self._wire.kind == "uncalibrated":
            head = UNCALIBRATED
        body = b"".join(three(c) + three(p) for c, p in zip(self._coefficients, self._periods))
        body += bytes([flags, pulses >> 8 & 0xFF, pulses & 0xFF])
        check = sum(body) & 0xFF
        if self._wire.spoils_checksum:
            check ^= 0xFF
        self._wire.send(bytes([head, 0x5A]) + body + bytes([check]), at_us, self.baud)
