"""MQTT 5.0 packets as bytes, both ways; what both versions share is in packets.py."""

from micropython import const

from ...core.faults import LinkFault
from . import packets
from .packets import PINGRESP, PUBACK, PUBLISH, SUBACK, length
from .properties import OF_ANSWERS, OF_CONNACK, OF_DISCONNECT, OF_PUBLISH, REASON, REFERENCE, printable, read

NO_PROPERTIES = b"\x00"  # of PUBLISH and SUBSCRIBE
_DISCONNECT = const(0xE0)
_RECEIVE = const(16)  # messages that the broker may send before we have acknowledged one

# one word of LinkFault for each reason code (MQTT 5.0, section 2.4)
REASON_WORDS = {
    "protocol": b"\x81\x82\x91\x92\x93\x94",
    "unspecified": b"\x80\x83",
    "version": b"\x84",
    "badclientid": b"\x85",
    "badlogin": b"\x86\x8c",
    "notallowed": b"\x87",
    "unavailable": b"\x88\x8b",
    "busy": b"\x89\x96\x9f",  # overloaded, or we come or send too often
    "dismissed": b"\x8a\x98\xa0",  # banned, sent away by an administrator, or connected for long enough
    "halfopen": b"\x8d",  # it has not heard us for a keep-alive and a half
    "takenover": b"\x8e",
    "badtopic": b"\x8f\x90",
    "toolarge": b"\x95",
    "quota": b"\x97",
    "badpayload": b"\x99",
    "noretain": b"\x9a",
    "noqos": b"\x9b",
    "redirected": b"\x9c\x9d",
    "nosubscription": b"\x9e\xa1\xa2",
}


def word_of(code):
    """The word of a reason code of 0x80 and above; None for one that MQTT does not define."""
    for name, codes in REASON_WORDS.items():
        if bytes((code,)) in codes:
            return name
    return None


def refusal(packet, code, found):
    """The LinkFault of a reason code that is a refusal; packet -- its name; found -- the packet's properties."""
    word = word_of(code)
    if word is None:
        return LinkFault("protocol", "%s with reason code %02x" % (packet, code))
    reason = found.get(REASON, b"")
    if word == "redirected":
        # reported, and not followed: a broker must not be able to lead a street away
        reason = b"use " + found.get(REFERENCE, b"another server")
    return LinkFault(word, "%s code %02x %s" % (packet, code, printable(reason)))


def connect(
    client_id, keepalive_s, clean=True, user=None, password=None, will=None, session_s=0, room=1024, retain=True
):
    """CONNECT; session_s -- the broker keeps the session so long; room -- of the longest packet we can take."""
    properties = b"\x21\x00" + bytes((_RECEIVE,)) + b"\x22\x00\x00" + b"\x27" + room.to_bytes(4, "big")
    if session_s and not clean:
        properties += b"\x11" + session_s.to_bytes(4, "big")
    head = length(len(properties)) + properties
    return packets.connect(client_id, keepalive_s, clean, user, password, will, 5, head, NO_PROPERTIES, retain)


class Reader(packets.Reader):
    """As packets.Reader; the sink has connected(session_present, properties) and refused(pid, fault) besides."""

    def _packet(self, first, start, end):
        size = end - start
        if not self._accepted:
            self._connack(start, end)
        elif first & 0xF0 == PUBLISH:
            qos, topic_end, body, pid = self._heading(first, start, end)
            topic = bytes(self._view[start + 2 : topic_end])
            _, body = read(self.buf, body, end, OF_PUBLISH)
            self._sink.received(topic, self._view[body:end], qos, bool(first & 1), pid)
        elif first == PUBACK and size >= 3:
            self._puback(start, end)
        elif first == SUBACK and size >= 4:
            self._suback(start, end)
        elif first == PINGRESP and size == 0:
            self._sink.ponged()
        elif first == _DISCONNECT:
            code = self.buf[start] if size else 0
            found = read(self.buf, start + 1, end, OF_DISCONNECT)[0] if size > 1 else {}
            if code:
                raise refusal("DISCONNECT", code, found)
            raise LinkFault("closed", "by the broker, with a DISCONNECT")
        else:
            raise LinkFault("protocol", "unexpected packet %02x of %d bytes" % (first, size))

    def _connack(self, start, end):
        buf = self.buf
        if end - start == 2 and buf[start] <= 1:
            # it has no properties: whatever its code says, it is an answer of MQTT 3.1.1
            raise LinkFault("version", "the broker speaks MQTT 3.1.1 only")
        if end - start < 3 or buf[start] > 1:
            raise LinkFault("protocol", "CONNACK of %d bytes" % (end - start))
        found, stop = read(buf, start + 2, end, OF_CONNACK)
        if stop != end:
            raise LinkFault("protocol", "CONNACK with extra bytes")
        if buf[start + 1]:
            raise refusal("CONNACK", buf[start + 1], found)
        self._accepted = True
        self._sink.connected(bool(buf[start]), found)

    def _puback(self, start, end):
        buf = self.buf
        pid = buf[start] << 8 | buf[start + 1]
        code = buf[start + 2]
        found = None
        if end - start == 3:
            self._sink.answer_size = 5  # the next ones are like this one
        else:
            found, stop = read(buf, start + 3, end, OF_ANSWERS)
            if stop != end:
                raise LinkFault("protocol", "PUBACK with extra bytes")
        if code in (0, 0x10):  # 0x10: nobody has subscribed to it
            self._sink.acknowledged(pid)
            return
        fault = refusal("PUBACK", code, found or {})
        if fault.word == "protocol":
            raise fault
        self._sink.refused(pid, fault)

    def _suback(self, start, end):
        buf = self.buf
        found, codes = read(buf, start + 2, end, OF_ANSWERS)
        if codes == end:
            raise LinkFault("protocol", "SUBACK that grants nothing")
        granted = True
        for i in range(codes, end):
            if buf[i] > 2:
                fault = refusal("SUBACK", buf[i], found)
                if fault.word == "protocol":
                    raise fault
                granted = False
        self._sink.subscribed(buf[start] << 8 | buf[start + 1], granted)

    def _oversize(self, start, body, size):
        # CONNECT has told the broker what we can take
        raise LinkFault("protocol", "packet %02x of %d bytes" % (self.buf[start], size))
