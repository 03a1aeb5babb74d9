"""ops/recorder.py: what is committed, and what becomes of it where the journal is full or its flash worn."""

from journal_on_ram import Ticks
from lamppost.core.faults import JournalFault
from lamppost.core.stamp import Stamp
from lamppost.journal.record import ALARM, CLEAR, EVENT, TELEMETRY
from lamppost.ops.recorder import Recorder
from raising import raises

STAMP = Stamp(850000000, True, 3, 0)


class Outbox:
    """Takes records, or raises what it is told to."""

    def __init__(self):
        self.taken = []
        self.word = None
        self.numbers = 0

    def append(self, kind, topic, body, stamp, retain=None):
        if self.word == "nomemory":
            raise MemoryError
        if self.word:
            raise JournalFault(self.word)
        self.taken.append((kind, topic, retain))

    def number(self):
        self.numbers += 1
        return self.numbers - 1


class Link:
    up = True

    def __init__(self):
        self.published = []

    def publish_now(self, topic, body, qos, retain, seq):
        if self.up:
            self.published.append((topic, qos, retain, seq))
        return self.up


class Counters:
    def __init__(self):
        self.asked = []

    def checkpoint(self, now):
        self.asked.append(now)


class Sense:
    retain = None

    def __init__(self, *topics):
        self.samples = [(topic, b"", STAMP) for topic in topics]

    def poll(self):
        return self.samples.pop(0) if self.samples else None


def rig():
    outbox, link, lines = Outbox(), Link(), []
    recorder = Recorder(outbox, Counters(), Ticks().clock(), lines.append, link)
    return recorder, outbox, link, lines


def test_alarms_and_events_are_committed():
    recorder, outbox, _, _ = rig()
    assert recorder.append(ALARM, b"alarm/x", b"") and recorder.event(b"boot", b"")
    assert [row[:2] for row in outbox.taken] == [(ALARM, b"alarm/x"), (EVENT, b"evt/boot")]


def test_an_alarm_that_a_full_journal_refuses_is_not_taken():
    recorder, outbox, link, lines = rig()
    outbox.word = "full"
    assert not recorder.append(ALARM, b"alarm/x", b"") and not recorder.append(CLEAR, b"alarm/x", b"")
    assert link.published == [] and not recorder.worn
    assert lines == ["journal: full"], "once, however often it is offered"


def test_what_worn_flash_does_not_take_is_published_at_once_with_a_number():
    recorder, outbox, link, _ = rig()
    outbox.word = "worn"
    assert recorder.append(ALARM, b"alarm/x", b"") and recorder.append(CLEAR, b"alarm/x", b"")
    assert recorder.event(b"clock", b"") and recorder.worn
    assert link.published == [
        (b"alarm/x", 1, True, 0), (b"alarm/x", 1, True, None), (b"evt/clock", 1, False, 1),
    ]  # fmt: skip


def test_worn_flash_without_a_broker_leaves_a_gap_for_telemetry_and_none_for_an_alarm_that_comes_later():
    recorder, outbox, link, _ = rig()
    outbox.word, link.up = "worn", False
    assert not recorder.append(ALARM, b"alarm/x", b"") and outbox.numbers == 0
    assert recorder.store([Sense(b"tele/energy")], None) and outbox.numbers == 1


def test_every_sample_that_is_complete_is_stored_the_meters_after_its_register():
    outbox, counters = Outbox(), Counters()
    recorder = Recorder(outbox, counters, Ticks().clock(), print, Link())
    meter, air = Sense(b"tele/energy", b"tele/energy"), Sense(b"tele/air")
    assert recorder.store([meter, air], meter)
    assert outbox.taken == [(TELEMETRY, topic, None) for topic in (b"tele/energy", b"tele/energy", b"tele/air")]
    assert counters.asked == [True, True, False]
    assert not recorder.store([meter, air], meter)


def test_a_sample_that_found_no_memory_is_stored_the_next_time_and_once():
    recorder, outbox, _, _ = rig()
    air = Sense(b"tele/air")
    outbox.word = "nomemory"
    for _ in range(2):
        with raises(MemoryError):
            recorder.store([air], None)
    outbox.word = None
    assert recorder.store([air], None) and len(outbox.taken) == 1
