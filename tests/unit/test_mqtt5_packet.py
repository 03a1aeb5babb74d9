"""MQTT 5.0 packets: golden bytes out, and whatever the broker may send in."""

from lamppost.core.faults import LinkFault
from lamppost.link.mqtt import packets, packets_v5
from mqtt_ends import Bytes, Sink, read_out
from raising import raises
from slow import long

CONNACK = b"\x20\x03\x00\x00\x00"


def heard(data, each=100000, room=256, greeted=True):
    """What a reader tells of these bytes."""
    if greeted:
        return read_out(packets_v5.Reader, CONNACK + data, each, room)[1:]
    return read_out(packets_v5.Reader, data, each, room)


def connack(properties, code=0, present=0):
    return bytes((0x20, 3 + len(properties), present, code, len(properties))) + properties


def test_connect_is_laid_out_as_the_standard_says():
    got = packets_v5.connect("lp", 60, True, "anna", "secret", (b"a/state", b"lost"), room=1024)
    assert got == (
        b"\x10\x38\x00\x04MQTT\x05\xee\x00\x3c"
        b"\x0b\x21\x00\x10\x22\x00\x00\x27\x00\x00\x04\x00"  # receive maximum, topic aliases, packet size
        b"\x00\x02lp\x00\x00\x07a/state\x00\x04lost\x00\x04anna\x00\x06secret"
    )


def test_a_kept_session_is_asked_for_with_its_time():
    got = packets_v5.connect("lp", 10, clean=False, session_s=86400)
    assert got[9] == 0 and b"\x11\x00\x01\x51\x80" in got
    assert b"\x11\x00\x01\x51\x80" not in packets_v5.connect("lp", 10, clean=True, session_s=86400)


def test_a_will_is_not_retained_where_the_broker_retains_nothing():
    assert packets_v5.connect("lp", 10, will=(b"a", b"b"), retain=False)[9] == 0x0E


def test_publish_and_subscribe_carry_empty_properties():
    pieces = [packets_v5.NO_PROPERTIES + b"hi"]
    assert packets.publish(b"a/b", pieces, 1, True, 258) == b"\x33\x0a\x00\x03a/b\x01\x02\x00hi"
    assert packets.publish(b"a/b", pieces) == b"\x30\x08\x00\x03a/b\x00hi"
    asked = packets.subscribe(7, [b"a/+", b"b"], 1, packets_v5.NO_PROPERTIES)
    assert asked == b"\x82\x0d\x00\x07\x00\x00\x03a/+\x01\x00\x01b\x01"


def test_connack_tells_what_the_broker_allows():
    limits = b"\x21\x00\x05\x22\x00\x0a\x24\x01\x25\x00\x27\x00\x00\x02\x00\x13\x00\x1e\x12\x00\x02me\x1f\x00\x02hi"
    told = heard(connack(limits + b"\x26\x00\x01k\x00\x01v\x26\x00\x01k\x00\x01w", present=1), greeted=False)
    found = {0x21: 5, 0x22: 10, 0x24: 1, 0x25: 0, 0x27: 512, 0x13: 30, 0x12: b"me", 0x1F: b"hi"}
    assert told == [("connected", True, found)]


def test_each_reason_code_has_its_word_and_the_brokers_words():
    seen = {}
    for code in range(0x80, 0xA3):
        word = packets_v5.word_of(code)
        with raises(LinkFault, word) as refusal:
            heard(connack(b"\x1f\x00\x04why\n", code), greeted=False)
        if word != "redirected":
            assert "why?" in refusal.error.detail, "a broker's text must not steer a terminal"
        seen.setdefault(word, []).append(code)
    assert sum(len(codes) for codes in seen.values()) == 35 and None not in seen
    assert seen["badlogin"] == [0x86, 0x8C] and seen["notallowed"] == [0x87]


