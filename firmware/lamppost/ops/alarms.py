"""Alarms that are on, each said when it comes, when its value changes and when it goes, through the journal.

The broker keeps an alarm that was on when the power went. So after a start each code is unknown until it is set
for the first time, and then that it is over is said too.
"""

from ..core.calendar import rfc3339
from ..core.codec import body

SEVERITIES = {
    "supplyLoss": "major",
    "journalOverflow": "major",
    "journalDamaged": "major",
    "journalWorn": "critical",
    "configReverted": "major",
}


class Alarms:
    """append(kind, topic, body) -- the outbox's append with `at` already bound; kinds are its ALARM and CLEAR."""

    def __init__(self, append, alarm_kind, clear_kind, clock):
        self._append = append
        self._alarm_kind = alarm_kind
        self._clear_kind = clear_kind
        self._clock = clock
        self.active = {}  # code: (value, since as JSON)
        self._over = set()  # codes that were said to be over since the start

    def set(self, code, active, evidence="", value=None):
        """Raise or clear an alarm; saying the same again does nothing, another value is told."""
        topic = b"alarm/" + code.encode()
        if not active:
            if code in self.active or code not in self._over:
                self.active.pop(code, None)
                self._over.add(code)
                self._append(self._clear_kind, topic, b"")
            return
        before = self.active.get(code)
        if before and before[0] == value:
            return
        utc = self._clock.utc_s()
        since = before[1] if before else "null" if utc is None else '"%s"' % rfc3339(utc)
        self.active[code] = (value, since)
        rest = '"since":%s,"severity":"%s","value":%s,"evidence":"%s"' % (
            since,
            SEVERITIES.get(code, "minor"),
            "null" if value is None else value,
            evidence,
        )
        self._append(self._alarm_kind, topic, body((), None, rest))
