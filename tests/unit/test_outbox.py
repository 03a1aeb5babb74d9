"""The outbox: what is appended is delivered once the broker has it, in order, whatever happens in between."""

import random

from journal_on_ram import KNOWN, Nor, Ticks, deliver, raised, start, take
from lamppost.core.faults import JournalFault
from lamppost.core.stamp import Stamp
from lamppost.journal.flash import Flash
from lamppost.journal.outbox import ALARM, CLEAR, EVENT, TELEMETRY, Entry, Outbox
from slow import long

ENERGY = b"tele/energy"


def telemetry(outbox, n, at=KNOWN, size=200):
    body = b'"n":%d,' % n
    return outbox.append(TELEMETRY, ENERGY, body + b"x" * (size - len(body) - 1) + b"}", at)


def uptime(seconds):
    return Stamp(seconds, False, 0, 0)


def test_a_record_is_delivered_as_it_was_appended():
    outbox = start(Nor(8), 1)
    assert (
        outbox.append(TELEMETRY, b"tele/parking/1", b'"state":"free"}', Stamp(800000123, True, 2, 1500), True) == 0
    )
    (sent,) = take(outbox)
    entry = sent.entry
    assert (sent.topic, sent.body) == (b"tele/parking/1", b'"state":"free"}')
    assert (entry.kind, entry.boot, entry.seq, entry.retain, entry.held) == (TELEMETRY, 1, 0, True, False)
    assert (entry.ts, entry.tq, entry.tu_ms) == (800000123, 2, 1500)


def test_sequence_numbers_have_no_gaps_and_a_clear_takes_none():
    outbox = start(Nor(8), 1)
    numbers = [
        outbox.append(EVENT, b"evt/boot", b"}", KNOWN),
        outbox.append(ALARM, b"alarm/supplyLoss", b"}", KNOWN),
        outbox.append(CLEAR, b"alarm/supplyLoss", b"", KNOWN),
        telemetry(outbox, 1),
    ]
    assert numbers == [0, 1, None, 2]


def test_alarms_overtake_and_all_else_comes_oldest_first():
    outbox = start(Nor(8), 1)
    telemetry(outbox, 0)
    outbox.append(EVENT, b"evt/config", b"}", KNOWN)
    outbox.append(ALARM, b"alarm/a", b"}", KNOWN)
    telemetry(outbox, 3)
    outbox.append(CLEAR, b"alarm/a", b"", KNOWN)
    assert [(s.entry.kind, s.entry.seq) for s in take(outbox)] == [
        (ALARM, 2), (CLEAR, None), (TELEMETRY, 0), (EVENT, 1), (TELEMETRY, 3),
    ]  # fmt: skip


def test_alarms_are_retained_and_telemetry_is_not_unless_said():
    outbox = start(Nor(8), 1)
    outbox.append(ALARM, b"alarm/a", b"}", KNOWN)
    outbox.append(CLEAR, b"alarm/a", b"", KNOWN)
    telemetry(outbox, 0)
    outbox.append(EVENT, b"evt/x", b"}", KNOWN)
    assert [s.entry.retain for s in take(outbox)] == [True, True, False, False]


def test_what_is_acknowledged_is_never_sent_again_and_what_is_not_is():
    nor = Nor(8)
    outbox = start(nor, 1)
    for n in range(6):
        telemetry(outbox, n)
    sent = take(outbox)
    for index in (0, 2, 3):
        outbox.acknowledge(sent[index].entry)
    assert outbox.depth == 3
    again = start(nor, 2)
    assert [s.key for s in take(again)] == [(1, 1), (1, 4), (1, 5)]


def test_sixteen_records_fly_at_once_and_no_more():
    outbox = start(Nor(8), 1)
    for n in range(20):
        telemetry(outbox, n, size=60)
    sent = take(outbox, 99)
    assert len(sent) == 16
    outbox.acknowledge(sent[7].entry)
    assert [s.key for s in take(outbox)] == [(1, 16)]


def test_an_entry_in_flight_cannot_be_taken_with_again():
    outbox = start(Nor(8), 1)
    telemetry(outbox, 0)
    telemetry(outbox, 1)
    entry = Entry()
    outbox.take(entry)
    assert raised(lambda: outbox.take(entry), ValueError)


def test_a_lost_connection_makes_what_flew_unsent_and_held():
    outbox = start(Nor(8), 1)
    for n in range(3):
        telemetry(outbox, n)
    outbox.append(ALARM, b"alarm/a", b"}", KNOWN)
    sent = take(outbox)
    assert not sent[0].entry.held
    outbox.acknowledge(sent[1].entry)
    outbox.rewind()
    telemetry(outbox, 9)
    assert [(s.entry.seq, s.entry.held) for s in take(outbox)] == [
        (3, True),
        (1, True),
        (2, True),
        (4, False),
    ]


