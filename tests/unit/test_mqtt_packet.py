"""MQTT packets: golden bytes out, and whatever the broker may send in."""

from lamppost.core.faults import LinkFault
from lamppost.link.mqtt import envelope, packets
from mqtt_ends import Bytes, Sink, read_out
from raising import raises
from slow import long

CONNACK = b"\x20\x02\x00\x00"


def heard(data, each=100000, room=64, greeted=True):
    """What a reader tells of these bytes."""
    if greeted:
        return read_out(packets.Reader, CONNACK + data, each, room)[1:]
    return read_out(packets.Reader, data, each, room)


def test_connect_is_laid_out_as_the_standard_says():
    got = packets.connect("lp", 60, True, "anna", "secret", (b"a/state", b"lost"))
    assert got == (
        b"\x10\x2b\x00\x04MQTT\x04\xee\x00\x3c\x00\x02lp\x00\x07a/state\x00\x04lost\x00\x04anna\x00\x06secret"
    )


def test_connect_without_user_and_will_keeps_the_session_when_asked_to():
    assert packets.connect("lp", 10, clean=False) == b"\x10\x0e\x00\x04MQTT\x04\x00\x00\x0a\x00\x02lp"


def test_publish_carries_its_packet_id_only_at_qos_1():
    assert packets.publish(b"a/b", [b"hi"]) == b"\x30\x07\x00\x03a/bhi"
    assert packets.publish(b"a/b", [b"hi"], 1, True, 258) == b"\x33\x09\x00\x03a/b\x01\x02hi"


def test_subscribe_asks_for_every_topic_at_qos_1():
    assert packets.subscribe(7, [b"a/+", b"b"]) == b"\x82\x0c\x00\x07\x00\x03a/+\x01\x00\x01b\x01"


def test_lengths_are_written_alike_in_a_packet_and_into_a_buffer():
    for size in (0, 1, 127, 128, 300, 16383, 16384, 200000):
        buf = bytearray(8)
        end = envelope.header_into(buf, 1, size, 0x32)
        assert bytes(buf[1:end]) == b"\x32" + packets.length(size), size


def test_a_text_that_is_too_long_for_mqtt_is_refused():
    with raises(ValueError):
        packets.publish(b"t" * 65536, [b""])


def test_connack_tells_whether_the_session_was_kept():
    assert heard(b"\x20\x02\x00\x00", greeted=False) == [("connected", False)]
    assert heard(b"\x20\x02\x01\x00", greeted=False) == [("connected", True)]


def test_each_refusal_of_the_broker_has_its_word():
    words = ["version", "badclientid", "unavailable", "badlogin", "notallowed", "protocol"]
    for code, word in enumerate(words):
        with raises(LinkFault, word):
            heard(bytes((0x20, 2, 0, code + 1)), greeted=False)


def test_anything_before_connack_closes_the_link():
    acknowledgement, ping, message = b"\x40\x02\x00\x01", b"\xd0\x00", b"\x30\x03\x00\x01a"
    long_one, odd_one, stranger = b"\x20\x03\x00\x00\x00", b"\x20\x02\x02\x00", b"HTTP"
    for data in (acknowledgement, ping, message, long_one, odd_one, stranger):
        with raises(LinkFault, "protocol"):
            heard(data, greeted=False)


def test_packets_are_told_in_order_however_the_bytes_are_cut():
    data = b"\x40\x02\x01\x02\xd0\x00\x90\x03\x00\x07\x01\x33\x09\x00\x03a/b\x00\x05hi\x40\x02\xff\xff\x30\x03\x00\x01x"
    whole = [
        ("acknowledged", 258),
        ("ponged",),
        ("subscribed", 7, True),
        ("received", b"a/b", b"hi", 1, True, 5),
        ("acknowledged", 65535),
        ("received", b"x", b"", 0, False, 0),
    ]
    for each in range(1, len(data) + 5):
        assert heard(data, each) == whole, each


def test_a_refused_subscription_is_told():
    assert heard(b"\x90\x04\x00\x07\x01\x80") == [("subscribed", 7, False)]


