"""The ways in which a part fails on demand, the same for every bus: when a frame is spoilt, and how."""

KINDS = ("none", "silence", "noise", "checksum", "slow", "stuck")


class Faults:
    """The fault that is on now. own -- kinds that only this part knows."""

    def __init__(self, own=()):
        self._kinds = KINDS + tuple(own)
        self.kind = "none"
        self.options = {}
        self._count = 0
        self._seed = 1

    def fault(self, kind, options):
        """Raises ValueError for a kind that the part does not know."""
        if kind not in self._kinds:
            raise ValueError("no fault %s; there are %s" % (kind, ", ".join(self._kinds)))
        self.kind = kind
        self.options = options
        self._count = 0

    def due(self):
        """True for every frame, or each n-th with the option every=n."""
        self._count += 1
        return self._count % self.options.get("every", 1) == 0

    @property
    def spoils_checksum(self):
        """True if the frame that is about to be built must carry a wrong checksum."""
        return self.kind == "checksum" and self.due()

    @property
    def late_us(self):
        """The extra delay of an answer."""
        return self.options.get("ms", 1000) * 1000 if self.kind == "slow" else 0

    def random(self):
        """A byte, the same ones in every run."""
        self._seed = (self._seed * 1103515245 + 12345) & 0x7FFFFFFF
        return self._seed >> 16 & 0xFF

    def noisy(self, frame):
        """Junk before the frame, and one byte in four with flipped bits: at least one."""
        junk = bytes(self.random() for _ in range(self.random() % 4))
        noisy = bytearray(frame)
        first = self.random() % 4 if len(noisy) > 4 else 0
        for index in range(first, len(noisy), 4):
            noisy[index] ^= self.random() | 1
        return junk + bytes(noisy)
