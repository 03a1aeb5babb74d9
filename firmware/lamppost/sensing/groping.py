"""Finds the empty field of a bay that only a magnetometer watches, from a first guess and from what comes back."""

from micropython import const

from .field import apart, norm

_SEEN_MS = const(10000)  # how long a level must last to count,
_GUESS_MS = const(30000)  # and the first one
# Europe's field is 44 to 52 microtesla; iron near by takes it elsewhere.
_EARTH, _FAR = const(4750), const(650)


class Groping:
    """sure -- True once levels have shown which of them is the empty bay's: the one that comes back, since no two
    vehicles bend the field alike."""

    def __init__(self):
        self.sure = False
        self._last = None
        self._before = None

    def take(self, level, for_ms, on):
        """A level and how long it has lasted; on -- what a vehicle makes of it at least. The empty field, or None."""
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
