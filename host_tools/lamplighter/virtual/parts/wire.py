"""The wire of a UART part: bytes come out at the speed of the line, and break in the ways that lines break."""

from .faults import Faults


class Wire(Faults):
    """Bytes on their way to the node. Holds `limit` frames at most: older ones are lost, as in any FIFO.

    own -- kinds of fault that only this part knows; bits -- of a byte on the line: 10, with a parity bit 11
    """

    def __init__(self, limit, own=(), bits=10):
        super().__init__(own)
        self._limit = limit
        self._bits = bits
        self._frames = []  # [start_us, byte_us, bytes, bytes already out]

    def fault(self, kind, options):
        super().fault(kind, options)
        if kind == "silence":
            self._frames.clear()

    def byte_us(self, baud):
        return self._bits * 1000000 // baud

    def send(self, frame, start_us, baud):
        """Let a frame begin at start_us, or behind the one before it."""
        if self.kind == "silence":
            return
        start_us += self.late_us
        if self.kind == "noise" and self.due():
            frame = self.noisy(frame)
        if self._frames:
            last = self._frames[-1]
            start_us = max(start_us, last[0] + last[1] * len(last[2]))
        if len(self._frames) >= self._limit:
            self._frames.pop(0)
        self._frames.append([start_us, self.byte_us(baud), frame, 0])

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
