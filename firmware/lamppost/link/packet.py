"""MQTT 3.1.1 packets as bytes, both ways: what is sent is laid out here, what is read is bounded here."""

from micropython import const

from ..core.faults import LinkFault

# first byte of a packet
_CONNACK = const(0x20)
_PUBLISH = const(0x30)
_PUBACK = const(0x40)
_SUBACK = const(0x90)
_PINGRESP = const(0xD0)
PINGREQ = b"\xc0\x00"
DISCONNECT = b"\xe0\x00"
NOTHING = b""  # the properties that SUBSCRIBE has

LIMIT = const(262144)  # bytes of a packet's remaining length beyond which we do not even skip it

_REFUSALS = (None, "version", "badclientid", "unavailable", "badlogin", "notallowed")  # CONNACK return codes


def length(value):
    """The "remaining length" of the fixed header, 1 to 4 bytes."""
    out = bytearray()
    while True:
        out.append(value & 127 | (128 if value > 127 else 0))
        value >>= 7
        if not value:
            return bytes(out)


def text(data):
    """A text as MQTT has it: its length before it."""
    if isinstance(data, str):
        data = data.encode()
    if len(data) > 65535:
        raise ValueError("longer than 65535 bytes")
    return bytes((len(data) >> 8, len(data) & 255)) + data


def publish(topic, body, qos=0, retain=False, pid=0):
    """PUBLISH in one piece, for what is sent seldom; records go through link/sender.py without a copy."""
    head = text(topic)
    if qos:
        head += bytes((pid >> 8, pid & 255))
    first = _PUBLISH | qos << 1 | (1 if retain else 0)
    return bytes((first,)) + length(len(head) + len(body)) + head + body


def header_into(buf, at, size, first):
    """Write the fixed header of a packet; returns where its rest goes. Allocates nothing.

    first -- the first byte; size -- the remaining length
    """
    buf[at] = first
    at += 1
    while size > 127:
        buf[at] = size & 127 | 128
        size >>= 7
        at += 1
    buf[at] = size
    return at + 1


class Reader:
    """Cuts the broker's bytes into packets and tells the sink; holds at most `room` bytes, whatever comes.

    sink -- connected(session_present), acknowledged(pid), subscribed(pid, granted), ponged() and
            received(topic, body, qos, retained, pid), where body is a memoryview that is valid during the call.
    A PUBLISH that has no room is skipped: sink.too_long(qos, pid). Everything malformed, and a packet
    beyond 256 KiB, raises LinkFault("protocol").
    """

    def __init__(self, sink, room=1024):
        self._sink = sink
        self.buf = bytearray(room)
        self._view = memoryview(self.buf)
        self.reset()

    def reset(self):
        """A new connection begins."""
        self._have = 0  # bytes at the start of buf that belong to a packet not yet whole
        self._skip = 0  # bytes still to come of a packet that had no room
        self._greeted = False  # CONNACK was there

    def read(self, wire, most):
        """Take what the wire has and tell of every whole packet; returns bytes read, 0: nothing there now.

        most -- bytes to take at once while no packet is half here
        """
        have = self._have
        n = wire.read(self._view[have:], len(self.buf) - have) if have else wire.read(self.buf, most)
        if n:
            self._have = self._packets(have + n)
        return n

    def _packets(self, end):
        buf = self.buf
        sink = self._sink
        at = 0
        if self._skip:
            at = min(self._skip, end)
            self._skip -= at
        if not self._greeted and end and buf[0] != _CONNACK:
            # said at once: what is no broker may never send as much as its first bytes seem to promise
            raise LinkFault("protocol", "no CONNACK, but %02x" % buf[0])
        while end - at >= 2:
            # PUBACK is nearly all that ever comes
            if buf[at] == _PUBACK and buf[at + 1] == 2 and self._greeted:
                if end - at < 4:
                    break
                sink.acknowledged(buf[at + 2] << 8 | buf[at + 3])
                at += 4
                continue
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
                self._oversize(at, body, size)
                self._skip = body + size - end
                return 0
            if body + size > end:
                break
            self._packet(buf[at], body, body + size)
            at = body + size
        rest = end - at
        if rest and at:
            buf[:rest] = self._view[at:end]
        return rest

    def _packet(self, first, at, end):
        buf = self.buf
        size = end - at
        kind = first & 0xF0
        if not self._greeted:
            if size != 2 or buf[at] > 1:
                raise LinkFault("protocol", "CONNACK of %d bytes" % size)
            code = buf[at + 1]
            if code:
                raise LinkFault(_REFUSALS[code] if code < 6 else "protocol", "CONNACK code %d" % code)
            self._greeted = True
            self._sink.connected(bool(buf[at]))
        elif kind == _PUBLISH:
            qos, topic_end, body, pid = self._heading(first, at, end)
            topic = bytes(self._view[at + 2 : topic_end])
            self._sink.received(topic, self._view[body:end], qos, bool(first & 1), pid)
        elif first == _SUBACK and size >= 3:
            granted = True
            for i in range(at + 2, end):
                granted = granted and buf[i] < 3
            self._sink.subscribed(buf[at] << 8 | buf[at + 1], granted)
        elif first == _PINGRESP and size == 0:
            self._sink.ponged()
        else:
            raise LinkFault("protocol", "unexpected packet %02x of %d bytes" % (first, size))

    def _heading(self, first, at, end):
        """Topic and packet id of a PUBLISH -> (qos, end of topic, start of body, packet id or 0)."""
        buf = self.buf
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

    def _oversize(self, at, body, size):
        first = self.buf[at]
        if not self._greeted or first & 0xF0 != _PUBLISH:
            raise LinkFault("protocol", "packet %02x of %d bytes" % (first, size))
        # fails as malformed too if the topic alone has no room
        qos, _, _, pid = self._heading(first, body, len(self.buf))
        self._sink.too_long(qos, pid)
