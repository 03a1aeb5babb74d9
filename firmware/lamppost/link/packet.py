"""What the broker sends, cut into packets and bounded; what comes seldom is read in link/heard.py."""

from micropython import const

from ..core.borrow import once
from ..core.faults import LinkFault

# first byte of a packet
_CONNACK = const(0x20)
_PUBACK = const(0x40)
_PINGRESP = const(0xD0)

LIMIT = const(262144)  # bytes of a packet's remaining length beyond which we do not even skip it


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
        if first == _PINGRESP and at == end and self._greeted:
            self._sink.ponged()
        else:
            once("link.heard", "packet", self, first, at, end)

    def _oversize(self, at, body, size):
        once("link.heard", "oversize", self, at, body, size)
