"""The session and the sender of MQTT 5.0: the broker's limits are kept, and what it refuses is not lost."""

import json

from lamppost.core.faults import LinkFault
from lamppost.core.stamp import Stamp
from lamppost.journal.flash import Flash
from lamppost.journal.outbox import ALARM, CLEAR, TELEMETRY, Entry, Outbox
from lamppost.link.mqtt.publisher_v5 import PublisherV5
from lamppost.link.mqtt.session_v5 import SessionV5
from mqtt_ends import Wire, first_packet
from raising import raises
from test_mqtt_publisher import NOW, PREFIX, Partition

PROPERTIES = {0x02: 4, 0x23: 2}


class Config:
    client_id = "lp"
    keepalive_s = 10
    clean = True
    user = password = None
    session_s = 3600


class Bench:
    def __init__(self, window=4, expiry_s=0):
        self.now = 1000
        self.log = []
        self.reported = []
        self.outbox = Outbox(Flash(Partition()))
        self.outbox.begin(1)
        self.mqtt = SessionV5(self.ticks, lambda a, b: a - b, 10, 256, None, self.log.append, 2500)
        entries = [Entry() for _ in range(window)]
        self.sender = PublisherV5(
            self.mqtt, self.outbox, PREFIX, entries, self.ticks, lambda a, b: a - b, 0, self.log.append,
            expiry_s, 60000, self.reported.append,
        )  # fmt: skip
        self.aliases = {}

    def ticks(self):
        return self.now

    def connect(self, properties=b"", present=0):
        self.aliases = {}
        self.wire = Wire()
        self.mqtt.begin(self.wire, self.mqtt.connect_packet(Config, (b"s", b"lost")))
        self.wire.written.clear()
        self.hear(bytes((0x20, 3 + len(properties), present, 0, len(properties))) + properties)
        self.sender.begin(bool(present))

    def hear(self, data):
        self.wire.incoming += data
        while self.mqtt.receive():
            pass

    def append(self, count=1, kind=TELEMETRY, topic=b"tele/energy", body=b'"u_mv":230100}'):
        for i in range(count):
            self.outbox.append(kind, topic, body, Stamp(NOW + i, True, 3, 0))

    def sent(self):
        """What a broker makes of what went out: (first byte, suffix, packet id, properties, payload, size)."""
        out = []
        for data in self.wire.written:
            while data:
                told, data = self.taken_apart(data)
                out.append(told)
        self.wire.written.clear()
        return out

    def taken_apart(self, data):
        whole, at, rest = first_packet(data)
        end = at + 2 + (whole[at] << 8 | whole[at + 1])
        topic = whole[at + 2 : end]
        pid = whole[end] << 8 | whole[end + 1]
        at = end + 3
        end = at + whole[end + 2]
        found = {}
        while at < end:
            which = whole[at]
            stop = at + 1 + PROPERTIES[which]
            found[which] = int.from_bytes(whole[at + 1 : stop], "big")
            at = stop
        assert at == end
        if topic and 0x23 in found:
            self.aliases[found[0x23]] = topic
        elif not topic:
            topic = self.aliases[found[0x23]]
        assert topic.startswith(PREFIX), topic
        return (whole[0], topic[len(PREFIX) :], pid, found, whole[end:], len(whole)), rest

    def puback(self, pid, code=0):
        self.hear(bytes((0x40, 3, pid >> 8, pid & 255, code)))


def numbers(sent):
    return [json.loads(one[4])["s"] for one in sent if one[4]]


def test_a_topic_is_said_once_a_connection_and_then_by_its_number():
    bench = Bench(window=16)
    for topic in (b"tele/energy", b"tele/air", b"tele/parking/1", b"tele/parking/2") * 3:
        bench.append(1, topic=topic)
    for _ in range(2):
        bench.connect(b"\x22\x00\x0a")
        bench.sender.pump()
        sent = bench.sent()
        assert numbers(sent) == list(range(12))
        assert [one[1] for one in sent] == [b"tele/energy", b"tele/air", b"tele/parking/1", b"tele/parking/2"] * 3
        assert [one[3][0x23] for one in sent] == [1, 2, 3, 4] * 3
        assert sent[4][5] < sent[0][5] - 30
        bench.sender.lost(kept=False)


