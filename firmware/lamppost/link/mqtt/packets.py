"""MQTT 3.1.1 packets as bytes, both ways; packets_v5.py has what MQTT 5.0 adds."""

from micropython import const

from ...core.faults import LinkFault

# first byte of a packet
_CONNECT = const(0x10)
_CONNACK = const(0x20)
PUBLISH = const(0x30)
PUBACK = const(0x40)
_SUBSCRIBE = const(0x82)
SUBACK = const(0x90)
PINGRESP = const(0xD0)

LIMIT = const(262144)  # bytes of a packet's remaining length beyond which we do not even skip it

_REFUSALS = (None, "version", "badclientid", "unavailable", "badlogin", "notallowed")  # CONNACK return codes


# -- building packets that are sent seldom; records are laid out by publisher.py without a copy


def length(value):
    """The "remaining length" of the fixed header, 1 to 4 bytes."""
    out = bytearray()
    while True:
        out.append(value & 127 | (128 if value > 127 else 0))
        value >>= 7
        if not value:
            return bytes(out)


def text(data):
    """A string as MQTT encodes it: its length before it."""
    if isinstance(data, str):
        data = data.encode()
    if len(data) > 65535:
        raise ValueError("longer than 65535 bytes")
    return bytes((len(data) >> 8, len(data) & 255)) + data


def connect(
    client_id, keepalive_s, clean=True, user=None, password=None, will=None, version=4, properties=b"",
    will_properties=b"", retain=True,
):  # fmt: skip
    """CONNECT; will -- (topic, body), sent by the broker at QoS 1 and retained when we vanish.

    version, properties, will_properties -- see packets_v5.py; retain -- False: the will is not retained
    """
    flags = 2 if clean else 0
    payload = text(client_id)
    if will:
        flags |= 0x2C if retain else 0x0C  # will, QoS 1
        payload += will_properties + text(will[0]) + text(will[1])
    if user is not None:
        flags |= 0x80
        payload += text(user)
        if password is not None:
            flags |= 0x40
            payload += text(password)
    head = b"\x00\x04MQTT" + bytes((version, flags, keepalive_s >> 8, keepalive_s & 255)) + properties
    return bytes((_CONNECT,)) + length(len(head) + len(payload)) + head + payload


def subscribe(pid, topics, qos=1, properties=b""):
    """SUBSCRIBE to a list of topic filters."""
    payload = bytes((pid >> 8, pid & 255)) + properties
    for topic in topics:
        payload += text(topic) + bytes((qos,))
    return bytes((_SUBSCRIBE,)) + length(len(payload)) + payload


def publish(topic, pieces, qos=0, retain=False, pid=0):
    """PUBLISH of a payload, a list of bytes."""
    head = text(topic)
    if qos:
        head += bytes((pid >> 8, pid & 255))
    size = sum(len(piece) for piece in pieces)
    first = PUBLISH | qos << 1 | (1 if retain else 0)
    head = bytes((first,)) + length(len(head) + size) + head
    packet = bytearray(len(head) + size)
    end = 0
    for piece in [head] + pieces:
        packet[end : end + len(piece)] = piece
        end += len(piece)
    return packet


# -- reading what the broker sends


class Reader:
    """Cuts the broker's bytes into packets and passes them to a sink; holds at most `room` bytes, whatever comes.

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
        self._accepted = False  # CONNACK has come

    def read(self, wire, most):
        """Take what the wire has and pass on every whole packet; returns bytes read, 0: nothing there now.

        most -- bytes to take at once while no packet is half here
        """
        have = self._have
        n = wire.read(self._view[have:], len(self.buf) - have) if have else wire.read(self.buf, most)
        if n:
            self._have = self._packets(have + n)
        return n

    def _packets(self, end):
        buf = self.buf
        start = min(self._skip, end)
        self._skip -= start
        if self._accepted:
            # PUBACK is nearly all that ever comes
            while end - start >= 4 and buf[start] == PUBACK and buf[start + 1] == 2:
                self._sink.acknowledged(buf[start + 2] << 8 | buf[start + 3])
                start += 4
            if end - start == 2 and buf[start] == PINGRESP and not buf[start + 1]:
                self._sink.ponged()
                return 0
        return self._cut(start, end) if start < end else 0

    def _cut(self, start, end):
        """Pass on every whole packet in buf[start:end]; the rest moves to the front, and its length is returned."""
        buf = self.buf
        if not self._accepted and end and buf[0] != _CONNACK:
            # refused at once: a stranger may never send as much as its first bytes seem to promise
            raise LinkFault("protocol", "no CONNACK, but %02x" % buf[0])
        while end - start >= 2:
            size = shift = 0
            body = start + 1
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
            if body - start + size > len(buf):
                if end - start < len(buf):
                    break  # first see as much of it as there is room for: its packet id is there
                self._oversize(start, body, size)
                self._skip = body + size - end
                return 0
            if body + size > end:
                break
            if buf[start] == PUBACK and size == 2 and self._accepted:
                self._sink.acknowledged(buf[body] << 8 | buf[body + 1])
            elif buf[start] == PINGRESP and not size and self._accepted:
                self._sink.ponged()
            else:
                self._packet(buf[start], body, body + size)
            start = body + size
        rest = end - start
        if rest and start:
            buf[:rest] = self._view[start:end]
        return rest

    def _packet(self, first, start, end):
        """A whole packet that is neither PUBACK nor PINGRESP, its body in buf[start:end]."""
        buf = self.buf
        size = end - start
        if not self._accepted:
            if size != 2 or buf[start] > 1:
                raise LinkFault("protocol", "CONNACK of %d bytes" % size)
            code = buf[start + 1]
            if code:
                raise LinkFault(_REFUSALS[code] if code < 6 else "protocol", "CONNACK code %d" % code)
            self._accepted = True
            self._sink.connected(bool(buf[start]))
        elif first & 0xF0 == PUBLISH:
            qos, topic_end, body, pid = self._heading(first, start, end)
            topic = bytes(self._view[start + 2 : topic_end])
            self._sink.received(topic, self._view[body:end], qos, bool(first & 1), pid)
        elif first == SUBACK and size >= 3:
            granted = True
            for i in range(start + 2, end):
                granted = granted and buf[i] < 3
            self._sink.subscribed(buf[start] << 8 | buf[start + 1], granted)
        else:
            raise LinkFault("protocol", "unexpected packet %02x of %d bytes" % (first, size))

    def _heading(self, first, start, end):
        """Topic and packet id of a PUBLISH -> (qos, end of topic, start of body, packet id or 0)."""
        buf = self.buf
        qos = first >> 1 & 3
        if qos > 1 or end - start < 2:
            raise LinkFault("protocol", "PUBLISH %02x" % first)
        topic_end = body = start + 2 + (buf[start] << 8 | buf[start + 1])
        pid = 0
        if qos:
            body += 2
        if body > end or topic_end == start + 2:
            raise LinkFault("protocol", "PUBLISH with a topic of %d bytes" % (topic_end - start - 2))
        if qos:
            pid = buf[topic_end] << 8 | buf[topic_end + 1]
            if not pid:
                raise LinkFault("protocol", "packet id 0")
        return qos, topic_end, body, pid

    def _oversize(self, start, body, size):
        """The packet at `start` has more bytes than there is room for: only a message may."""
        first = self.buf[start]
        if not self._accepted or first & 0xF0 != PUBLISH:
            raise LinkFault("protocol", "packet %02x of %d bytes" % (first, size))
        # fails as malformed too if the topic alone has no room
        qos, _, _, pid = self._heading(first, body, len(self.buf))
        self._sink.too_long(qos, pid)
