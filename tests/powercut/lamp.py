"""A lamppost's journal as the app drives it, with every promise written to a ledger."""

from lamppost.core.faults import JournalFault
from lamppost.core.stamp import Stamp
from lamppost.journal.counters import Counters
from lamppost.journal.flash import Flash
from lamppost.journal.outbox import ALARM, CLEAR, EVENT, TELEMETRY, Entry, Outbox
from ledger import Record

COUNTERS = 4  # blocks; fewer than on the node, so that a short day goes round the ring several times
OUTBOX = 8


class Clock:
    """The part of core.clock.Clock that the journal asks."""

    def __init__(self):
        self.now_s = 0
        self.offset_s = None
        self.tq = 0
        self.tu_ms = 0

    def uptime_s(self):
        return self.now_s


class Lamp:
    """say(step, argument) -- told what begins and what has returned: a Ledger's apply()."""

    def __init__(self, nor, say, outbox=Outbox, counters=Counters):
        self.say = say
        flash = Flash(nor)
        self.clock = Clock()
        self._kinds = outbox, counters
        self.outbox = outbox(flash.region(COUNTERS))
        self._counters_flash = flash.region(0, COUNTERS)
        self.entries = [Entry() for _ in range(16)]
        self.buf = bytearray(1200)
        self.flying = []
        self.made = 0
        self.refused = 0

    def begin(self):
        self.counters = self._kinds[1](self._counters_flash, self.clock, True, self.outbox.newest)
        self.say("started", (self.outbox.last_committed, self.state()))
        self.outbox.begin(self.counters.boot)

    def state(self):
        c = self.counters
        return c.imp_mwh, c.meter_mwh, c.power_cuts, c.boot, c.burn_s, c.switchings

    def append(self, kind, topic, body, retain=None):
        self.clock.now_s += 1
        if self.made % 4 == 0:  # beside the work, as on the node: some records come before all is counted
            self.outbox.count()
        known = self.clock.offset_s is not None
        time = self.clock.now_s + (self.clock.offset_s or 0)
        stamp = Stamp(time, known, self.clock.tq, self.clock.tu_ms)
        record = Record(
            kind, self.outbox.boot, None if kind == CLEAR else self.outbox.seq, topic, body,
            time, known, self.clock.tq, self.clock.tu_ms if kind != TELEMETRY or self.clock.tq in (1, 2) else 0,
            kind in (ALARM, CLEAR) if retain is None else retain, self.made,
        )  # fmt: skip
        self.say("append", record)
        try:
            seq = self.outbox.append(kind, topic, body, stamp, retain)
        except JournalFault as fault:
            if fault.word != "full":
                raise
            self.refused += 1
            self.say("refused", record)
        else:
            self.say("appended", record._replace(seq=seq))

    def telemetry(self, size):
        self.made += 1
        text = b'"n":%d,"fill":"' % self.made
        body = text + b"x" * (size - len(text) - 2) + b'"}'
        self.append(TELEMETRY, b"tele/energy", body, retain=self.made % 5 == 0)

    def event(self, size=60):
        self.made += 1
        self.append(EVENT, b"evt/config", b'"n":%d,' % self.made + b"e" * size + b"}")

    def alarm(self):
        self.made += 1
        self.append(ALARM, b"alarm/supplyLoss", b'"n":%d,"since":null,"evidence":"%s"}' % (self.made, b"e" * 100))

    def clear(self):
        self.made += 1  # each of its own topic: a CLEAR has no number to be told by
        self.append(CLEAR, b"alarm/code-%d-%d" % (self.outbox.boot, self.made), b"")

    def anchor(self, offset_s, tq=3, tu_ms=20):
        self.clock.offset_s, self.clock.tq, self.clock.tu_ms = offset_s, tq, tu_ms
        self.say("anchor", (self.outbox.boot, (offset_s, tq, tu_ms)))
        self.outbox.anchor(self.clock)
        self.say("anchored", self.outbox.boot)

    def consume(self, mwh):
        counters = self.counters
        counters.imp_mwh += mwh
        counters.meter_mwh = counters.imp_mwh + 5000000000
        counters.changed()
        if mwh % 4:  # not at every checkpoint: the two records come together and alone
            counters.burn_s += 10
            counters.switchings += mwh % 3
            counters.burnt()
        self.clock.now_s += 10
        self.say("checkpoint", self.state())
        if counters.checkpoint():
            self.say("checkpointed", self.state())

    def take(self):
        """(entry, topic, body) of the next record, or None."""
        if not self.entries:
            return None
        entry = self.entries[-1]
        if not self.outbox.take(entry):
            return None
        self.entries.pop()
        self.flying.append(entry)
        end = entry.topic_len + entry.body_len
        self.outbox.load(entry, self.buf, 0)
        return entry, bytes(self.buf[: entry.topic_len]), bytes(self.buf[entry.topic_len : end])

    def acknowledge(self, index=0):
        entry, topic = self.flying[index], None
        if entry.slot >= 0:
            if entry.kind == CLEAR:
                self.outbox.load(entry, self.buf, 0)
                topic = bytes(self.buf[: entry.topic_len])
            key = (entry.boot, topic if entry.kind == CLEAR else entry.seq)
            self.say("acknowledge", key)
            self.outbox.acknowledge(entry)
            self.say("acknowledged", key)
        self.entries.append(self.flying.pop(index))

    def rewind(self):
        self.entries += self.flying
        self.flying.clear()
        self.outbox.rewind()
