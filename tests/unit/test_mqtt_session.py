"""The MQTT session over a wire that the test holds in its hands, and under a clock that it turns."""

from lamppost.core.faults import LinkFault
from lamppost.link.mqtt import packets
from lamppost.link.mqtt.session import Session
from raising import raises

PINGREQ = b"\xc0\x00"
DISCONNECT = b"\xe0\x00"


class Wire:
    """Takes at most `takes` bytes a write (None: all); gives what the test puts into `incoming`."""

    def __init__(self):
        self.incoming = b""
        self.written = bytearray()
        self.writes = 0
        self.takes = None
        self.closed = False

    def read(self, buf, most):
        n = min(len(buf), most, len(self.incoming))
        buf[:n] = self.incoming[:n]
        self.incoming = self.incoming[n:]
        return n

    def write(self, buf, at, size):
        if self.takes is not None:
            size = min(size, self.takes)
        self.written += bytes(buf[at : at + size])
        self.writes += 1
        return size

    def close(self):
        self.closed = True

    def taken(self):
        data = bytes(self.written)
        self.written = bytearray()
        return data


class Bench:
    """A session that stands, its wire and its clock."""

    def __init__(self, keepalive_s=10, greet=True, room=256):
        self.now = 5000
        self.messages = []
        self.acknowledged = []
        self.log = []
        self.mqtt = Session(self.ticks, lambda a, b: a - b, keepalive_s, room, self.message, self.log.append)
        self.mqtt.on_acknowledged = self.acknowledged.append
        self.wire = Wire()
        self.mqtt.begin(self.wire, packets.connect("lp", keepalive_s))
        self.wire.taken()
        if greet:
            self.hear(b"\x20\x02\x00\x00")

    def ticks(self):
        return self.now

    def message(self, topic, body, qos, retained):
        if body == b"boom":
            raise KeyError("boom")
        self.messages.append((topic, bytes(body)))

    def hear(self, data):
        self.wire.incoming += data
        while self.mqtt.receive():
            pass

    def pass_time(self, ms, step=100):
        for _ in range(ms // step):
            self.now += step
            self.mqtt.check()


def test_the_session_stands_when_the_broker_has_said_so():
    bench = Bench(greet=False)
    assert not bench.mqtt.accepted
    assert not bench.mqtt.publish(b"t", [b"x"]), "nothing may be sent before CONNACK"
    bench.hear(b"\x20\x02\x01\x00")
    assert bench.mqtt.accepted and bench.mqtt.session_present


def test_a_packet_goes_out_in_one_write():
    bench = Bench()
    writes = bench.wire.writes
    assert bench.mqtt.publish(b"a/b", [b"hello"], 1, True)
    assert bench.wire.writes == writes + 1
    assert bench.wire.taken() == packets.publish(b"a/b", [b"hello"], 1, True, 1)


def test_what_the_socket_did_not_take_goes_first_and_whole_when_it_can():
    bench = Bench()
    bench.wire.takes = 3
    assert bench.mqtt.publish(b"a/b", [b"hello"])
    assert not bench.mqtt.free
    assert not bench.mqtt.publish(b"c/d", [b"no"]), "a second packet must not cut into the first"
    bench.wire.takes = None
    assert bench.mqtt.flush()
    assert bench.wire.taken() == packets.publish(b"a/b", [b"hello"])


def test_a_received_message_is_acknowledged_after_it_was_handed_over():
    bench = Bench()
    bench.hear(packets.publish(b"cmd/reset", [b"{}"], 1, False, 77))
    bench.mqtt.flush()
    assert bench.messages == [(b"cmd/reset", b"{}")]
    assert bench.wire.taken() == b"\x40\x02\x00\x4d"


def test_a_message_whose_handling_fails_does_not_take_the_link_down():
    bench = Bench()
    bench.hear(packets.publish(b"cmd/x", [b"boom"], 1, False, 5))
    bench.mqtt.flush()
    assert bench.wire.taken() == b"\x40\x02\x00\x05"
    assert "boom" in bench.log[0]


def test_a_message_too_long_is_acknowledged_so_that_it_does_not_come_again():
    bench = Bench(room=64)
    bench.hear(packets.publish(b"cmd/x", [b"z" * 300], 1, False, 9))
    bench.mqtt.flush()
    assert bench.messages == [] and bench.mqtt.skipped == 1
    assert bench.wire.taken() == b"\x40\x02\x00\x09"


def test_acknowledgements_wait_for_room_but_not_without_bound():
    bench = Bench()
    bench.wire.takes = 0
    bench.mqtt.publish(b"t", [b"x"])
    for pid in range(1, 65):
        bench.hear(packets.publish(b"c", [b""], 1, False, pid))
    with raises(LinkFault, "protocol"):
        bench.hear(packets.publish(b"c", [b""], 1, False, 65))
    bench.wire.takes = None
    assert bench.mqtt.flush()
    sent = bench.wire.taken()
    assert sent == packets.publish(b"t", [b"x"]) + b"".join(bytes((0x40, 2, 0, pid)) for pid in range(1, 65))


def test_an_acknowledgement_reaches_its_record_and_a_stray_one_nobody():
    bench = Bench()
    bench.mqtt.in_flight[7] = "record"
    bench.hear(b"\x40\x02\x00\x09\x40\x02\x00\x07\x40\x02\x00\x07")
    assert bench.acknowledged == ["record"] and not bench.mqtt.in_flight


def test_packet_ids_go_on_after_65535_and_pass_over_those_in_flight():
    bench = Bench()
    bench.mqtt.in_flight[1] = bench.mqtt.in_flight[2] = bench.mqtt.in_flight[65535] = "still waiting"
    bench.mqtt.last_id = 65533
    assert [bench.mqtt.next_id() for _ in range(4)] == [65534, 3, 4, 5]


def test_every_packet_id_is_used_before_one_comes_again():
    bench = Bench()
    seen = bytearray(65536)
    for _ in range(65535):
        seen[bench.mqtt.next_id()] += 1
    assert seen[0] == 0 and all(seen[i] == 1 for i in range(1, 65536))
    assert bench.mqtt.next_id() == 1


def test_a_quiet_link_is_kept_alive_with_pings():
    bench = Bench(keepalive_s=10)
    pings = 0
    for _ in range(600):
        bench.pass_time(100)
        if bench.wire.taken() == PINGREQ:
            pings += 1
            bench.hear(b"\xd0\x00")
    assert 6 <= pings <= 9, pings


def test_a_busy_link_needs_no_ping():
    bench = Bench(keepalive_s=10)
    for pid in range(1, 61):
        bench.mqtt.publish(b"t", [b"x"], 1)
        bench.pass_time(1000)
        bench.hear(bytes((0x40, 2, 0, pid)))
    assert PINGREQ not in bytes(bench.wire.written)[-10:]
    assert bytes(bench.wire.written).count(PINGREQ) == 0


def test_a_half_open_link_is_noticed_within_one_and_a_half_keep_alives():
    for publishing in (False, True):
        bench = Bench(keepalive_s=10)
        silent_since = bench.now
        with raises(LinkFault, "halfopen"):
            for _ in range(200):
                if publishing:
                    bench.mqtt.publish(b"t", [b"x"], 1)
                bench.pass_time(100)
        assert 10000 <= bench.now - silent_since <= 15000, (publishing, bench.now - silent_since)


def test_a_broker_that_reads_nothing_is_noticed_too():
    bench = Bench(keepalive_s=10)
    bench.wire.takes = 0
    bench.mqtt.publish(b"t", [b"x"])
    silent_since = bench.now
    with raises(LinkFault, "halfopen"):
        bench.pass_time(20000)
    assert bench.now - silent_since <= 15000


def test_a_broker_that_answers_pings_but_never_a_publish_is_left():
    bench = Bench(keepalive_s=10)
    bench.mqtt.publish(b"t", [b"x"], 1)
    with raises(LinkFault, "timeout"):
        for _ in range(100):
            bench.pass_time(1000)
            if PINGREQ in bench.wire.taken():
                bench.hear(b"\xd0\x00")


def test_a_refused_subscription_is_said_and_telemetry_goes_on():
    bench = Bench()
    bench.mqtt.subscribe([b"cmd/+"])
    bench.hear(b"\x90\x03\x00\x01\x80")
    assert "refuses" in bench.log[0]
    assert bench.mqtt.publish(b"t", [b"x"])


def test_a_polite_end_says_so():
    bench = Bench()
    bench.mqtt.close(polite=True)
    assert bench.wire.taken() == DISCONNECT and bench.wire.closed
