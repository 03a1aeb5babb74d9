"""Finds the empty field of a bay that only a magnetometer watches: it is the one that comes back."""

from micropython import const

from .magnetometer import apart

_SEEN_MS = const(60000)  # how long a level must last to count: trams and halting lorries have passed by then
_LEVELS = const(5)  # that are remembered
_SAME = const(60)  # hundredths of a microtesla that the empty field may move by in between, or
_SHARE = const(4)  # this part of the way from the last level


class FieldSearch:
    """No two vehicles bend the field alike, so a level that was there before, with another one between, is the empty
    bay's.

    agreed -- how many times in a row it was found at the same place
    """

    def __init__(self):
        self.agreed = 0
        self._found = None
        self._levels = []

    def take(self, level, for_ms, on):
        """A level and how long it has lasted; on -- the least that a vehicle pulls. The empty field, or None."""
        levels = self._levels
        if for_ms < _SEEN_MS or levels and apart(level, levels[-1]) < on:
            return None
        room = max(_SAME, apart(level, levels[-1]) // _SHARE) if levels else 0
        back = [one for one in levels[:-1] if apart(level, one) < room]
        levels.append(level)
        if len(levels) > _LEVELS:
            levels.pop(0)
        if not back:
            return None
        self.agreed = self.agreed + 1 if self._found and apart(level, self._found) < on else 0
        self._found = level
        return level
