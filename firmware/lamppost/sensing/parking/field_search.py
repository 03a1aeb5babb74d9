"""Finds the empty field of a bay that only a magnetometer watches, from a first guess and from what comes back."""

from micropython import const

from .magnetometer import apart, norm

_SEEN_MS = const(10000)  # how long a level must last to count,
_GUESS_MS = const(30000)  # and the first one
# Europe's field is 44 to 52 microtesla; iron near by takes it elsewhere.
_EARTH, _FAR = const(4750), const(650)


class Groping:
    """sure -- True once levels have shown which of them is the empty bay's: the one that comes back, since no two
    vehicles bend the field alike
    agreed -- how many times in a row they have shown the same"""

    def __init__(self):
        self.sure = False
        self.agreed = 0
        self._found = None
        self._last = None
        self._before = None

    def take(self, level, for_ms, on):
        """A level and how long it has lasted; on -- what a vehicle makes of it at least. The empty field, or None."""
        found = self._take(level, for_ms, on)
        if found and self.sure:
            self.agreed = self.agreed + 1 if self._found and apart(found, self._found) < on else 0
            self._found = found
        return found

    def _take(self, level, for_ms, on):
        if for_ms < _SEEN_MS:
            return None
        last, before = self._last, self._before
        if last is None:
            if for_ms < _GUESS_MS:
                return None
            self._last = level
            size = norm(level)
            # what no empty bay is like: a vehicle, and the empty field somewhere in the same direction
            return level if abs(size - _EARTH) < _FAR else [value * _EARTH // (size or 1) for value in level]
        self._last = level
        if apart(level, last) < on:
            return None
        self._before = last
        if before:
            self.sure = True
            return level if 4 * apart(level, before) < apart(level, last) else last
        return level if abs(norm(level) - _EARTH) + 200 < abs(norm(last) - _EARTH) else last
