"""The two lines of an I2C part: who acknowledges nothing, what arrives spoilt, what takes longer than it should."""

from .wire import KINDS

NO_ACKNOWLEDGE = 19  # ENODEV, as machine.I2C raises it


def refuse():
    """No acknowledge: nobody there, busy, or not in this state."""
    raise OSError(NO_ACKNOWLEDGE, "no acknowledge")


class Lines:
    """The fault of a part on the bus, and what it does to the bytes that the part sends."""

    def __init__(self):
        self.kind = "none"
        self._options = {}
        self._count = 0
        self._seed = 1

    def fault(self, kind, options):
        if kind not in KINDS:
            raise ValueError("no fault %s; there are %s" % (kind, ", ".join(KINDS)))
        self.kind = kind
        self._options = options
        self._count = 0

    def answering(self):
        """Raises OSError if the part does not even acknowledge its address."""
        if self.kind == "silence":
            refuse()

    @property
    def late_us(self):
        """By how much a conversion or an answer takes longer."""
        return self._options.get("ms", 1000) * 1000 if self.kind == "slow" else 0

    @property
    def spoils_checksum(self):
        """True if the answer that is about to be built must carry a wrong checksum."""
        return self.kind == "checksum" and self._due()

    def sent(self, data, unchecked=True):
        """The bytes as they arrive; of a part without checksums the fault `checksum` acts as `noise`."""
        if self.kind == "noise" or (unchecked and self.kind == "checksum"):
            return self._noisy(data) if self._due() else data
        return data

    def _due(self):
        """True for every answer, or each n-th with the option every=n."""
        self._count += 1
        return self._count % self._options.get("every", 1) == 0

    def _noisy(self, data):
        out = bytearray(data)
        for index in range(len(out)):
            self._seed = (self._seed * 1103515245 + 12345) & 0x7FFFFFFF
            out[index] ^= self._seed >> 16 & 0xFF
        return bytes(out)
