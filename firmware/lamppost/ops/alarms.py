"""Alarms: each is sent when it is raised, when its value changes and when it is cleared, and known over a reboot.

The broker keeps an alarm that was on when the power went. So the node notes on flash which alarms are on: one that
was on before a reboot is cleared when its cause is gone, and one that nobody raised is never cleared.
"""

from ..core.calendar import rfc3339
from ..core.crc import crc32
from ..core.payload import body
from ..journal.record import ALARM, CLEAR

# (code, severity) of the alarms with a bit on flash, in an order that must not change
_WITH_A_BIT = (
    ("supplyLoss", "major"),
    ("journalOverflow", "major"),
    ("journalWorn", "critical"),
    ("configReverted", "major"),
    ("journalLost", "critical"),
    ("meterChanged", "major"),
    ("clockDoubt", "minor"),
    ("journalDamaged", "major"),
)
# all others are noted by a digest of their code, as they can be named by a part; minor where no severity is here
_SEVERITIES = dict(_WITH_A_BIT + (
    ("columnIssue", "critical"), ("meterBackwards", "major"), ("lampFailure", "major"), ("relayFailure", "major"),
    ("cyclingFailure", "major"), ("controlGearFailure", "major"), ("controlGearCommFailure", "major"),
))  # fmt: skip
_NOTE = "alarms"
_NOTED = 12  # digests of two bytes: what is noted shares a small record with the calibrations


class Alarms:
    """append(kind, topic, body) -- commits a record of this moment; False if neither journal nor broker took it
    counters -- journal/counters.py: `alarms`, burnt(), checkpoint(), kept(), keep()
    """

    def __init__(self, append, clock, counters):
        self._append = append
        self._clock = clock
        self._counters = counters
        self.active = {}  # code: (value, since as JSON, evidence); since None: it was on before this start
        self._untaken = {}  # code: (active, evidence, value) that append did not take
        self._lost = []  # codes of alarms that are on, and that the broker has forgotten
        self._earlier = []  # digests of alarms that were on before this start, and are neither raised nor cleared yet
        for n, (code, _) in enumerate(_WITH_A_BIT):
            if counters.alarms >> n & 1:
                self._earlier.append(_digest(code))
        self._earlier += _digests(counters.kept(_NOTE))

    def set(self, code, active, evidence="", value=None):
        """Raise or clear an alarm. Repeating the same does nothing; a new value is sent."""
        untaken = self._untaken.get(code)
        if untaken and untaken[0] == active and untaken[2] == value:
            return  # offer_again() tries it
        self._untaken.pop(code, None)
        if active:
            self._raise(code, evidence, value)
        elif code in self.active or self._was_on(code):
            self._clear(code)
        elif untaken:
            self._note(code, False)  # it ended before the broker could hear of it

    def offer_again(self):
        """Try again what the journal did not take, and send what the broker has forgotten; called every few seconds."""
        untaken, self._untaken = self._untaken, {}
        for code in untaken:
            self.set(code, *untaken[code])
        while self._lost:
            code = self._lost[-1]
            if code in self.active and not self._send(code, *self.active[code]):
                return
            self._lost.pop()

    def forgotten(self, everything):
        """The broker has no alarm of this node any more; offer_again() sends them.

        everything -- False: what was raised since the start still waits in the journal, and goes out from there
        """
        self._lost = [code for code in self.active if everything or self.active[code][1] is None]

    def _raise(self, code, evidence, value):
        before = self.active.get(code)
        if before and before[0] == value:
            return
        if not before and value is None and self._was_on(code):
            self._earlier.remove(_digest(code))  # the broker has it already
            self.active[code] = (None, None, evidence)
            return
        utc = self._clock.utc_s()
        since = before and before[1] or ("null" if utc is None else '"%s"' % rfc3339(utc))
        self._note(code, True)  # before it is sent: a cut in between clears it once too often, and forgets none
        if not self._send(code, value, since, evidence):
            self._untaken[code] = (True, evidence, value)
            return
        self.active[code] = (value, since, evidence)
        if self._was_on(code):
            self._earlier.remove(_digest(code))

    def _send(self, code, value, since, evidence):
        rest = '"since":%s,"severity":"%s","value":%s,"evidence":"%s"' % (
            since or "null", _SEVERITIES.get(code, "minor"), "null" if value is None else value, evidence,
        )  # fmt: skip
        return self._append(ALARM, b"alarm/" + code.encode(), body((), None, rest))

    def _clear(self, code):
        if not self._append(CLEAR, b"alarm/" + code.encode(), b""):
            self._untaken[code] = (False, "", None)
            return
        self.active.pop(code, None)
        if self._was_on(code):
            self._earlier.remove(_digest(code))
        self._note(code, False)

    def _was_on(self, code):
        return bool(self._earlier) and _digest(code) in self._earlier

    def _note(self, code, active):
        """Note on flash whether an alarm is on."""
        counters = self._counters
        for n, (name, _) in enumerate(_WITH_A_BIT):
            if name == code:
                if counters.alarms >> n & 1 != active:
                    counters.alarms ^= 1 << n
                    counters.burnt()
                    counters.checkpoint(True)
                return
        digest = _digest(code)
        digests = _digests(counters.kept(_NOTE))
        if (digest in digests) == active:
            return
        if active:
            digests.append(digest)
        else:
            digests.remove(digest)
        counters.keep(_NOTE, b"".join(digests[-_NOTED:]), True)


def _digests(note):
    return [note[at : at + 2] for at in range(0, len(note), 2)] if note else []


def _digest(code):
    return (crc32(code.encode()) & 0xFFFF).to_bytes(2, "little")
