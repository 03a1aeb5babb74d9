"""What becomes of an alarm that comes, changes or goes; loaded for it."""

from ..core.calendar import rfc3339
from ..core.payload import body

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


def recall(alarms, kept):
    """Those that were on when the power went."""
    for n, (code, _) in enumerate(KEPT):
        if kept.alarms >> n & 1:
            alarms.active[code] = (None, None)
        alarms._over.add(code)


def change(alarms, code, active, evidence, value):
    """See Alarms.set. Only what is in the journal counts as said: a failure is tried again."""
    topic = b"alarm/" + code.encode()
    if not active:
        alarms.append(alarms._clear_kind, topic, b"")
        _keep(alarms.kept, code, False)
        alarms.active.pop(code, None)
        alarms._over.add(code)
        return
    before = alarms.active.get(code)
    utc = alarms.clock.utc_s()
    since = before and before[1] or ("null" if utc is None else '"%s"' % rfc3339(utc))
    rest = '"since":%s,"severity":"%s","value":%s,"evidence":"%s"' % (
        since,
        dict(KEPT).get(code) or _OTHERS.get(code, "minor"),
        "null" if value is None else value,
        evidence,
    )
    _keep(alarms.kept, code, True)
    alarms.append(alarms._alarm_kind, topic, body((), None, rest))
    alarms.active[code] = (value, since)


def _keep(kept, code, active):
    """Before it is raised and after it is cleared: a cut in between ends an alarm once more, and forgets none."""
    for n, (name, _) in enumerate(KEPT):
        if kept and name == code:
            kept.alarms = kept.alarms & ~(1 << n) | active << n
            kept.burnt()
            kept.checkpoint(True)
