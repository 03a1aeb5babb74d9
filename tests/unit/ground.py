"""What the sensing tests stand on: a clock that is moved by hand, and bodies read back as messages."""

import json

from lamppost.core.clock import NTP, Clock
from lamppost.core.faults import SensorFault

MIDNIGHT = 817084800  # 2025-11-22T00:00:00Z


class Hours:
    """A clock and the hands that move it."""

    def __init__(self, utc=None):
        self.now_ms = 0
        self.clock = Clock(lambda: self.now_ms, lambda late, early: late - early)
        if utc is not None:
            self.know(utc)

    def know(self, utc):
        """A time server says that now is `utc`, seconds since 2000."""
        self.clock.set_utc(utc, 0, NTP, 20)

    def run(self, seconds, sensing, feed, every_ms=1000):
        """Feed every every_ms and poll after each, for that long; returns [(topic, message, at), ...]."""
        out = []
        for _ in range(seconds * 1000 // every_ms):
            self.now_ms += every_ms
            feed()
            out += drain(sensing)
        return out


def drain(sensing):
    out = []
    one = sensing.poll()
    while one:
        out.append((one[0].decode(), json.loads("{" + one[1].decode()), one[2]))
        one = sensing.poll()
    return out


def fault(word):
    return SensorFault(word)


class Notes:
    """What a node remembers over a cut, as journal/counters.py promises it."""

    def __init__(self):
        self.notes = {}

    def kept(self, name):
        return self.notes.get(name)

    def keep(self, name, data, now=False):
        self.notes[name] = data


class Seed:
    """The same pseudo-random numbers under every interpreter (a 31-bit linear congruence)."""

    def __init__(self, seed):
        self._state = seed

    def below(self, n):
        self._state = (self._state * 1103515245 + 12345) & 0x7FFFFFFF
        return (self._state >> 8) % n

    def bytes(self, count):
        return bytes([self.below(256) for _ in range(count)])
