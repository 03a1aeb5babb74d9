"""One quantity of the air: its mean in the window, and the letter that says how far to trust it."""

from micropython import const

from ..core.quality import ESTIMATED, FLAT, HUMID, SATURATED, UNAVAILABLE, VALID, WARMING
from ..core.quantity import limits

_ENOUGH = const(75)  # % of the expected readings, as the air quality directive asks of a mean
_FLAT_PM_S = const(7200)  # a value unchanged for so long is not measured any more
_FLAT_S = const(21600)
_SLOTS = const(12)  # sums that stand for the last hour: windows of seconds share one


class Trace:
    """One quantity: its readings in the window, and what is remembered beyond it."""

    def __init__(self, name, part, rh_max, now_s):
        self.name = name
        self.part = part
        self.rh_max = rh_max  # tenths of %; None: humidity does not matter
        particles = name.startswith("pm")
        self._top = limits(name)[1] if particles else None  # 100 % humidity is fog, not saturation
        self._flat_s = _FLAT_PM_S if particles else _FLAT_S
        self._last = None
        self._moved_s = now_s
        self.hour = []  # (sum, count) of the windows of the last hour, _SLOTS at most, for the index
        self._left = 0  # windows that the newest slot still takes
        self.count = 0
        self.begin()

    def begin(self):
        """Start a window."""
        if not self.count:
            self._last = None  # after silence nobody knows whether the value has moved
        self.total = 0
        self.count = 0
        self._topped = False
        self.letter = UNAVAILABLE  # why readings are missing

    def take(self, value, now_s):
        """A reading of this quantity; a saturated one counts as the top of the range."""
        if value != self._last:
            self._last = value
            self._moved_s = now_s
        if self._top is not None and value >= self._top:
            self._topped = True
            value = self._top
        self.total += value
        self.count += 1

    def mean(self):
        """The rounded mean of the window, None without a reading."""
        return (2 * self.total + self.count) // (2 * self.count) if self.count else None

    def quality(self, expected, rh, now_s):
        """The letter of the mean; the gravest reason wins."""
        if not self.count:
            return self.letter
        if self._topped:
            return SATURATED
        if now_s - self._moved_s >= self._flat_s:
            return FLAT
        if self.rh_max is not None and rh is not None and rh > self.rh_max:
            return HUMID
        if 100 * self.count < _ENOUGH * expected:
            return WARMING if self.letter == WARMING else ESTIMATED
        return VALID

    def remember(self, usable, windows):
        """Keep the window's sum among those of the last hour, unless its letter forbids."""
        share = (windows + _SLOTS - 1) // _SLOTS
        if not self._left:
            self._left = share
            self.hour.append((0, 0))
            if len(self.hour) * share >= windows + share:
                self.hour.pop(0)
        self._left -= 1
        if usable:
            total, count = self.hour[-1]
            self.hour[-1] = (total + self.total, count + self.count)

    def hourly(self):
        """Mean of the last hour's usable windows, or None."""
        count = sum([pair[1] for pair in self.hour])
        return (2 * sum([pair[0] for pair in self.hour]) + count) // (2 * count) if count else None
