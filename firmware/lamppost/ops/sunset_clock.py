"""UTC for a lamppost with neither network nor clock, from when its circuit is switched on: estimated, and said so.

A street's circuit is switched on a little after sunset and off a little before sunrise. So whoever knows the place,
the date of yesterday and how long after sunset the power came in other nights knows the time of today's power-on.
docs/design/clock.md has the reasoning and what it cannot see.
"""

from micropython import const

from ..core.calendar import DAY
from ..core.sun import SUNSET_DEG, crossing

_UNKNOWN = const(-32768)
_USUAL_S = const(600)  # after sunset, while no night has taught better,
_USUAL_OFF_S = const(2700)  # and how far that may be off
_LEAST_OFF_S = const(300)
_NEAR_S = const(5400)  # a power-on further from sunset, or a power-off so much before sunrise, is something else
_NIGHT_H = const(1)  # what a night counted adds to the doubt about the date: one in 24 may not have been switched
_CUT_H = const(24)  # what a cut in the middle of a night adds: nobody knows whether it lasted into another
_MOST_H = const(480)  # doubt beyond which no time is better than this one


def rise_and_set(day, lat, lon):
    """(sunrise, sunset) in seconds since 2000 UTC, of the solar day `day` (days since 2000-01-01) at lat, lon degrees.

    None where the sun does not rise or does not set that day. Either may lie in the UTC day before or after.
    """
    rise = crossing(day, lat, lon, SUNSET_DEG, True)
    set_ = crossing(day, lat, lon, SUNSET_DEG, False)
    return None if rise is None or set_ is None else (rise, set_)


class SunsetClock:
    """kept -- journal/counters.py: utc_s, tu_ms, dusk, spread, doubt_h; lat, lon -- degrees."""

    def __init__(self, kept, lat, lon):
        self._kept = kept
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
        on = self._kept.dusk if self._kept.dusk != _UNKNOWN else _USUAL_S
        dusk = max([one + on for one in sets if one + on <= utc_s])
        dawn = min([one for one in rises if one > dusk])
        return dusk, dawn, min([one + on for one in sets if one + on > dawn])

    def guess(self, power_cut):
        """(UTC at the start, uncertainty in ms) after the last UTC on flash, None without one. Counts the night."""
        kept = self._kept
        if kept.utc_s is None:
            return None
        if not power_cut:  # a reset takes seconds; the note was up to five minutes old
            return kept.utc_s + 150, min(kept.tu_ms + 300000, _MOST_H * 3600000)
        events = self._events(kept.utc_s)
        if events is None or kept.doubt_h >= _MOST_H:
            return None
        utc_s, off_s = kept.utc_s, 0
        if utc_s >= events[1] - _NEAR_S:
            utc_s = events[2]
            off_s = kept.spread if kept.dusk != _UNKNOWN else _USUAL_OFF_S
            kept.doubt_h += _NIGHT_H
        else:
            kept.doubt_h += _CUT_H
        kept.burnt()
        return utc_s, off_s * 1000 + kept.doubt_h * 3600000

    def learn(self, on_s):
        """The power came at `on_s` UTC, which is known for sure: how long after sunset that is."""
        kept = self._kept
        kept.doubt_h = 0
        both = rise_and_set(on_s // DAY, self._lat, self._lon)
        before = rise_and_set(on_s // DAY - 1, self._lat, self._lon)  # west of Greenwich it sets on the next UTC day
        if both is None or before is None:
            return
        late = min((on_s - both[1], on_s - before[1]), key=abs)
        if abs(late) > _NEAR_S:
            return
        if kept.dusk == _UNKNOWN:
            kept.dusk, kept.spread = late, _USUAL_OFF_S
        else:
            off = abs(late - kept.dusk)
            kept.dusk += (late - kept.dusk) // 4
            # comes down by a quarter a night, to three times what nights differ by
            kept.spread = max(_LEAST_OFF_S, kept.spread + (3 * off - kept.spread) // 4, off)
        kept.burnt()