def test_no_more_topics_have_numbers_than_the_broker_allows_and_none_without_its_leave():
    bench = Bench(window=16)
    for topic in (b"tele/energy", b"tele/air", b"tele/energy", b"tele/air"):
        bench.append(1, topic=topic)
    bench.connect(b"\x22\x00\x01")
    bench.sender.pump()
    assert [one[3].get(0x23) for one in bench.sent()] == [1, None, 1, None]
    bench.sender.lost(kept=False)
    bench.connect()
    bench.sender.pump()
    assert [one[3] for one in bench.sent()] == [{}] * 4


def test_alarms_and_events_are_said_in_full_and_never_expire():
    bench = Bench(window=8, expiry_s=3600)
    bench.append(2)
    bench.append(1, ALARM, b"alarm/supplyLoss", b'"since":null}')
    bench.append(1, CLEAR, b"alarm/supplyLoss", b"")
    bench.connect(b"\x22\x00\x0a")
    bench.sender.pump()
    sent = bench.sent()
    assert [(one[0], one[1], one[3]) for one in sent] == [
        (0x33, b"alarm/supplyLoss", {}),
        (0x33, b"alarm/supplyLoss", {}),
        (0x32, b"tele/energy", {0x23: 1, 0x02: 3600}),
        (0x32, b"tele/energy", {0x23: 1, 0x02: 3600}),
    ]


def test_a_topic_longer_than_the_head_is_said_in_full():
    bench = Bench()
    bench.append(2, topic=b"tele/" + b"x" * 150)
    bench.connect(b"\x22\x00\x0a")
    bench.sender.pump()
    sent = bench.sent()
    assert [one[1] for one in sent] == [b"tele/" + b"x" * 150] * 2 and numbers(sent) == [0, 1]


def test_the_brokers_receive_maximum_bounds_all_that_is_in_flight():
    bench = Bench(window=8)
    bench.append(10)
    bench.connect(b"\x21\x00\x03")
    assert bench.mqtt.publish(PREFIX + b"state", [b"{}"], 1)
    bench.sender.pump()
    assert numbers(bench.sent()[1:]) == [0, 1]
    assert not bench.mqtt.publish(PREFIX + b"info", [b"{}"], 1), "one more would break the broker's rule"
    assert bench.mqtt.publish(PREFIX + b"diag", [b"{}"], 0), "QoS 0 has no window"
    bench.wire.written.clear()
    bench.puback(1)
    bench.sender.pump()
    assert numbers(bench.sent()) == [2]


def test_the_brokers_keep_alive_is_kept_and_ours_comes_back_with_another_broker():
    bench = Bench()
    bench.connect(b"\x13\x00\x02")
    bench.now += 1600
    bench.mqtt.check()
    assert bench.wire.written == [b"\xc0\x00"]
    bench.connect()
    bench.now += 1600
    bench.mqtt.check()
    assert bench.wire.written == []


def test_a_broker_without_retain_gets_none_and_is_not_asked_for_it_again():
    bench = Bench()
    bench.append(1, ALARM, b"alarm/x", b'"since":null}')
    bench.connect(b"\x25\x00")
    bench.mqtt.publish(PREFIX + b"state", [b"{}"], 1, True)
    bench.sender.pump()
    assert [one[0] for one in bench.sent()] == [0x32, 0x32]
    assert bench.mqtt.connect_packet(Config, (b"s", b"lost"))[9] & 0x20 == 0
    bench.sender.lost(kept=False)
    bench.connect()
    bench.sender.pump()
    assert [one[0] for one in bench.sent()] == [0x33]


def test_a_broker_that_acknowledges_nothing_is_left():
    with raises(LinkFault, "noqos"):
        Bench().connect(b"\x24\x00")


def test_the_name_that_the_broker_gives_and_what_it_says_are_in_the_log():
    bench = Bench()
    bench.connect(b"\x12\x00\x04lp-9\x1f\x00\x05hello")
    assert "lp-9" in bench.log[0] and "hello" in bench.log[1]


