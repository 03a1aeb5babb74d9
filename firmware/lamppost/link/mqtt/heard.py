"""What the broker sends beside acknowledgements, cut into packets and passed on; loaded for each."""

from micropython import const

from ...core.faults import LinkFault
from .packets import LIMIT, PINGRESP

_CONNACK = const(0x20)  # first byte of a packet
_PUBLISH = const(0x30)
_PUBACK = const(0x40)
_SUBACK = const(0x90)
_ANSWERS = const(64)  # PUBACKs that may wait for room on the wire

_REFUSALS = (None, "version", "badclientid", "unavailable", "badlogin", "notallowed")  # CONNACK return codes


def cut(reader, at, end):
    """Tell of every whole packet in buf[at:end]; the rest is moved to the front, and its length returned."""
    buf = reader.buf
    if not reader._greeted and end and buf[0] != _CONNACK:
        # said at once: what is no broker may never send as much as its first bytes seem to promise
        raise LinkFault("protocol", "no CONNACK, but %02x" % buf[0])
    while end - at >= 2:
        size = shift = 0
        body = at + 1
        while True:
            if body == end:
                size = -1  # the header itself is not whole yet
                break
            byte = buf[body]
            size |= (byte & 127) << shift
            body += 1
            shift += 7
            if byte < 128:
                break
            if shift == 28:
                raise LinkFault("protocol", "packet length of more than 4 bytes")
        if size < 0:
            break
        if size > LIMIT:
            raise LinkFault("protocol", "packet of %d bytes" % size)
        if body - at + size > len(buf):
            if end - at < len(buf):
                break  # first see as much of it as there is room for: its packet id is there
            reader._oversize(at, body, size)
            reader._skip = body + size - end
            return 0
        if body + size > end:
            break
        if buf[at] == _PUBACK and size == 2 and reader._greeted:
            reader._sink.acknowledged(buf[body] << 8 | buf[body + 1])
        elif buf[at] == PINGRESP and not size and reader._greeted:
            reader._sink.ponged()
        else:
            reader._packet(buf[at], body, body + size)
        at = body + size
    rest = end - at
    if rest and at:
        buf[:rest] = reader._view[at:end]
    return rest


def packet(reader, first, at, end):
    """Tell the reader's sink of a whole packet, its body at buf[at:end]."""
    buf = reader.buf
    size = end - at
    kind = first & 0xF0
    if not reader._greeted:
        if size != 2 or buf[at] > 1:
            raise LinkFault("protocol", "CONNACK of %d bytes" % size)
        code = buf[at + 1]
        if code:
            raise LinkFault(_REFUSALS[code] if code < 6 else "protocol", "CONNACK code %d" % code)
        reader._greeted = True
        reader._sink.connected(bool(buf[at]))
    elif kind == _PUBLISH:
        qos, topic_end, body, pid = heading(reader, first, at, end)
        topic = bytes(reader._view[at + 2 : topic_end])
        reader._sink.received(topic, reader._view[body:end], qos, bool(first & 1), pid)
    elif first == _SUBACK and size >= 3:
        granted = True
        for i in range(at + 2, end):
            granted = granted and buf[i] < 3
        reader._sink.subscribed(buf[at] << 8 | buf[at + 1], granted)
    else:
        raise LinkFault("protocol", "unexpected packet %02x of %d bytes" % (first, size))


def heading(reader, first, at, end):
    """Topic and packet id of a PUBLISH -> (qos, end of topic, start of body, packet id or 0)."""
    buf = reader.buf
    qos = first >> 1 & 3
    if qos > 1 or end - at < 2:
        raise LinkFault("protocol", "PUBLISH %02x" % first)
    topic_end = body = at + 2 + (buf[at] << 8 | buf[at + 1])
    pid = 0
    if qos:
        body += 2
    if body > end or topic_end == at + 2:
        raise LinkFault("protocol", "PUBLISH with a topic of %d bytes" % (topic_end - at - 2))
    if qos:
        pid = buf[topic_end] << 8 | buf[topic_end + 1]
        if not pid:
            raise LinkFault("protocol", "packet id 0")
    return qos, topic_end, body, pid


def oversize(reader, at, body, size):
    """A packet at `at` has more bytes than the reader has room for: only a message may."""
    first = reader.buf[at]
    if not reader._greeted or first & 0xF0 != _PUBLISH:
        raise LinkFault("protocol", "packet %02x of %d bytes" % (first, size))
    # fails as malformed too if the topic alone has no room
    qos, _, _, pid = heading(reader, first, body, len(reader.buf))
    reader._sink.too_long(qos, pid)


def received(mqtt, topic, body, qos, retained, pid):
    """See Mqtt.received."""
    if qos:
        _answer(mqtt, pid)
    try:
        if mqtt._on_message:
            mqtt._on_message(topic, body, qos, retained)
    except Exception as error:
        # a command must not be able to take the link down
        mqtt._log("link: message on %s: %r" % (topic, error))


def too_long(mqtt, qos, pid):
    """See Mqtt.too_long."""
    mqtt.skipped += 1
    mqtt._log("link: a message too long for this node was skipped")
    if qos:
        _answer(mqtt, pid)


def _answer(mqtt, pid):
    if len(mqtt._answers) >= _ANSWERS:
        raise LinkFault("protocol", "more messages than anybody may have in flight")
    mqtt._answers.append(pid)