def test_a_reason_code_that_nobody_knows_closes_the_link():
    for code in (0x01, 0x7F, 0xA3, 0xFF):
        assert packets_v5.word_of(code) is None
        for data in (b"\x40\x03\x00\x01" + bytes((code,)), b"\xe0\x01" + bytes((code,))):
            with raises(LinkFault, "protocol"):
                heard(data)
        with raises(LinkFault, "protocol"):
            heard(connack(b"", code), greeted=False)


def test_a_broker_of_3_1_1_only_is_told_apart():
    for code in range(6):  # whatever it says, without properties it is an answer of MQTT 3.1.1
        with raises(LinkFault, "version"):
            heard(bytes((0x20, 2, 0, code)), greeted=False)
    with raises(LinkFault, "version"):
        heard(connack(b"", 0x84), greeted=False)


def test_a_redirect_names_where_to_and_is_not_followed():
    there = b"\x1c\x00\x09other.lan"
    for data, greeted in ((connack(there, 0x9C), False), (b"\xe0\x0e\x9d\x0c" + there, True)):
        with raises(LinkFault, "redirected") as redirect:
            heard(data, greeted=greeted)
        assert "other.lan" in redirect.error.detail


def test_a_disconnect_says_why():
    for data, word in (
        (b"\xe0\x01\x8e", "takenover"),
        (b"\xe0\x02\x8b\x00", "unavailable"),
        (b"\xe0\x01\x93", "protocol"),
        (b"\xe0\x00", "closed"),
        (b"\xe0\x01\x00", "closed"),
    ):
        with raises(LinkFault, word):
            heard(data)


def test_packets_are_told_in_order_however_the_bytes_are_cut():
    data = (
        b"\x40\x02\x01\x02\x40\x03\x01\x03\x10\xd0\x00\x90\x04\x00\x07\x00\x01"
        b"\x33\x0f\x00\x03a/b\x00\x05\x05\x02\x00\x00\x00\x3chi"
        b"\x40\x04\x01\x04\x97\x00\x40\x02\xff\xff\x30\x04\x00\x01x\x00"
    )
    whole = [
        ("acknowledged", 258),
        ("acknowledged", 259),
        ("ponged",),
        ("subscribed", 7, True),
        ("received", b"a/b", b"hi", 1, True, 5),
        ("refused", 260, "quota", "PUBACK code 97 "),
        ("acknowledged", 65535),
        ("received", b"x", b"", 0, False, 0),
    ]
    for each in range(1, len(data) + 5):
        assert heard(data, each) == whole, each


def test_a_refused_subscription_is_told():
    assert heard(b"\x90\x05\x00\x07\x00\x01\x87") == [("subscribed", 7, False)]


def test_malformed_packets_close_the_link():
    for data in (
        b"\x20\x03\x00\x00\x00",  # a second CONNACK
        b"\x30\x06\x00\x01a\x03\x23\x00\x01",  # an alias that we never allowed
        b"\x30\x05\x00\x01a\x05\x02",  # properties longer than their packet
        b"\x30\x06\x00\x01a\x02\x02\x00",  # a property that is cut off
        b"\x30\x0e\x00\x01a\x0a\x02\x00\x00\x00\x01\x02\x00\x00\x00\x01",  # the same property twice
        b"\x30\x06\x00\x01a\x02\x01\x02",  # a yes or no that is neither
        b"\x30\x06\x00\x01a\x02\x13\x00",  # a property of another packet
        b"\x30\x06\x00\x01a\x02\x7f\x00",  # a property that MQTT does not know
        b"\x30\x09\x00\x01a\x05\x03\x00\x09ab",  # a text longer than its properties
        b"\x30\x03\x00\x01a",  # no properties at all
        b"\x30\x07\x00\x01a\xff\xff\xff\xff",  # a length of more than four bytes
        b"\x30\x03\x00\x00\x00",  # no topic, and no alias that would stand for it
        b"\x34\x06\x00\x01a\x00\x01\x00",  # QoS 2
        b"\x40\x01\x00",
        b"\x40\x05\x00\x01\x00\x00\x00",  # more behind the properties
        b"\x40\x05\x00\x01\x00\x02\x1f",
        b"\x40\x03\x00\x01\x91",  # packet id in use: one of us counts wrongly
        b"\x90\x03\x00\x01\x00",  # SUBACK that grants nothing
        b"\x90\x03\x00\x01\x03",
        b"\xd0\x01\x00",
        b"\xe0\x03\x00\x01\x1f",
        b"\xe1\x00",
        b"\xf0\x00",  # AUTH, which we never asked for
        b"\xf0\x02\x18\x00",
        b"\xc0\x00",
        b"\x50\x02\x00\x01",
        b"\x30\xff\xff\xff\x7f",
        b"\x30\xac\x02\x00\x01x\x00" + b"z" * 296,  # more than we have said that we can take
    ):
        with raises(LinkFault, "protocol"):
            heard(data)
            raise AssertionError(data)


