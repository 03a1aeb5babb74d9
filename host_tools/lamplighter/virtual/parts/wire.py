"""The wire of a UART part: bytes come out at the speed of the line, and break in the ways that lines break."""

KINDS = ("none", "silence", "noise", "checksum", "slow", "stuck")


class Wire:
    """Bytes on their way to the node. Holds `limit` frames at most: older ones are lost, as in any FIFO."""

    def __init__(self, limit=8):
        self._limit = limit
        self._frames = []  # [start_us, byte_us, bytes, bytes already out]
        self._seed = 1
        self.kind = "none"
        self._options = {}
        self._count = 0

    def fault(self, kind, options):
        if kind not in KINDS:
            raise ValueError("no fault %s; there are %s" % (kind, ", ".join(KINDS)))
        self.kind = kind
        self._options = options
        self._count = 0
        if kind == "silence":
            self._frames.clear()

    @property
    def spoils_checksum(self):
        """True if the frame that is about to be built must carry a wrong checksum."""
        return self.kind == "checksum" and self._due()

    def send(self, frame, start_us, baud):
        """Let a frame begin at start_us, or behind the one before it."""
        if self.kind == "silence":
            return
        if self.kind == "slow":
            start_us += self._options.get("ms", 1000) * 1000
        if self.kind == "noise" and self._due():
            frame = self._noisy(frame)
        byte_us = 10000000 // baud
        if self._frames:
            last = self._frames[-1]
            start_us = max(start_us, last[0] + last[1] * len(last[2]))
        if len(self._frames) >= self._limit:
            self._frames.pop(0)
        self._frames.append([start_us, byte_us, frame, 0])

    def emitted(self, now_us):
        """The bytes that have arrived since the last call."""
        out = b""
        while self._frames:
            start_us, byte_us, frame, done = self._frames[0]
            arrived = min(len(frame), (now_us - start_us) // byte_us)  # a byte is there after its stop bit
            if arrived > done:
                out += frame[done:arrived]
                self._frames[0][3] = arrived
            if arrived < len(frame):
                break
            self._frames.pop(0)
        return out

    def _due(self):
        """True for every frame, or each n-th with the option every=n."""
        self._count += 1
        return self._count % self._options.get("every", 1) == 0

    def _random(self):
        self._seed = (self._seed * 1103515245 + 12345) & 0x7FFFFFFF
        return self._seed >> 16 & 0xFF

    def _noisy(self, frame):
        """Junk before the frame, and one byte in four with flipped bits: at least one."""
        junk = bytes(self._random() for _ in range(self._random() % 4))
        noisy = bytearray(frame)
        first = self._random() % 4 if len(noisy) > 4 else 0
        for index in range(first, len(noisy), 4):
            noisy[index] ^= self._random() | 1
        return junk + bytes(noisy)
