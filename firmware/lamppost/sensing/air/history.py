"""The past of one pollutant, for the index: sums of the last hour, and the means of the clock hours before."""

from array import array

from micropython import const

MISSING = const(-1000000)
_SLOTS = const(12)  # sums that stand for the last hour: windows of seconds share one
_ENOUGH = const(75)  # % of an hour's windows, and of the hours, that a mean needs


class History:
    """hours -- how many whole clock hours the index asks for, 1: the last hour as it rolls on."""

    def __init__(self, hours):
        self.slots = []  # (sum, count) of parts of the last hour
        self._left = 0  # windows that the newest slot still takes
        self.hours = array("i", [MISSING] * hours if hours > 1 else [])  # newest first
        self._total = self._count = self._seconds = 0  # of the clock hour in progress
        self._hour = None

    def add(self, mean, count, seconds, end_s, length_s):
        """A window's mean (None: not usable) of so many readings, how long it was and when it ended."""
        if mean is None:
            mean = count = 0
        if self.hours:
            hour = (end_s - 1) // 3600
            if self._hour is not None and hour != self._hour:
                self._close(hour - self._hour)
            self._hour = hour
            self._total += mean * count
            self._count += count
            self._seconds += seconds if count else 0
            if end_s % 3600 == 0:
                self._close(1)
                self._hour = hour + 1
        windows = max(1, 3600 // length_s)
        share = (windows + _SLOTS - 1) // _SLOTS
        if not self._left:
            self._left = share
            self.slots.append((0, 0))
            if len(self.slots) * share >= windows + share:
                self.slots.pop(0)
        self._left -= 1
        total, number = self.slots[-1]
        self.slots[-1] = (total + mean * count, number + count)

    def _close(self, passed):
        """So many hours are over since the one in progress began."""
        if 0 < passed <= 48:  # else the clock was set, and it is still the same hour
            mean = _mean(self._total, self._count) if 100 * self._seconds >= _ENOUGH * 3600 else MISSING
            kept = [MISSING] * (passed - 1) + [mean] + list(self.hours)
            self.hours = array("i", kept[: len(self.hours)])
            self._total = self._count = self._seconds = 0

    def rolling(self):
        """Mean of the last hour's usable windows, or None."""
        count = sum([pair[1] for pair in self.slots])
        return _mean(sum([pair[0] for pair in self.slots]), count) if count else None

    def long(self):
        """Mean of the clock hours, if three quarters of them are known, or None."""
        known = [value for value in self.hours if value != MISSING]
        return _mean(sum(known), len(known)) if 100 * len(known) >= _ENOUGH * len(self.hours) else None


def _mean(total, count):
    return (2 * total + count) // (2 * count)