def test_malformed_connacks_close_the_link():
    for data in (
        b"\x20\x02\x02\x00",
        connack(b"", present=2),
        connack(b"\x21\x00\x00"),  # a window of none
        connack(b"\x27\x00\x00\x00\x00"),
        connack(b"\x24\x02"),
        connack(b"\x25\x07"),
        connack(b"\x02\x00\x00\x00\x01"),
        b"\x20\x04\x00\x00\x00\x00",
        b"\x20\x03\x00\x00\x01",
        b"\xf0\x02\x18\x00",
        b"\x40\x02\x00\x01",
        b"\xe0\x01\x87",
        b"HTTP/1.1 400 Bad Request",
    ):
        with raises(LinkFault, "protocol"):
            heard(data, greeted=False)


@long
def test_mutated_packets_end_in_a_link_fault_or_nothing_and_never_grow_the_buffer():
    fuzz(2500, 20261122)


def fuzz(count, seed, room=128):
    """`count` streams of mutated packets; the words that ended them."""
    seeds = [
        b"\x40\x02\x00\x01",
        b"\x40\x03\x00\x01\x10",
        b"\x40\x09\x00\x01\x97\x05\x1f\x00\x02no",
        b"\xd0\x00",
        b"\x90\x04\x00\x07\x00\x01",
        b"\x33\x0f\x00\x03a/b\x00\x05\x05\x02\x00\x00\x00\x3chi",
        b"\x30\x13\x00\x01a\x0e\x26\x00\x02ab\x00\x02cd\x0b\x81\x01\x01\x01z",
        b"\xe0\x09\x9c\x07\x1c\x00\x04b.io",
        connack(b"\x21\x00\x05\x22\x00\x0a\x1f\x00\x02hi"),
    ]
    state = seed

    def draw(n):
        nonlocal state
        state = (state * 1103515245 + 12345) & 0x3FFFFFFF
        return (state >> 8) % n

    words = {}
    for _ in range(count):
        data = bytearray()
        for _ in range(1 + draw(4)):
            data += seeds[draw(len(seeds) - 1)]
        greeting = bytearray(seeds[-1])
        for _ in range(draw(4)):
            target = greeting if not draw(6) else data
            i = draw(len(target))
            how = draw(3)
            if how == 0:
                target[i] = draw(256)
            elif how == 1:
                target[i] ^= 1 << draw(8)
            else:
                target[:] = target[:i] + target[i + draw(3) :] + bytes([draw(256)])
        sink = Sink()
        reader = packets_v5.Reader(sink, room)
        wire = Bytes(bytes(greeting) + bytes(data), 1 + draw(40))
        word = "whole"
        try:
            for _ in range(len(data) + len(greeting) + 5):
                if not reader.read(wire, room):
                    break
        except LinkFault as fault:
            word = fault.word
        words[word] = words.get(word, 0) + 1
        assert len(reader.buf) == room
    assert words["protocol"] > count // 5 and words["whole"] > count // 5, words
    known = {packets_v5.word_of(code) for code in range(0x80, 0xA3)} | {"whole", "closed", "version"}
    assert set(words) <= known, words
    return words
