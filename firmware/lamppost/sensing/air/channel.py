"""One quantity of the air: the readings of the window, and since when the value has not moved."""

from ...core.quality import ESTIMATED, FLAT, HUMID, SATURATED, UNAVAILABLE, UNCALIBRATED, VALID, WARMING

_CLOSE = 5  # tenths of ug/m3 that do not count as movement
_FLAT_PM_S = 7200  # particles that have not moved at all for so long are not measured any more,
_CLOSE_PM_S = 43200  # nor those that have hardly moved for so long
_FLAT_S = 21600
_ENOUGH = 75  # % of the expected readings, as the air quality directive asks of a mean


class Channel:
    """part -- id of the part that measures it; every_ms -- how often; top -- the value from which it is saturated, or
    None.

    history -- History of a pollutant of the index, else None
    rh_max -- tenths of % above which the part is wrong; None: humidity does not matter
    calibration -- (offset, slope in ten thousandths, id); None: as its maker calibrated it; False: it is not calibrated
    """

    def __init__(self, name, part, every_ms, top, now_s, history=None, rh_max=None, calibration=None):
        self.name = name
        self.part = part
        self.every_ms = every_ms
        self.history = history
        self.calibration = calibration
        self._rh_max = rh_max
        self._top = top
        self._last = self._near = None
        self._moved_s = now_s  # when it was another value,
        self._left_s = now_s  # and when it was farther off
        self.count = 0
        self.begin()

    def begin(self):
        """Start a window."""
        if not self.count:
            self._last = self._near = None  # after silence nobody knows whether the value has moved
        self._total = 0
        self.count = 0
        self._saturated = False
        self.missing = UNAVAILABLE  # the letter of a window without a reading

    def take(self, value, now_s):
        """A reading of this quantity; a saturated one counts as the top of the range."""
        if value != self._last:
            self._last = value
            self._moved_s = now_s
            if self._near is None or abs(value - self._near) > _CLOSE:
                self._near = value
                self._left_s = now_s
        if self._top is not None and value >= self._top:
            self._saturated = True
            value = self._top
        self._total += value
        self.count += 1

    def mean(self):
        """The rounded mean of the window, None without a reading."""
        return (2 * self._total + self.count) // (2 * self.count) if self.count else None

    def letter(self, expected, rh, now_s):
        """The quality letter of the mean; the gravest reason wins. rh -- tenths of % of the same window, or None."""
        if not self.count:
            return self.missing
        if self._saturated:
            return SATURATED
        particles = self.name.startswith("pm")
        if now_s - self._moved_s >= (_FLAT_PM_S if particles else _FLAT_S):
            return FLAT
        if particles and now_s - self._left_s >= _CLOSE_PM_S:
            return FLAT
        if self._rh_max is not None and rh is not None and rh > self._rh_max:
            return HUMID
        if self.calibration is False:
            return UNCALIBRATED
        if 100 * self.count < _ENOUGH * expected:
            return WARMING if self.missing == WARMING else ESTIMATED
        return VALID
