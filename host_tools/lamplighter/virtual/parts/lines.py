"""The two lines of an I2C part: who acknowledges nothing, what arrives spoilt, what takes longer than it should."""

from .faults import Faults

NO_ACKNOWLEDGE = 19  # ENODEV, as machine.I2C raises it


def refuse():
    """No acknowledge: nobody there, busy, or not in this state."""
    raise OSError(NO_ACKNOWLEDGE, "no acknowledge")


class Lines(Faults):
    """The fault of a part on the bus, and what it does to the bytes that the part sends."""

    def answering(self):
        """Raises OSError if the part does not even acknowledge its address."""
        if self.kind == "silence":
            refuse()

    def sent(self, data, unchecked=True):
        """The bytes as they arrive; of a part without checksums the fault `checksum` acts as `noise`."""
        if self.kind == "noise" or (unchecked and self.kind == "checksum"):
            return bytes(byte ^ (self.random() | 1) for byte in data) if self.due() else data
        return data