def test_an_acknowledgement_after_the_connection_was_lost_changes_nothing():
    outbox = start(Nor(8), 1)
    telemetry(outbox, 0)
    (sent,) = take(outbox)
    outbox.rewind()
    outbox.acknowledge(sent.entry)
    assert outbox.depth == 1
    assert len(take(outbox)) == 1


def test_the_last_record_of_the_boot_before_is_known():
    nor = Nor(8)
    outbox = start(nor, 1)
    assert outbox.last_committed is None
    for n in range(40):
        telemetry(outbox, n)
    deliver(outbox)
    assert start(nor, 2).last_committed == (1, 39)
    outbox = start(nor, 2)
    outbox.append(CLEAR, b"alarm/a", b"", KNOWN)
    assert start(nor, 3).last_committed == (1, 39)
    assert outbox.newest == 1


def test_records_made_before_the_time_was_known_get_it_by_the_anchor():
    ticks = Ticks()
    clock = ticks.clock()
    outbox = start(Nor(8), 1)
    telemetry(outbox, 0, uptime(40))
    assert take(outbox)[0].ts is None
    outbox.rewind()
    ticks.ms = 60000
    clock.set_utc(800000060, 0, 3, 20)
    outbox.anchor(clock)
    entry = take(outbox)[0].entry
    assert (entry.ts, entry.tq) == (800000040, 3)


def test_they_get_it_too_when_their_boot_is_over_and_others_never_do():
    nor, ticks = Nor(8), Ticks()
    clock = ticks.clock()
    outbox = start(nor, 1)
    telemetry(outbox, 0, uptime(5))
    outbox = start(nor, 2)
    telemetry(outbox, 1, uptime(7))
    clock.set_utc(800000000, 0, 1, 60000)
    outbox.anchor(clock)
    telemetry(outbox, 2, Stamp(800000009, True, 1, 60000))
    clock.set_utc(800000100, 0, 3, 20)
    outbox.anchor(clock)
    outbox = start(nor, 3)
    telemetry(outbox, 3, uptime(8))
    entries = [s.entry for s in take(start(nor, 4))]
    assert [(e.boot, e.ts, e.tq) for e in entries] == [
        (1, None, 0), (2, 800000107, 3), (2, 800000009, 1), (3, None, 0),
    ]  # fmt: skip


def test_a_full_journal_drops_the_oldest_telemetry_and_counts_it():
    nor = Nor(8)
    outbox = start(nor, 1)
    for n in range(300):
        telemetry(outbox, n)
    assert 150 < outbox.dropped < 250
    sent = deliver(outbox)
    assert [s.entry.seq for s in sent] == list(range(outbox.dropped, 300))
    assert start(nor, 2).dropped == outbox.dropped


def test_a_full_journal_carries_alarms_and_events_forward_with_their_keys():
    nor = Nor(8)
    outbox = start(nor, 1)
    outbox.append(EVENT, b"evt/boot", b'"first":1}', uptime(1))
    outbox.append(ALARM, b"alarm/a", b'"on":1}', KNOWN)
    outbox.append(CLEAR, b"alarm/a", b"", KNOWN)
    ticks = Ticks()
    clock = ticks.clock()
    clock.set_utc(800000000, 0, 3, 20)
    outbox.anchor(clock)
    for n in range(500):
        telemetry(outbox, n)
        if n == 250:
            outbox.append(ALARM, b"alarm/b", b'"on":2}', KNOWN)
    outbox = start(nor, 2)
    sent = deliver(outbox)
    assert [(s.topic, s.entry.seq) for s in sent[:5]] == [
        (b"alarm/a", 1), (b"alarm/a", None), (b"alarm/b", 253), (b"evt/boot", 0), (ENERGY, 3 + outbox.dropped),
    ]  # fmt: skip
    assert (sent[3].body, sent[3].ts) == (b'"first":1}', 800000001)
    assert outbox.depth == 0


def test_records_in_flight_survive_being_carried_and_do_not_fly_twice():
    outbox = start(Nor(8), 1)
    outbox.append(ALARM, b"alarm/a", b"}", KNOWN)
    telemetry(outbox, 0)
    alarm, reading = take(outbox)
    for n in range(300):
        telemetry(outbox, n)
    assert [s.topic for s in take(outbox, 3)] == [ENERGY] * 3
    depth = outbox.depth
    outbox.acknowledge(alarm.entry)
    assert outbox.depth == depth - 1
    outbox.acknowledge(reading.entry)  # was dropped: nothing is left to acknowledge
    assert outbox.depth == depth - 1
    assert raised(lambda: outbox.load(reading.entry, bytearray(300), 0), JournalFault).word == "dropped"


