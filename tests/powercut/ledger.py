"""The other side's books: what was promised about every record and counter, and whether it was kept."""

import copy
from collections import namedtuple

Record = namedtuple("Record", "kind boot seq topic body time known tq tu_ms retain made")
ALARM, CLEAR, TELEMETRY = 1, 3, 0
ZEROS = {"lost": 0, "corrupt": 0, "backwards": 0}


class Ledger:
    """Fed with what the lamppost was asked to do, before and after; then with what it delivers."""

    def __init__(self):
        self.open = {}  # key -> Record: committed and not acknowledged
        self.doubtful = {}  # neither must nor must not appear: the power went while it was written or acknowledged
        self.done = {}  # acknowledged
        self.anchors = {}  # boot -> [(offset, tq, tu_ms)] from the best one that is committed on
        self.surpassed = {}  # boot -> anchors before that: an alarm or event carried by then keeps its stamp
        self.next_seq = {}  # boot -> the number that comes next
        self.newest = None  # (b, s) committed last
        self.doubted = None  # (b, s) that may be committed or not
        self.boots = 0  # boot number used last
        self.kept = (0, None, 0, 0, 0, 0)  # counters committed last: imp, meter, power cuts, boot, burn s, switchings
        self.keeping = None  # counters of a checkpoint that may be committed or not
        self.oldest = None  # telemetry delivered since the last start,
        self.delivered = set()  # and the keys of all records
        self.lost, self.corrupt, self.backwards, self.repeated = 0, 0, 0, 0
        self.notes = []

    def clone(self):
        other = copy.copy(self)
        for name in ("open", "doubtful", "done", "anchors", "surpassed", "next_seq", "notes"):
            setattr(other, name, copy.copy(getattr(self, name)))
        return other

    def note(self, what, text):
        setattr(self, what, getattr(self, what) + 1)
        if len(self.notes) < 20:
            self.notes.append(f"{what}: {text}")

    @staticmethod
    def key(kind, boot, seq, topic):
        return (boot, topic) if kind == CLEAR else (boot, seq)

    # -- what is asked of the lamppost: (step, argument); a step is applied when it begins or has returned

    def apply(self, step, argument=None):
        getattr(self, "_" + step)(argument)

    def _append(self, record):
        key = self.key(record.kind, record.boot, record.seq, record.topic)
        self.doubtful[key] = record
        if record.seq is not None:
            self.doubted = key

    def _appended(self, record):
        key = self.key(record.kind, record.boot, record.seq, record.topic)
        self.open[key] = self.doubtful.pop(key)
        if record.seq is not None:
            if record.seq != self.next_seq.get(record.boot, 0):
                self.note("lost", f"a gap before {key!r}")
            self.next_seq[record.boot] = record.seq + 1
            self.newest = key
            self.doubted = None

    def _refused(self, record):
        self.doubtful.pop(self.key(record.kind, record.boot, record.seq, record.topic), None)
        self.doubted = None

    def _acknowledge(self, key):
        if key in self.open:
            self.doubtful[key] = self.open.pop(key)

    def _acknowledged(self, key):
        record = self.doubtful.pop(key, None)
        if record is not None:
            self.done[key] = record

    def _anchor(self, argument):
        boot, anchor = argument
        self.anchors[boot] = [*self.anchors.get(boot, [None]), anchor]

    def _anchored(self, boot):
        self.surpassed[boot] = self.surpassed.get(boot, []) + [a for a in self.anchors[boot][:-1] if a]
        self.anchors[boot] = self.anchors[boot][-1:]

    def _checkpoint(self, counters):
        self.keeping = counters

    def _checkpointed(self, counters):
        self.kept, self.keeping = counters, None

    # -- what the lamppost shows after a cut

    def _started(self, argument):
        """A boot has begun: its number is new, no counter went back, and the tail of the night is named."""
        last_committed, seen = argument  # seen: as kept
        floor = self.kept
        if seen[0] < floor[0] or seen[2] <= floor[2] or seen[3] <= max(floor[3], self.boots):
            self.note("backwards", f"{seen!r} after {floor!r}")
        if seen[4] < floor[4] or seen[5] < floor[5]:
            self.note("backwards", f"the lamp's {seen!r} after {floor!r}")
        # two records: a cut may fall between them, but in neither
        known = [known for known in (self.kept, self.keeping) if known]
        if seen[:2] not in [one[:2] for one in known] or seen[4:] not in [one[4:] for one in known]:
            self.note("corrupt", f"counters {seen!r}, committed {self.kept!r} or {self.keeping!r}")
        if last_committed not in (self.newest, self.doubted or self.newest):
            self.note("lost", f"last committed {last_committed!r}, not {self.newest!r}")
        self.newest, self.doubted = last_committed, None
        self.kept, self.keeping = seen, None
        self.boots = seen[3]
        self.oldest, self.delivered = None, set()

    def check_delivered(self, entry, topic, body):
        """A record came out: whole, its own, with its time. Returns its place in the order of delivery."""
        key = self.key(entry.kind, entry.boot, entry.seq, topic)
        record = self.open.get(key) or self.doubtful.get(key)
        if record is None:
            record = self.done.get(key)
        self.repeated += key in self.delivered
        self.delivered.add(key)
        if record is None:
            self.note("corrupt", f"never committed: {key!r} {body!r}")
            return 0, ()
        same = (entry.kind, topic, body, entry.retain) == (
            record.kind,
            record.topic,
            record.body,
            record.retain,
        )
        if not same:
            self.note("corrupt", f"{record!r} delivered as {topic!r} {body!r}")
        if (entry.ts, entry.tq, entry.tu_ms) not in self._stamps(record):
            self.note("corrupt", f"{record!r} at {entry.ts!r} quality {entry.tq!r}")
        if record.kind == TELEMETRY and (self.oldest is None or key < self.oldest):
            self.oldest = key
        return record.kind not in (ALARM, CLEAR), record.boot, record.made

    def _stamps(self, record):
        if record.known:
            return [(record.time, record.tq, record.tu_ms)]
        anchors = self.anchors.get(record.boot, [None])
        if record.kind != TELEMETRY:
            anchors = anchors + self.surpassed.get(record.boot, [])
        return [(record.time + anchor[0], *anchor[1:]) if anchor else (None, 0, 0) for anchor in anchors]

    def check_drained(self, outbox, order):
        """Everything came out: nothing is missing but telemetry that was dropped by a full journal and counted."""
        missing = [record for record in self.open.values() if record.kind != TELEMETRY]
        for record in missing:
            self.note("lost", f"{record!r}")
        dropped = len(self.open) - len(missing)
        # one whose acknowledgement was cut may have been dropped as well, or not have been there any more
        doubtful = sum(record.kind == TELEMETRY for record in self.doubtful.values())
        if not dropped <= outbox.dropped <= dropped + doubtful:
            self.note("lost", f"{dropped} missing, {outbox.dropped} counted as dropped")
        if outbox.depth:
            self.note("lost", f"{outbox.depth} left inside")
        if order != sorted(order):
            self.note("corrupt", "out of order")
        youngest = max((key for key, record in self.open.items() if record.kind == TELEMETRY), default=None)
        if youngest is not None and self.oldest is not None and youngest > self.oldest:
            self.note("lost", f"dropped {youngest!r}, though {self.oldest!r} was older")
