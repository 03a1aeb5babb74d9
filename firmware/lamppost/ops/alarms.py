"""Alarms that are on, each said when it comes, when its value changes and when it goes, through the journal.

The broker keeps an alarm that was on when the power went. Those of ops/alarming.py are known after a start from a
bit on flash; any other code is unknown until it is set for the first time, and then that it is over is said too.
"""

from ..core.borrow import once


class Alarms:
    """append(kind, topic, body) -- the outbox's append with `at` already bound; kinds are its ALARM and CLEAR.

    kept -- object with `alarms`, an int of bits, burnt() and checkpoint() (journal/counters.py): an alarm that was on
        when the power went is on at the broker still, and ends there when set(code, False) is said for it.
    """

    def __init__(self, append, alarm_kind, clear_kind, clock, kept=None):
        self.append = append
        self._alarm_kind = alarm_kind
        self._clear_kind = clear_kind
        self.clock = clock
        self.kept = kept
        self.active = {}  # code: (value, since as JSON)
        self._over = set()  # codes that are known to be over
        if kept:
            once("ops.alarming", "recall", self, kept)

    def set(self, code, active, evidence="", value=None):
        """Raise or clear an alarm; saying the same again does nothing, another value is told."""
        before = self.active.get(code)
        if (before and before[0] == value) if active else (before is None and code in self._over):
            return
        once("ops.alarming", "change", self, code, active, evidence, value)
