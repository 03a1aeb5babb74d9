"""The heads of records one after another: the next differs from the last mostly in a digit or two."""

from ...core.calendar import DAY
from ...core.payload import HEAD_MAX, head_into

_TIME = 17  # from the "t" of "ts":" to the hour: ts":"2026-11-22T


def header_into(buf, at, size, first):
    """Write the fixed header of a packet at buf[at:]; returns where its rest goes. Allocates nothing.

    first -- the first byte; size -- the remaining length
    """
    buf[at] = first
    at += 1
    while size > 127:
        buf[at] = size & 127 | 128
        size >>= 7
        at += 1
    buf[at] = size
    return at + 1


class Envelope:
    """`buf` holds the head that `render` wrote last; core/payload.py alone knows what a head looks like.

    Rendering one anew costs three times as much as all else that a publish needs, so a head of the same boot,
    day and length has only its sequence number and its time of day written over.
    """

    def __init__(self):
        self.buf = bytearray(HEAD_MAX)
        self._size = 0
        self._boot = -1
        self._held = None
        self._tq = 0
        self._tu_ms = 0
        self._midnight = 0  # of the day that is in buf
        self._ts = 0
        self._seq = 0
        self._seq_limit = 0  # the first number that has a digit more
        self._seq_end = 0  # where the last digit is, plus 1
        self._hour = 0

    def render(self, entry):
        """Write the head of an outbox entry into buf; returns its length."""
        ts = entry.ts
        seq = entry.seq
        if (
            seq is None
            or ts is None
            or entry.boot != self._boot
            or not self._seq <= seq < self._seq_limit
            or not self._midnight <= ts < self._midnight + DAY
            or entry.held != self._held
            or entry.tq != self._tq
            or entry.tu_ms != self._tu_ms
        ):
            return self._anew(entry)
        buf = self.buf
        at = self._seq_end
        rest = seq - self._seq
        self._seq = seq
        while rest:  # add the difference to the digits, with carry
            at -= 1
            rest += buf[at] - 48
            buf[at] = 48 + rest % 10
            rest //= 10
        if ts != self._ts:
            self._ts = ts
            s = ts - self._midnight
            at = self._hour
            m = s // 60
            s -= m * 60
            h = m // 60
            m -= h * 60
            buf[at] = 48 + h // 10
            buf[at + 1] = 48 + h % 10
            buf[at + 3] = 48 + m // 10
            buf[at + 4] = 48 + m % 10
            buf[at + 6] = 48 + s // 10
            buf[at + 7] = 48 + s % 10
        return self._size

    def _anew(self, entry):
        buf = self.buf
        self._boot = -1
        seq = entry.seq
        ts = entry.ts
        size = head_into(buf, 0, entry.boot, seq, ts, entry.tq, entry.tu_ms, entry.held)
        if seq is not None and ts is not None:
            text = bytes(buf[:size])
            self._seq_end = text.index(b',"ts"')
            self._hour = text.index(b'"ts"') + _TIME
            self._seq = seq
            self._seq_limit = 10 ** (self._seq_end - text.index(b'"s":') - 4)
            self._ts = ts
            self._midnight = ts - ts % DAY
            self._boot = entry.boot
            self._held = entry.held
            self._tq = entry.tq
            self._tu_ms = entry.tu_ms
            self._size = size
        return size
