"""Common behaviour of all twins on a UART: transmission time, and faults on demand."""

from .part import Part
from .stream import WAITING
from .wire import Wire


class UartPart(Part):
    """A Twin on a UART: it gives `written(data, now_us)`, and sends by self._wire.

    baud -- of its line; defaults, puts -- as of Part; own -- kinds of fault that only this part knows; bits -- of a
    byte on its line
    """

    BUSES = ("uart",)

    def __init__(self, options, baud, defaults, own=(), puts=None, bits=10):
        self._wire = Wire(WAITING, own, bits)
        super().__init__(options, defaults, self._wire, puts)
        self.baud = baud

    def emitted(self, now_us):
        return self._wire.emitted(now_us)
