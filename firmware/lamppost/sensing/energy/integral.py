"""The import register of a part that has none: the power over time, counted where it was seen and nowhere else."""

from micropython import const

from ...core.quality import ESTIMATED, GAP

_MOST_MS = const(60000)  # what was not seen for longer was not measured
_HOUR_MS = const(3600000)


class Integral:
    """counters -- object with imp_mwh and changed(), as in register.py. What flows back is not taken off."""

    def __init__(self, counters):
        self._counters = counters
        self._last = 0
        self._rest = 0  # half mW times ms that do not make a mWh yet
        self.events = {"glitch": 0, "wrap": 0, "reset": 0, "swap": 0}
        self.change = None

    def take(self, p_mw, since_ms):
        """Count from the last power to this one, as a straight line. since_ms -- None: the first of this boot.

        Returns the letter of the register: E, an integral is an estimate; G after a time that was not seen.
        """
        p_mw = max(0, p_mw)
        before, self._last = self._last, p_mw
        if since_ms is None or since_ms > _MOST_MS:
            return GAP
        self._rest += (before + p_mw) * since_ms
        grown = self._rest // (2 * _HOUR_MS)
        if grown:
            self._rest -= grown * 2 * _HOUR_MS
            self._counters.imp_mwh += grown
            self._counters.changed()
        return ESTIMATED