def filled(outbox, kind, topic, body):
    """How many of a kind the outbox takes before it refuses one."""
    taken = 0
    while True:
        try:
            outbox.append(kind, topic, body, KNOWN)
        except JournalFault as fault:
            assert fault.word == "full"
            return taken
        taken += 1


def test_events_never_fill_more_than_half_so_that_telemetry_still_finds_room():
    outbox = start(Nor(8), 1)
    taken = filled(outbox, EVENT, b"evt/x", b"e" * 100 + b"}")
    assert taken > 50
    for n in range(400):
        telemetry(outbox, n)
    sent = deliver(outbox)
    events = [s.entry.seq for s in sent if s.entry.kind == EVENT]
    assert events == list(range(taken))
    assert sent[-1].entry.seq == taken + 399


def test_an_alarm_and_its_end_are_taken_when_events_have_filled_their_half():
    outbox = start(Nor(8), 1)
    filled(outbox, EVENT, b"evt/x", b"e" * 100 + b"}")
    outbox.append(ALARM, b"alarm/a", b"}", KNOWN)
    outbox.append(CLEAR, b"alarm/a", b"", KNOWN)
    assert [s.topic for s in take(outbox, 2)] == [b"alarm/a", b"alarm/a"]


@long
def test_alarms_are_taken_until_little_more_than_a_block_is_left_and_all_of_them_are_delivered():
    for blocks in (8, 40):
        nor = Nor(blocks)
        outbox = start(nor, 1)
        taken = filled(outbox, ALARM, b"alarm/sensorFault-meter", b"a" * 100 + b"}")
        usable = (blocks - 3) * 4055
        assert taken * 149 > usable - 4096 * max(1, blocks // 16) - 149 * blocks, "of all that is not kept erased"
        for n in range(60 * blocks):  # twice round the ring: every alarm is copied forward
            telemetry(outbox, n)
        outbox = start(nor, 2)
        telemetry(outbox, 0)
        sent = deliver(outbox)
        assert [s.entry.seq for s in sent if s.entry.kind == ALARM] == list(range(taken))
        assert sent[-1].key == (2, 0) and outbox.depth == 0


def test_a_refused_alarm_takes_no_number_and_is_taken_as_soon_as_others_are_acknowledged():
    outbox = start(Nor(8), 1)
    taken = filled(outbox, ALARM, b"alarm/a", b"a" * 100 + b"}")
    deliver(outbox, 1)
    assert outbox.append(ALARM, b"alarm/a", b"a" * 100 + b"}", KNOWN) == taken


def test_a_record_too_long_for_the_journal_is_refused_and_takes_no_number():
    outbox = start(Nor(8), 1)
    assert raised(lambda: telemetry(outbox, 0, size=1100), JournalFault).word == "toolong"
    assert telemetry(outbox, 0) == 0


def test_records_that_the_next_start_does_not_find_are_counted_and_those_of_a_cut_are_not():
    nor = Nor(8)
    outbox = start(nor, 1)
    for n in range(60):  # more than one block
        telemetry(outbox, n)
    assert counted(start(nor, 2)).damaged == 0
    for at in range(2000, 2400):
        nor.own(0)[at] = 0
    after = start(nor, 3)
    there = len(deliver(after))
    assert after.damaged == 60 - there >= 2


def test_a_record_that_rots_in_flash_is_named_and_does_not_stop_the_others():
    nor = Nor(8)
    outbox = start(nor, 1)
    for n in range(3):
        telemetry(outbox, n)
    nor.own(0)[41 + 236 + 100] = 0
    entry = Entry()
    outbox.take(entry)
    other = Entry()
    outbox.take(other)
    assert raised(lambda: outbox.load(other, bytearray(300), 0), JournalFault).word == "damaged"
    assert outbox.damaged == 1
    assert [s.entry.seq for s in take(outbox)] == [2]


def test_a_corrupt_block_costs_its_own_records_only():
    nor = Nor(8)
    outbox = start(nor, 1)
    for n in range(60):
        telemetry(outbox, n)
    random.seed(3)
    nor.image[1] = bytes(random.getrandbits(8) for _ in range(4096))
    found = [s.entry.seq for s in deliver(start(nor, 2))]
    assert found == list(range(17)) + list(range(34, 60))


def counted(outbox):
    while not outbox.counted:
        outbox.count()
    return outbox


def test_a_start_reads_headers_and_one_block_however_much_waits():
    nor = Nor(56)
    outbox = start(nor, 1)
    for n in range(800):
        telemetry(outbox, n)
    waiting = Nor(image=nor.image)
    again = start(waiting, 2)
    assert waiting.read < 20000 and not again.counted
    assert counted(again).depth == 800
    assert waiting.read > 190000
    deliver(outbox)
    drained = Nor(image=nor.image)
    assert counted(start(drained, 2)).depth == 0
    assert drained.read < 20000


def test_a_block_that_cannot_be_read_does_not_keep_the_others_from_being_counted_and_sent():
    class Sick(Nor):
        sick = None

        def readblocks(self, block, buf, offset=0):
            if block == self.sick:
                raise OSError(5)
            Nor.readblocks(self, block, buf, offset)

    nor = Sick(20)
    outbox = start(nor, 1)
    for n in range(100):
        telemetry(outbox, n)
    outbox = start(nor, 2)
    nor.sick = 1
    outbox.count()
    assert raised(outbox.count, OSError)
    nor.sick = None
    found = [s.entry.seq for s in deliver(counted(outbox))]
    assert found == list(range(17)) + list(range(34, 100)) and outbox.damaged == 17


def test_records_of_this_boot_wait_behind_those_that_are_not_counted_yet():
    nor = Nor(20)
    outbox = start(nor, 1)
    outbox.append(ALARM, b"alarm/a", b"}", KNOWN)
    for n in range(200):
        telemetry(outbox, n)
    outbox = start(nor, 2)
    outbox.append(CLEAR, b"alarm/a", b"", KNOWN)
    telemetry(outbox, 0)
    outbox.count()
    assert outbox.depth < 202 and not outbox.counted
    sent = deliver(outbox)
    assert [s.topic for s in sent[:2]] == [b"alarm/a"] * 2 and [s.entry.kind for s in sent[:2]] == [ALARM, CLEAR]
    assert [s.key for s in sent[2:]] == [(1, n) for n in range(1, 201)] + [(2, 0)]


def test_a_full_journal_that_is_not_counted_yet_drops_and_carries_as_one_that_is():
    images = []
    for eager in (False, True):
        nor = Nor(10)
        outbox = start(nor, 1)
        outbox.append(ALARM, b"alarm/a", b"}", KNOWN)
        for n in range(110):
            telemetry(outbox, n)
        outbox = start(nor, 2)
        if eager:
            counted(outbox)
        for n in range(60):
            telemetry(outbox, n)
        assert outbox.dropped > 10
        images.append(nor.snapshot())
        sent = deliver(outbox)
        assert sent[0].key == (1, 0) and sent[-1].key == (2, 59)
        assert len(sent) == 171 - outbox.dropped
    assert images[0] == images[1]


def test_thousands_of_records_with_boots_and_acknowledgements_in_between_come_once_each():
    random.seed(11)
    nor = Nor(10)
    made, got = [], []
    for boot in range(1, 30):
        outbox = start(nor, boot)
        for _ in range(random.randrange(60)):
            seq = telemetry(outbox, boot, size=random.randrange(20, 400))
            made.append((boot, seq))
            if random.getrandbits(1):
                got += [s.key for s in deliver(outbox, 3)]
    outbox = start(nor, 99)
    got += [s.key for s in deliver(outbox)]
    assert outbox.dropped == 0
    assert got == made


@long
def test_fuzzed_flash_brings_only_documented_faults_and_ends():
    random.seed(17)
    nor = Nor(6)
    outbox = start(nor, 1)
    for n in range(40):
        telemetry(outbox, n)
        if n % 9 == 0:
            outbox.append(ALARM, b"alarm/a", b"}", KNOWN)
    image = nor.snapshot()
    for _ in range(60):
        blocks = list(image)
        for _ in range(random.randrange(1, 5)):
            block = bytearray(blocks[random.randrange(6)])
            at = random.randrange(4000)
            for i in range(at, min(4096, at + random.choice((1, 4, 60, 2000)))):
                block[i] = random.getrandbits(8)
            blocks[random.randrange(6)] = bytes(block)
        fuzzed = Nor(image=blocks)
        try:
            other = Outbox(Flash(fuzzed))
            other.begin(max(2, other.newest + 1))
            entry = Entry()
            for _ in range(1000):
                if not other.take(entry):
                    break
                try:
                    other.load(entry, bytearray(4200), 0)
                    other.acknowledge(entry)
                except JournalFault as fault:
                    assert fault.word == "damaged"
            else:
                raise AssertionError("an endless stream of records")
            for n in range(80):
                telemetry(other, n)
        except JournalFault as fault:
            assert fault.word in ("foreign", "worn")


def test_it_says_whether_an_alarm_waits_that_a_drain_rate_must_not_hold_back():
    outbox = start(Nor(8), 1)
    telemetry(outbox, 0)
    assert not outbox.urgent()
    outbox.append(ALARM, b"alarm/a", b"}", KNOWN)
    assert outbox.urgent()
    take(outbox, 1)
    assert not outbox.urgent()
