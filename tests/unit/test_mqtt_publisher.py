"""The sender between a journal on RAM flash and a wire in the test's hands: nothing lost, nothing in between."""

import json

from lamppost.core.stamp import Stamp
from lamppost.journal.flash import Flash
from lamppost.journal.outbox import ALARM, CLEAR, TELEMETRY, Entry, Outbox
from lamppost.link.mqtt.publisher import Publisher
from lamppost.link.mqtt.session import Session
from mqtt_ends import Wire, first_packet

NOW = 850000000
PREFIX = b"lamppost/v1/lisbon/lp-0042/"


class Partition:
    """A raw partition of 16 blocks in RAM."""

    def __init__(self):
        self.data = bytearray(b"\xff" * 65536)

    def ioctl(self, code, argument):
        if code == 6:
            self.data[argument * 4096 : argument * 4096 + 4096] = b"\xff" * 4096
        return {4: 16, 5: 4096}.get(code, 0)

    def readblocks(self, block, buf, offset=0):
        at = block * 4096 + offset
        buf[:] = self.data[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        for i in range(len(buf)):
            self.data[block * 4096 + offset + i] &= buf[i]


class Bench:
    def __init__(self, window=4, drain_per_s=0, partition=None, boot=1):
        self.now = 1000
        self.log = []
        self.partition = partition or Partition()
        self.outbox = Outbox(Flash(self.partition))
        self.outbox.begin(boot)
        self.mqtt = Session(self.ticks, lambda a, b: a - b, 10, 256, None, self.log.append, 2500)
        entries = [Entry() for _ in range(window)]
        self.sender = Publisher(
            self.mqtt, self.outbox, PREFIX, entries, self.ticks, lambda a, b: a - b, drain_per_s, self.log.append
        )
        self.wire = None

    def ticks(self):
        return self.now

    def connect(self, present=False, hold_ms=0):
        self.wire = Wire()
        self.mqtt.begin(self.wire, b"CONNECT")
        self.wire.written.clear()
        self.mqtt.connected(present)
        self.sender.begin(present, hold_ms)

    def append(self, count=1, kind=TELEMETRY, topic=b"tele/energy", body=b'"u_mv":230100}', ts=NOW):
        for i in range(count):
            self.outbox.append(kind, topic, body, Stamp(ts + i, True, 3, 0))

    def sent(self):
        """What went out since last asked: (first byte, suffix, packet id, payload)."""
        out = []
        for data in self.wire.written:
            while data:
                told, data = taken_apart(data)
                out.append(told)
        self.wire.written.clear()
        return out

    def acknowledge(self, *pids):
        for pid in pids:
            self.mqtt.acknowledged(pid)


def taken_apart(data):
    """The first packet of a write, and the rest."""
    packet, at, rest = first_packet(data)
    end = at + 2 + (packet[at] << 8 | packet[at + 1])
    topic = packet[at + 2 : end]
    assert topic.startswith(PREFIX), topic
    return (packet[0], topic[len(PREFIX) :], packet[end] << 8 | packet[end + 1], packet[end + 2 :]), rest


def numbers(sent):
    return [json.loads(payload)["s"] for _, _, _, payload in sent if payload]


def test_a_record_is_one_write_with_head_and_body_from_flash():
    bench = Bench()
    bench.connect()
    bench.append()
    bench.sender.pump()
    first, suffix, pid, payload = bench.sent()[0]
    assert (first, suffix, pid) == (0x32, b"tele/energy", 1)
    assert json.loads(payload) == {
        "v": 1, "b": 1, "s": 0, "ts": "2026-12-07T23:06:40Z", "tq": 3, "h": 0, "u_mv": 230100,
    }  # fmt: skip


def test_every_head_is_what_the_codec_would_have_written():
    from lamppost.core.payload import head_into

    bench = Bench(window=16)
    bench.connect()
    buf = bytearray(120)
    times = [NOW, NOW + 1, NOW + 3600, NOW - 50, 850003199, 850003200, 850089600, NOW, NOW, NOW + 59]
    for round_ in range(14):
        for ts in times:
            bench.append(1, ts=ts + round_ * 977)
            bench.sender.pump()
            payload = bench.sent()[0][3]
            n = head_into(buf, 0, 1, bench.outbox.seq - 1, ts + round_ * 977, 3, 0, False)
            assert payload == bytes(buf[:n]) + b'"u_mv":230100}'
            bench.acknowledge(bench.mqtt.last_id)


def test_no_more_than_the_window_is_in_flight_and_each_acknowledgement_makes_room():
    bench = Bench(window=4)
    bench.connect()
    bench.append(10)
    bench.sender.pump()
    assert numbers(bench.sent()) == [0, 1, 2, 3]
    bench.sender.pump()
    assert bench.sent() == []
    bench.acknowledge(1, 2)
    bench.sender.pump()
    assert numbers(bench.sent()) == [4, 5]


def test_records_that_go_together_go_in_one_write_as_far_as_there_is_room():
    bench = Bench(window=16)
    bench.connect()
    bench.append(16, body=b'"x":"' + b"y" * 200 + b'"}')
    bench.sender.pump()
    assert 1 < len(bench.wire.written) < 16
    assert numbers(bench.sent()) == list(range(16))


def test_only_an_acknowledgement_takes_a_record_out_of_the_journal():
    bench = Bench()
    bench.connect()
    bench.append(3)
    bench.sender.pump()
    assert bench.outbox.depth == 3
    bench.acknowledge(2)
    assert bench.outbox.depth == 2
    again = Outbox(Flash(bench.partition))
    assert again.depth == 2, "and after a power cut the journal knows the same"


def test_what_was_in_flight_when_the_connection_was_lost_is_sent_again_in_order():
    bench = Bench(window=4)
    bench.connect()
    bench.append(8)
    bench.sender.pump()
    bench.acknowledge(1, 3)
    bench.sent()
    bench.sender.lost(kept=False)
    bench.connect()
    bench.sender.pump()
    sent = bench.sent()
    assert numbers(sent) == [1, 3, 4, 5]
    assert [first for first, _, _, _ in sent] == [0x32] * 4, "a new session has seen none of them: no DUP"
    assert [json.loads(payload)["h"] for _, _, _, payload in sent] == [1] * 4


def test_a_kept_session_gets_them_as_duplicates_under_their_old_ids():
    bench = Bench(window=4)
    bench.connect()
    bench.append(6)
    bench.sender.pump()
    bench.acknowledge(1)
    bench.sent()
    bench.sender.lost(kept=True)
    bench.connect(present=True)
    bench.sender.pump()
    assert [(first, pid) for first, _, pid, _ in bench.sent()] == [(0x3A, 2), (0x3A, 3), (0x3A, 4), (0x32, 5)]


def test_a_session_that_the_broker_forgot_gets_them_anew():
    bench = Bench(window=2)
    bench.connect()
    bench.append(2)
    bench.sender.pump()
    bench.sent()
    bench.sender.lost(kept=True)
    bench.connect(present=False)
    bench.sender.pump()
    assert [first for first, _, _, _ in bench.sent()] == [0x32, 0x32]


def test_an_alarm_overtakes_telemetry_and_is_retained_and_its_end_is_empty():
    bench = Bench(window=4)
    bench.append(5)
    bench.append(1, ALARM, b"alarm/supplyLoss", b'"since":null}')
    bench.append(1, CLEAR, b"alarm/supplyLoss", b"")
    bench.connect()
    bench.sender.pump()
    sent = bench.sent()
    assert (sent[0][0], sent[0][1]) == (0x33, b"alarm/supplyLoss")
    assert (sent[1][0], sent[1][1], sent[1][3]) == (0x33, b"alarm/supplyLoss", b"")
    assert numbers(sent[2:]) == [0, 1]


def test_held_records_keep_to_the_drain_rate_but_alarms_do_not_wait():
    bench = Bench(window=16, drain_per_s=20)
    bench.append(100)
    bench.connect()
    bench.sender.pump()
    burst = len(bench.sent())
    assert burst == 5
    for _ in range(10):
        bench.now += 100
        bench.acknowledge(*list(bench.mqtt.in_flight))
        bench.sender.pump()
    assert 18 <= len(bench.sent()) <= 22
    bench.append(1, ALARM, b"alarm/supplyLoss", b'"since":null}')
    bench.sender.pump()
    assert [suffix for _, suffix, _, _ in bench.sent()] == [b"alarm/supplyLoss"]


def test_a_long_drain_begins_at_its_place_but_alarms_and_a_few_records_do_not_wait():
    bench = Bench(window=16, drain_per_s=20)
    bench.append(50)
    bench.append(1, ALARM, b"alarm/supplyLoss", b'"since":null}')
    bench.connect(hold_ms=5000)
    for _ in range(49):
        bench.sender.pump()
        bench.now += 100
    assert [suffix for _, suffix, _, _ in bench.sent()] == [b"alarm/supplyLoss"]
    bench.now += 100
    for _ in range(20):
        bench.acknowledge(*list(bench.mqtt.in_flight))
        bench.sender.pump()
        bench.now += 100
    assert 36 <= len(bench.sent()) <= 42

    few = Bench(drain_per_s=20)
    few.append(4)
    few.connect(hold_ms=5000)
    few.sender.pump()
    assert len(few.sent()) == 4, "a burst's worth goes at once"


def test_a_long_drain_waits_for_its_place_also_if_the_journal_had_not_counted_it_when_the_connection_came():
    night = Bench(drain_per_s=20)
    night.append(100)
    bench = Bench(drain_per_s=20, partition=night.partition, boot=2)
    bench.connect(hold_ms=5000)
    assert not bench.outbox.counted
    while not bench.outbox.counted:
        bench.outbox.count()
    bench.sender.pump()
    assert bench.sent() == []
    bench.now += 6000
    bench.sender.pump()
    bench.now += 1000
    bench.sender.pump()
    assert len(bench.sent()) == 4, "the whole window"


def test_a_record_that_the_socket_takes_in_pieces_is_whole_and_nothing_comes_between():
    bench = Bench(window=4)
    bench.connect()
    bench.append(2)
    bench.wire.takes = 50
    bench.sender.pump()
    for _ in range(20):
        bench.sender.pump()
    pieces = b"".join(bench.wire.written)
    bench.wire.written[:] = [pieces]
    assert numbers(bench.sent()) == [0, 1]


def test_a_record_that_rots_on_flash_is_skipped_and_the_rest_goes():
    bench = Bench(window=4)
    bench.append(3)
    at = bench.partition.data.find(b'"u_mv"', bench.partition.data.find(b'"u_mv"') + 1)
    bench.partition.data[at + 1] = 0
    bench.connect()
    bench.sender.pump()
    assert numbers(bench.sent()) == [0, 2]
    assert bench.outbox.damaged == 1 and "damaged" in bench.log[0]


def test_the_longest_record_of_the_journal_has_room_on_the_wire():
    bench = Bench()
    bench.connect()
    bench.append(1, ALARM, b"alarm/x", b'"x":"' + b"y" * 980 + b'"}', ts=NOW)
    bench.sender.pump()
    assert len(json.loads(bench.sent()[0][3])["x"]) == 980


def test_packet_ids_pass_over_a_record_still_in_flight():
    bench = Bench(window=2)
    bench.connect()
    bench.append(4)
    bench.sender.pump()
    bench.mqtt.last_id = 65534
    bench.acknowledge(2)
    bench.sender.pump()
    bench.acknowledge(65535)
    bench.sender.pump()
    assert [pid for _, _, pid, _ in bench.sent()] == [1, 2, 65535, 2]
