"""What the broker sends, cut into packets and bounded; what comes seldom is read in link/mqtt/heard.py."""

from micropython import const

from ...core.borrow import once

# first byte of a packet
_PUBACK = const(0x40)
PINGRESP = const(0xD0)

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
        at = min(self._skip, end)
        self._skip -= at
        if self._greeted:
            # PUBACK is nearly all that ever comes
            while end - at >= 4 and buf[at] == _PUBACK and buf[at + 1] == 2:
                self._sink.acknowledged(buf[at + 2] << 8 | buf[at + 3])
                at += 4
            if end - at == 2 and buf[at] == PINGRESP and not buf[at + 1]:
                self._sink.ponged()
                return 0
        return self._cut(at, end) if at < end else 0

    def _cut(self, at, end):
        return once("link.mqtt.heard", "cut", self, at, end)

    def _packet(self, first, at, end):
        once("link.mqtt.heard", "packet", self, first, at, end)

    def _oversize(self, at, body, size):
        once("link.mqtt.heard", "oversize", self, at, body, size)
