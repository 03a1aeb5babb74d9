"""What every twin on an I2C bus does alike: it acknowledges or not, and its bytes break on demand."""

from .lines import Lines
from .quantities import Quantities


class I2cPart:
    """A Twin on I2C: it gives `_heard(data, now_us)` for what was written, and `_said(n, now_us)` for what is read.

    address -- factory address; defaults -- {quantity: value}; own -- kinds of fault that only this part knows
    """

    BUSES = ("i2c",)

    def __init__(self, options, address, defaults, own=()):
        self._quantities = Quantities(defaults, options)
        self._lines = Lines(own)
        self.address = options.get("address", address)

    def set(self, **values):
        self._quantities.set(values)

    def fault(self, kind, **options):
        self._lines.fault(kind, options)
        self._quantities.stuck = kind == "stuck"

    def state(self):
        return {}  # nothing outlives a power cut, unless a part says otherwise

    def restore(self, state):
        pass

    def write(self, data, now_us):
        self._lines.answering()
        if data:
            self._heard(bytes(data), now_us)

    def read(self, n, now_us):
        self._lines.answering()
        return self._lines.sent(self._said(n, now_us))