def test_a_refused_record_is_said_stays_in_the_journal_and_the_others_go_on():
    bench = Bench(window=4)
    bench.append(6)
    bench.connect(b"\x22\x00\x0a")
    bench.sender.pump()
    bench.puback(2, 0x97)
    for pid in (1, 3, 4):
        bench.puback(pid)
    bench.sent()
    bench.sender.pump()
    assert numbers(bench.sent()) == [4, 5], "the refused one is not sent again at once"
    bench.puback(5)
    bench.puback(6)
    assert bench.outbox.depth == 1
    assert [fault.word for fault in bench.reported] == ["quota"]
    for _ in range(600):
        bench.now += 100
        bench.sender.pump()
    assert bench.sent() == []
    bench.now += 1000
    with raises(LinkFault, "quota"):
        bench.sender.pump()
    bench.sender.lost(kept=False)
    bench.connect()
    bench.sender.pump()
    assert numbers(bench.sent()) == [1]


def test_a_window_full_of_refused_records_ends_the_connection_so_that_alarms_get_through():
    bench = Bench(window=3)
    bench.append(9)
    bench.connect(b"\x22\x00\x0a")
    bench.sender.pump()
    bench.sent()
    for pid in (1, 2, 3):
        bench.puback(pid, 0x87)
    bench.append(1, ALARM, b"alarm/x", b'"since":null}')
    offered = 0
    with raises(LinkFault, "notallowed"):
        for _ in range(200):
            bench.now += 100
            bench.sender.pump()
            offered += len(bench.sent())
    assert offered == 0 and len(bench.reported) == 1
    assert bench.sender.refusals == 3
    bench.sender.lost(kept=True)
    bench.connect(present=1)
    bench.sender.pump()
    sent = bench.sent()
    assert [(one[0], one[1]) for one in sent] == [(0x33, b"alarm/x")] + [(0x32, b"tele/energy")] * 2


def test_a_record_larger_than_the_broker_takes_is_kept_and_smaller_ones_go():
    bench = Bench(window=4)
    bench.append(1, body=b'"x":"' + b"y" * 600 + b'"}')
    bench.append(2)
    bench.connect(b"\x27\x00\x00\x01\x2c")
    for _ in range(3):
        bench.sender.pump()
    assert numbers(bench.sent()) == [1, 2]
    assert [fault.word for fault in bench.reported] == ["toolarge"] and bench.outbox.depth == 3


def test_a_message_of_ours_larger_than_the_broker_takes_is_said_in_the_log():
    bench = Bench()
    bench.connect(b"\x27\x00\x00\x00\x40")
    assert bench.mqtt.publish(PREFIX + b"info", [b"x" * 100], 1, True)
    assert bench.wire.written == [] and "more than the broker accepts" in bench.log[0]
    assert not bench.mqtt.in_flight


def test_a_refused_message_of_ours_is_said_in_the_log():
    bench = Bench()
    bench.connect()
    bench.mqtt.publish(PREFIX + b"info", [b"x"], 1, True)
    bench.puback(1, 0x87)
    assert "notallowed" in bench.log[0] and not bench.mqtt.in_flight


def test_a_kept_session_gets_what_it_may_have_as_duplicates_under_their_old_ids():
    bench = Bench(window=4)
    bench.append(6)
    bench.connect(b"\x22\x00\x0a")
    bench.sender.pump()
    bench.puback(1)
    bench.sent()
    bench.sender.lost(kept=True)
    bench.connect(b"\x22\x00\x0a", present=1)
    bench.sender.pump()
    sent = bench.sent()
    assert [(one[0], one[2]) for one in sent] == [(0x3A, 2), (0x3A, 3), (0x3A, 4), (0x32, 5)]
    assert numbers(sent) == [1, 2, 3, 4]


def test_the_longest_record_of_the_journal_has_room_on_the_wire():
    bench = Bench(expiry_s=4294967295)
    bench.append(2, topic=b"tele/x", body=b'"x":"' + b"y" * 960 + b'"}')
    bench.connect(b"\x22\x00\x0a")
    bench.sender.pump()
    sent = bench.sent()
    assert [len(json.loads(one[4])["x"]) for one in sent] == [960] * 2
    assert sent[0][3][0x02] == 4294967295
