"""One quantity of the air: what came of it in the window, and since when it has not moved."""

from ...core.quality import UNAVAILABLE

_CLOSE = 5  # tenths of ug/m3 that are no movement to speak of


class Trace:
    """part -- id of the part that measures it; top -- the value from which it is saturated; None: it has none.

    past -- Past.known() of sensing/air/history.py: what the index remembers of it; None: no pollutant of the index
    """

    # for most it stays so, and an object only takes room for what is otherwise
    past = None
    every_ms = None  # None: as often as the air is asked for
    rh_max = None  # tenths of %; None: humidity does not matter
    calibration = None  # see fitting_air.py
    topped = False

    def __init__(self, name, part, top, now_s, past=None, calibration=None):
        self.name = name
        self.part = part
        if past:
            self.past = past
        if calibration is not None:
            self.calibration = calibration
        self._top = top
        self._last = self._near = None
        self.moved_s = now_s  # when it was another value,
        self.left_s = now_s  # and when it was farther off
        self.count = 0
        self.begin()

    def begin(self):
        """Start a window."""
        if not self.count:
            self._last = self._near = None  # after silence nobody knows whether the value has moved
        self.total = 0
        self.count = 0
        if self.topped:
            self.topped = False
        self.letter = UNAVAILABLE  # why readings are missing

    def take(self, value, now_s):
        """A reading of this quantity; a saturated one counts as the top of the range."""
        if value != self._last:
            self._last = value
            self.moved_s = now_s
            if self._near is None or abs(value - self._near) > _CLOSE:
                self._near = value
                self.left_s = now_s
        if self._top is not None and value >= self._top:
            self.topped = True
            value = self._top
        self.total += value
        self.count += 1
