"""Common behaviour of all twins on I2C: acknowledging, and faults on demand."""

from .lines import Lines
from .part import Part


class I2cPart(Part):
    """A Twin on I2C: it gives `_heard(data, now_us)` for what was written, and `_said(n, now_us)` for what is read.

    address -- factory address; defaults, puts -- as of Part; own -- kinds of fault that only this part knows
    """

    BUSES = ("i2c",)

    def __init__(self, options, address, defaults, own=(), puts=None):
        self._lines = Lines(own)
        super().__init__(options, defaults, self._lines, puts)
        self.address = options.get("address", address)

    def write(self, data, now_us):
        self._lines.answering()
        if data:
            self._heard(bytes(data), now_us)

    def read(self, n, now_us):
        self._lines.answering()
        return self._lines.sent(self._said(n, now_us))


class RegisterPart(I2cPart):
    """A Twin whose bytes stand at numbered places, read and written one after the other.

    It gives `_refresh(now_us)`, `_register(number, now_us)` -> byte, and `_put(number, value, now_us)`.
    """

    STEP_BIT = 0x00  # where set in what is written, the place steps on (ST); 0: it always does

    def __init__(self, options, address, defaults, own=(), puts=None):
        super().__init__(options, address, defaults, own, puts)
        self._place, self._steps = 0, True

    def _heard(self, data, now_us):
        self._refresh(now_us)
        self._steps = not self.STEP_BIT or bool(data[0] & self.STEP_BIT)
        self._place = data[0] & ~self.STEP_BIT
        for value in data[1:]:
            self._put(self._place, value, now_us)
            self._place += self._steps

    def _said(self, n, now_us):
        self._refresh(now_us)
        out = bytearray()
        for _ in range(n):
            out.append(self._register(self._place, now_us))
            self._place = self._place + self._steps & 0xFF
        return bytes(out)


class WordPart(I2cPart):
    """A Twin whose registers are numbers of some bytes each, high byte first; one is read or written at a time.

    It gives `_refresh(now_us)`, `_width(register)` in bytes, `_word(register, now_us)` -> number, and
    `_put(register, value, now_us)`. POINTER is how many bytes name a register.
    """

    POINTER = 1
    ORDER = "big"

    def __init__(self, options, address, defaults, own=(), puts=None):
        super().__init__(options, address, defaults, own, puts)
        self._chosen = 0

    def _width(self, register):
        return 2

    def _heard(self, data, now_us):
        self._refresh(now_us)
        if len(data) < self.POINTER:
            return
        self._chosen = int.from_bytes(data[: self.POINTER], "big")
        width = self._width(self._chosen)
        if len(data) >= self.POINTER + width:
            self._put(self._chosen, int.from_bytes(data[self.POINTER : self.POINTER + width], self.ORDER), now_us)

    def _said(self, n, now_us):
        self._refresh(now_us)
        width = self._width(self._chosen)
        word = (self._word(self._chosen, now_us) & ((1 << 8 * width) - 1)).to_bytes(width, self.ORDER)
        return (word + b"\xff" * n)[:n]  # whoever reads on reads an open bus


def within(value, low, high):
    """The nearest whole number that the register can hold."""
    return max(low, min(high, int(value + 0.5 if value >= 0 else value - 0.5)))
