"""Alarms that are on, each said when it comes, when its value changes and when it goes, through the journal.

The broker keeps an alarm that was on when the power went. Those of KEPT are known after a start from a bit on
flash; any other code is unknown until it is set for the first time, and then that it is over is said too.
"""

from ..core.calendar import rfc3339
from ..core.codec import body

# (code, severity) of those that outlive a cut, in an order that must not change: the place is the bit on flash
KEPT = (
    ("supplyLoss", "major"),
    ("journalOverflow", "major"),
    ("journalWorn", "critical"),
    ("configReverted", "major"),
    ("journalLost", "critical"),
    ("meterChanged", "major"),
    ("clockDoubt", "minor"),
    ("journalDamaged", "major"),
)
_OTHERS = {"columnIssue": "critical", "meterBackwards": "major"}  # severities; minor is what is not named


class Alarms:
    """append(kind, topic, body) -- the outbox's append with `at` already bound; kinds are its ALARM and CLEAR.

    kept -- object with `alarms`, an int of bits, burnt() and checkpoint() (journal/counters.py): an alarm that was on
        when the power went is on at the broker still, and ends there when set(code, False) is said for it.
    """

    def __init__(self, append, alarm_kind, clear_kind, clock, kept=None):
        self._append = append
        self._alarm_kind = alarm_kind
        self._clear_kind = clear_kind
        self._clock = clock
        self._kept = kept
        self.active = {}  # code: (value, since as JSON)
        for n, (code, _) in enumerate(KEPT):
            if kept and kept.alarms >> n & 1:
                self.active[code] = (None, None)
        self._over = {code for code, _ in KEPT} if kept else set()  # codes that are known to be over

    def set(self, code, active, evidence="", value=None):
        """Raise or clear an alarm; saying the same again does nothing, another value is told."""
        topic = b"alarm/" + code.encode()
        if not active:
            if code in self.active or code not in self._over:
                self.active.pop(code, None)
                self._over.add(code)
                self._append(self._clear_kind, topic, b"")
                self._keep(code, False)
            return
        before = self.active.get(code)
        if before and before[0] == value:
            return
        utc = self._clock.utc_s()
        since = before and before[1] or ("null" if utc is None else '"%s"' % rfc3339(utc))
        self.active[code] = (value, since)
        rest = '"since":%s,"severity":"%s","value":%s,"evidence":"%s"' % (
            since,
            dict(KEPT).get(code) or _OTHERS.get(code, "minor"),
            "null" if value is None else value,
            evidence,
        )
        self._keep(code, True)
        self._append(self._alarm_kind, topic, body((), None, rest))

    def _keep(self, code, active):
        """Before it is raised and after it is cleared: a cut in between ends an alarm once more, and forgets none."""
        for n, (kept, _) in enumerate(KEPT):
            if self._kept and kept == code:
                self._kept.alarms = self._kept.alarms & ~(1 << n) | active << n
                self._kept.burnt()
                self._kept.checkpoint(True)
