"""Estimates UTC for a lamppost with neither network nor clock from the moment at which its circuit is switched on.

A street's circuit is switched on a little after sunset and off a little before sunrise. So the place, the date of
yesterday and the delay after sunset in earlier nights give the time of today's power-on. docs/design/clock.md has the
reasoning and its limits.
"""

from micropython import const

from ..core.calendar import DAY
from ..core.sun import SUNSET_DEG, crossing

_UNKNOWN = const(-32768)
_USUAL_S = const(600)  # the delay after sunset until a night has been measured,
_USUAL_OFF_S = const(2700)  # and how far it may be off
_LEAST_OFF_S = const(300)
_NEAR_S = const(5400)  # a power-on further from sunset, or a power-off longer before sunrise, has another cause
_NIGHT_H = const(1)  # what a counted night adds to the doubt about the date: one in 24 may not have been switched
_CUT_H = const(24)  # what a cut in the middle of a night adds: it may have lasted into another
_MOST_H = const(480)  # doubt beyond which the estimate is worth nothing


def rise_and_set(day, lat, lon):
    """(sunrise, sunset) in seconds since 2000 UTC, of the solar day `day` (days since 2000-01-01) at lat, lon degrees.

    None where the sun does not rise or does not set that day. Either may lie in the UTC day before or after.
    """
    rise = crossing(day, lat, lon, SUNSET_DEG, True)
    set_ = crossing(day, lat, lon, SUNSET_DEG, False)
    return None if rise is None or set_ is None else (rise, set_)


class SunsetClock:
    """counters -- journal/counters.py: utc_s, tu_ms, dusk, spread, doubt_h; lat, lon -- degrees."""

    def __init__(self, counters, lat, lon):
        self._counters = counters
        self._lat = lat
        self._lon = lon

    def _events(self, utc_s):
        """(sunset before utc_s, the sunrise after that sunset, the sunset after that sunrise), or None."""
        sets, rises = [], []
        for day in range(utc_s // DAY - 2, utc_s // DAY + 4):
            both = rise_and_set(day, self._lat, self._lon)
            if both is None:
                return None
            rises.append(both[0])
            sets.append(both[1])
        on = self._counters.dusk if self._counters.dusk != _UNKNOWN else _USUAL_S
        dusk = max([one + on for one in sets if one + on <= utc_s])
        dawn = min([one for one in rises if one > dusk])
        return dusk, dawn, min([one + on for one in sets if one + on > dawn])

    def guess(self, power_cut):
        """(UTC at the start, uncertainty in ms) after the last UTC on flash, None without one. Counts the night."""
        counters = self._counters
        if counters.utc_s is None:
            return None
        if not power_cut:  # a reset takes seconds, and the noted time was up to five minutes old
            return counters.utc_s + 150, min(counters.tu_ms + 300000, _MOST_H * 3600000)
        events = self._events(counters.utc_s)
        if events is None or counters.doubt_h >= _MOST_H:
            return None
        utc_s, off_s = counters.utc_s, 0
        if utc_s >= events[1] - _NEAR_S:
            utc_s = events[2]
            off_s = counters.spread if counters.dusk != _UNKNOWN else _USUAL_OFF_S
            counters.doubt_h += _NIGHT_H
        else:
            counters.doubt_h += _CUT_H
        counters.burnt()
        return utc_s, off_s * 1000 + counters.doubt_h * 3600000

    def learn(self, on_s):
        """Measure the delay after sunset of a power-on at `on_s`, which is certain."""
        counters = self._counters
        counters.doubt_h = 0
        both = rise_and_set(on_s // DAY, self._lat, self._lon)
        before = rise_and_set(on_s // DAY - 1, self._lat, self._lon)  # west of Greenwich it sets on the next UTC day
        if both is None or before is None:
            return
        late = min((on_s - both[1], on_s - before[1]), key=abs)
        if abs(late) > _NEAR_S:
            return
        if counters.dusk == _UNKNOWN:
            counters.dusk, counters.spread = late, _USUAL_OFF_S
        else:
            off = abs(late - counters.dusk)
            counters.dusk += (late - counters.dusk) // 4
            # falls by a quarter a night, to three times the difference between nights
            counters.spread = max(_LEAST_OFF_S, counters.spread + (3 * off - counters.spread) // 4, off)
        counters.burnt()