def test_malformed_packets_close_the_link():
    for data in (
        b"\x30\xff\xff\xff\xff\x01",  # a length of five bytes
        b"\x30\xff\xff\xff\x7f",  # 256 MiB to come
        b"\x00\x00",  # no such packet
        b"\xf0\x00",
        b"\x20\x02\x00\x00",  # a second CONNACK
        b"\x40\x03\x00\x01\x00",  # PUBACK of three bytes
        b"\x41\x02\x00\x01",  # PUBACK with flags
        b"\x50\x02\x00\x01",  # PUBREC: we never send QoS 2
        b"\x34\x05\x00\x01a\x00\x01",  # QoS 2, which we never subscribe to
        b"\x36\x05\x00\x01a\x00\x01",  # QoS 3
        b"\x32\x05\x00\x01a\x00\x00",  # packet id 0
        b"\x30\x04\x00\x05ab",  # a topic longer than its packet
        b"\x32\x04\x00\x01ab",  # no room for the packet id
        b"\x30\x02\x00\x00",  # no topic
        b"\x30\x01\x00",
        b"\x90\x02\x00\x01",  # SUBACK that grants nothing
        b"\xd0\x01\x00",
        b"\xc0\x00",  # what only clients send
        b"\x82\x03\x00\x01\x00",
    ):
        with raises(LinkFault, "protocol"):
            heard(data)


def test_a_message_without_room_is_skipped_and_the_next_one_is_heard():
    big = packets.publish(b"cmd/x", [b"z" * 500], 1, False, 9)
    for each in (1, 7, 63, 64, 65, 100000):
        told = heard(big + b"\x40\x02\x00\x01" + big + b"\xd0\x00", each)
        assert told == [("too_long", 1, 9), ("acknowledged", 1), ("too_long", 1, 9), ("ponged",)], each


def test_a_message_that_just_fits_is_heard():
    for size in (40, 50, 55, 56, 57, 58, 59, 60, 61):
        data = packets.publish(b"x", [b"z" * size])
        told = heard(data + b"\xd0\x00", room=64)
        kept = len(data) <= 64
        assert told == [("received", b"x", b"z" * size, 0, False, 0) if kept else ("too_long", 0, 0), ("ponged",)]


def test_a_topic_without_room_closes_the_link():
    with raises(LinkFault, "protocol"):
        heard(packets.publish(b"t" * 100, [b"body"]))


@long
def test_mutated_packets_end_in_a_link_fault_or_nothing_and_never_grow_the_buffer():
    seeds = [
        b"\x40\x02\x00\x01",
        b"\xd0\x00",
        b"\x90\x03\x00\x07\x01",
        packets.publish(b"cmd/reset", [b"{}"], 1, False, 3),
        packets.publish(b"cmd/set", [b"q" * 90]),
        CONNACK,
    ]
    state = 20261122

    def draw(n):
        nonlocal state
        state = (state * 1103515245 + 12345) & 0x3FFFFFFF
        return (state >> 8) % n

    faults = whole = 0
    for _ in range(3000):
        data = bytearray()
        for _ in range(1 + draw(4)):
            data += seeds[draw(len(seeds))]
        for _ in range(draw(4)):
            i = draw(len(data))
            how = draw(3)
            if how == 0:
                data[i] = draw(256)
            elif how == 1:
                data[i] ^= 1 << draw(8)
            else:
                data = data[:i] + data[i + draw(3) :] + bytes([draw(256)])
        sink = Sink()
        reader = packets.Reader(sink, 64)
        wire = Bytes(CONNACK + bytes(data), 1 + draw(40))
        try:
            for _ in range(len(data) + 5):
                if not reader.read(wire, 64):
                    break
            whole += 1
        except LinkFault as fault:
            faults += 1
            assert fault.word in ("protocol", "version", "notallowed", "badlogin", "badclientid", "unavailable")
        assert len(reader.buf) == 64
        for told in sink.told:
            if told[0] == "received":
                assert len(told[1]) + len(told[2]) <= 64
    assert faults > 500 and whole > 500, (faults, whole)
