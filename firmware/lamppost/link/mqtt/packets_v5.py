"""MQTT 5.0 packets as bytes, both ways; what both versions share is in link/mqtt/packets.py."""

from micropython import const

from ...core.faults import LinkFault
from . import packets, reasons
from .heard import cut, heading
from .hello import connect as begin
from .hello import length
from .properties import OF_ANSWERS, OF_CONNACK, OF_DISCONNECT, OF_PUBLISH, REASON, REFERENCE, read, shown

NOTHING = b"\x00"  # the properties that PUBLISH and SUBSCRIBE have
_PUBLISH = const(0x30)
_PUBACK = const(0x40)
_SUBACK = const(0x90)
_PINGRESP = const(0xD0)
_DISCONNECT = const(0xE0)

_RECEIVE = const(16)  # messages that the broker may send before we have acknowledged one


def connect(
    client_id, keepalive_s, clean=True, user=None, password=None, will=None, session_s=0, room=1024, retain=True
):
    """CONNECT; session_s -- the broker keeps the session so long; room -- of the longest packet we can take."""
    properties = b"\x21\x00" + bytes((_RECEIVE,)) + b"\x22\x00\x00" + b"\x27" + room.to_bytes(4, "big")
    if session_s and not clean:
        properties += b"\x11" + session_s.to_bytes(4, "big")
    head = length(len(properties)) + properties
    return begin(client_id, keepalive_s, clean, user, password, will, 5, head, b"\x00", retain)


def fault(what, code, found):
    """The LinkFault of a reason code that is a refusal."""
    word = reasons.word(code)
    if word is None:
        return LinkFault("protocol", "%s with reason code %02x" % (what, code))
    said = found.get(REASON, b"")
    if word == "redirected":
        # said, and tried again where the configuration says: a broker must not be able to lead a street away
        said = b"use " + found.get(REFERENCE, b"another server")
    return LinkFault(word, "%s code %02x %s" % (what, code, shown(said)))


class Reader(packets.Reader):
    """As packet.Reader; the sink has connected(session_present, properties) and refused(pid, fault) besides."""

    def _cut(self, at, end):
        return cut(self, at, end)  # here it is no seldom thing: acknowledgements have their reasons

    def _packet(self, first, at, end):
        size = end - at
        if not self._greeted:
            self._connack(at, end)
        elif first & 0xF0 == _PUBLISH:
            qos, topic_end, body, pid = heading(self, first, at, end)
            topic = bytes(self._view[at + 2 : topic_end])
            _, body = read(self.buf, body, end, OF_PUBLISH)
            self._sink.received(topic, self._view[body:end], qos, bool(first & 1), pid)
        elif first == _PUBACK and size >= 3:
            self._puback(at, end)
        elif first == _SUBACK and size >= 4:
            self._suback(at, end)
        elif first == _PINGRESP and size == 0:
            self._sink.ponged()
        elif first == _DISCONNECT:
            code = self.buf[at] if size else 0
            found = read(self.buf, at + 1, end, OF_DISCONNECT)[0] if size > 1 else {}
            if code:
                raise fault("DISCONNECT", code, found)
            raise LinkFault("closed", "by the broker, with a word")
        else:
            raise LinkFault("protocol", "unexpected packet %02x of %d bytes" % (first, size))

    def _connack(self, at, end):
        buf = self.buf
        if end - at == 2 and buf[at] == 0 and buf[at + 1] == 1:
            raise LinkFault("version", "the broker knows MQTT 3.1.1 only")  # and answers as that has it
        if end - at < 3 or buf[at] > 1:
            raise LinkFault("protocol", "CONNACK of %d bytes" % (end - at))
        found, stop = read(buf, at + 2, end, OF_CONNACK)
        if stop != end:
            raise LinkFault("protocol", "CONNACK with more behind it")
        if buf[at + 1]:
            raise fault("CONNACK", buf[at + 1], found)
        self._greeted = True
        self._sink.connected(bool(buf[at]), found)

    def _puback(self, at, end):
        buf = self.buf
        pid = buf[at] << 8 | buf[at + 1]
        code = buf[at + 2]
        found = None
        if end - at == 3:
            self._sink.answer_size = 5  # the next ones are like this one
        else:
            found, stop = read(buf, at + 3, end, OF_ANSWERS)
            if stop != end:
                raise LinkFault("protocol", "PUBACK with more behind it")
        if code in (0, 0x10):  # 0x10: nobody has subscribed to it
            self._sink.acknowledged(pid)
            return
        why = fault("PUBACK", code, found or {})
        if why.word == "protocol":
            raise why
        self._sink.refused(pid, why)

    def _suback(self, at, end):
        buf = self.buf
        found, codes = read(buf, at + 2, end, OF_ANSWERS)
        if codes == end:
            raise LinkFault("protocol", "SUBACK that grants nothing")
        granted = True
        for i in range(codes, end):
            if buf[i] > 2:
                why = fault("SUBACK", buf[i], found)
                if why.word == "protocol":
                    raise why
                granted = False
        self._sink.subscribed(buf[at] << 8 | buf[at + 1], granted)

    def _oversize(self, at, body, size):
        # CONNECT has told the broker what we can take
        raise LinkFault("protocol", "packet %02x of %d bytes" % (self.buf[at], size))
