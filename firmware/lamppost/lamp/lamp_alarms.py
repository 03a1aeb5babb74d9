"""Makes alarms of the lamp's conditions: raised once, and kept until noon, so that the day's crew sees them."""

from micropython import const

from ..core.calendar import DAY

_HEALTHY_S = const(7200)  # an alarm of an earlier start ends after so long a time in which it was judged healthy
_BLIND_S = const(43200)  # without time an alarm lasts so long
_NOON_S = const(43200)


class LampAlarms:
    """alarms -- ops/alarms.py: set(code, active, evidence, value); clock -- core/clock.py
    zone -- core/zone.py; codes -- of the conditions that it looks after
    """

    def __init__(self, alarms, clock, zone, codes):
        self._alarms = alarms
        self._clock = clock
        self._zone = zone
        self._codes = codes
        self._raised = {}  # code: number of the noon before it was last seen, or None while no time was known
        self._raised_s = {}  # code: uptime at which it was last seen
        self._healthy_s = {}  # code: uptime since which it is judged healthy

    def poll(self, judged, evidence):
        """The conditions of now, as diagnosis.py has them: {code: True, False or None}, {code: words}."""
        now_s = self._clock.uptime_s()
        noon = self._noons()
        for code in self._codes:
            state = judged.get(code)
            if state:
                self._raised[code], self._raised_s[code] = noon, now_s
                self._healthy_s.pop(code, None)
                self._alarms.set(code, True, evidence.get(code, ""))
            elif code in self._raised:
                self._end(code, now_s, noon)
            elif state is None:
                self._healthy_s.pop(code, None)
            elif now_s - self._healthy_s.setdefault(code, now_s) >= _HEALTHY_S:
                self._alarms.set(code, False)

    def _end(self, code, now_s, noon):
        """Clear an alarm whose condition is over, once noon has come."""
        raised = self._raised[code]
        if raised is None and noon is not None:
            self._raised[code] = raised = noon  # the time became known meanwhile
        over = now_s - self._raised_s[code] >= _BLIND_S if noon is None else noon > raised
        if over:
            del self._raised[code]
            self._alarms.set(code, False)

    def _noons(self):
        """Local noons since 2000, or None while no time is known."""
        utc_s = self._clock.utc_s()
        if utc_s is None:
            return None
        return (utc_s + self._zone.offset_s(utc_s) - _NOON_S) // DAY
