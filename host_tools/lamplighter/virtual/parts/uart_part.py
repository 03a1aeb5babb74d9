"""What every twin on a UART does alike: quantities from outside, bytes that take their time and break on demand."""

from .quantities import Quantities
from .stream import WAITING
from .wire import Wire


class UartPart:
    """A Twin on a UART: it gives `written(data, now_us)`, and sends by self._wire.

    baud -- of its line; defaults -- {quantity: value}; own -- kinds of fault that only this part knows; puts -- as of
    Quantities; bits -- of a byte on its line
    """

    BUSES = ("uart",)

    def __init__(self, options, baud, defaults, own=(), puts=None, bits=10):
        self._quantities = Quantities(defaults, options, puts)
        self._wire = Wire(WAITING, own, bits)
        self.baud = baud

    def set(self, **values):
        self._quantities.set(values)

    def fault(self, kind, **options):
        self._wire.fault(kind, options)
        self._quantities.stuck = kind == "stuck"

    def state(self):
        return {}  # nothing outlives a power cut, unless a part says otherwise

    def restore(self, state):
        pass

    def emitted(self, now_us):
        return self._wire.emitted(now_us)
