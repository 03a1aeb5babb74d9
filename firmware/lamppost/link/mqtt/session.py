"""One MQTT connection: sends whole packets, reads acknowledgements as they come, notices when the far end is gone.

Nothing here waits for one message: `send` writes what the socket takes now, `receive` reads what is there now,
`check` looks at the time. link/connection.py awaits the socket's readiness and calls them.
"""

from micropython import const

from ...core.faults import LinkFault
from . import packets

_LAST_ID = const(65535)
_PUBACK_MS = const(20000)  # beyond two keep-alives for a PUBACK, before the connection is given up
_ANSWERS = const(64)  # PUBACKs of ours that may wait for room on the wire
_DISCONNECT = b"\xe0\x00"
_PINGREQ = b"\xc0\x00"


def _nobody(entry):
    pass


class Session:
    """The session, used again for each connection.

    wire -- link/tcp.py: read(buf, most) and write(buf, at, size) -> bytes done, 0 when the socket is busy;
            they raise LinkFault("closed")
    keepalive_s -- half-open is noticed within 1.5 of it: a ping after 3/4 of silence, the end 1/2 later
    room -- bytes of the longest packet that may be received (a command); send_room -- of the wire buffer for records
    on_message(topic, body, qos, retained) -- body is valid during the call; an exception in it goes to `log`
    """

    READER = packets.Reader
    NO_PROPERTIES = b""  # of PUBLISH and SUBSCRIBE

    def __init__(self, ticks_ms, ticks_diff, keepalive_s=60, room=1024, on_message=None, log=print, send_room=1024):
        self._ticks_ms = ticks_ms
        self._ticks_diff = ticks_diff
        self._keepalive_ms = keepalive_s * 1000
        self._on_message = on_message
        self._log = log
        self._reader = self.READER(self, room)
        self.on_acknowledged = _nobody  # called with a record's entry when its PUBACK has come
        self.buf = bytearray(send_room)  # the one wire buffer: records are laid out in it and sent from it
        self.last_id = 0  # the packet id given out last
        self.resend = {}  # (boot, seq) -> packet id of records that the broker's kept session may have seen
        self.in_flight = {}  # packet id -> what on_acknowledged gets; None for our own (state, subscribe, ...)
        self.skipped = 0  # messages that had no room
        self.wire = None
        self.retain = True  # False: this broker keeps no messages for who comes later
        self._reset()

    def _reset(self):
        self.answer_size = 4  # bytes of a PUBACK
        self.quota = _LAST_ID  # publishes that may be in flight at once, ours too: a broker may allow fewer
        self._out = self.buf  # where unsent bytes are: buf, or a packet of its own
        self._out_at = 0
        self._out_end = 0
        self._answers = []  # PUBACKs for what we received, waiting for room on the wire
        self.accepted = False  # the broker's CONNACK said yes
        self.session_present = False
        self.subscribed_to = False  # the broker granted what we asked for last
        self._pinged = False  # a PINGREQ is out, sent at _pinged_at, and nothing has come since
        self._pinged_at = 0
        self._received_at = self._sent_at = self._ticks_ms()
        self._acknowledged_at = self._received_at  # when the window last moved

    def connect_packet(self, broker, will):
        """CONNECT for a link/broker_settings.py; will -- (topic, body)."""
        b = broker
        return packets.connect(b.client_id, b.keepalive_s, b.clean, b.user, b.password, will)

    def begin(self, wire, connect):
        """A new connection: send CONNECT (bytes). `accepted` becomes true when the broker has accepted it."""
        self.wire = wire
        self._reader.reset()
        self._reset()
        self.in_flight.clear()
        self._push(connect, 0, len(connect))

    def close(self, polite=False):
        """End the connection; polite -- say so, so that the broker does not publish the will."""
        if self.wire is None:
            return
        if polite and self.free:
            try:
                self._push(_DISCONNECT, 0, 2)
            except LinkFault:
                pass  # it is gone already
        self.wire.close()
        self.wire = None

    # -- sending

    @property
    def free(self):
        """True when the wire buffer may be used: all before has been given to the socket."""
        return self._out_at == self._out_end

    def next_id(self):
        """A packet id that is not in flight; after 65535 comes 1."""
        pid = self.last_id
        while True:
            pid = 1 if pid >= _LAST_ID else pid + 1
            if pid not in self.in_flight:
                self.last_id = pid
                return pid

    def send(self, start, end):
        """Send buf[start:end], whole packets in one write; what the socket does not take goes with `flush`."""
        n = self.wire.write(self.buf, start, end - start)
        self._sent_at = self._ticks_ms()
        if n != end - start:
            self._out = self.buf
            self._out_at = start + n
            self._out_end = end

    def _push(self, data, start, end):
        n = self.wire.write(data, start, end - start)
        self._sent_at = self._ticks_ms()
        self._out = data
        self._out_at = start + n
        self._out_end = end

    def flush(self):
        """Give the socket what it did not take before; True when nothing is left."""
        if self._out_at != self._out_end:
            n = self.wire.write(self._out, self._out_at, self._out_end - self._out_at)
            self._out_at += n
            if self._out_at != self._out_end:
                return False
        while self._answers:
            pid = self._answers.pop(0)
            self._push(bytes((0x40, 2, pid >> 8, pid & 255)), 0, 4)
            if self._out_at != self._out_end:
                return False
        return True

    def publish(self, topic, pieces, qos=0, retain=False):
        """Send something that is no record; True if it is on its way, False if the wire is busy or down."""
        if not self.accepted or (qos and len(self.in_flight) >= self.quota) or not self.flush():
            return False
        pid = 0
        if qos:
            pid = self.next_id()
            self.in_flight[pid] = None
        data = packets.publish(topic, [self.NO_PROPERTIES] + pieces, qos, retain and self.retain, pid)
        self._push(data, 0, len(data))
        return True

    def subscribe(self, topics):
        """Ask for topics at QoS 1; True if it is on its way."""
        if not self.flush():
            return False
        pid = self.next_id()
        self.in_flight[pid] = None
        data = packets.subscribe(pid, topics, 1, self.NO_PROPERTIES)
        self._push(data, 0, len(data))
        return True

    # -- receiving

    def receive(self):
        """Read of what is there now and act on it; returns bytes read, 0: nothing there.

        Asks for no more than the acknowledgements that may have come: the socket is then not asked a second time
        whether there is more, which would cost as much again.
        """
        n = self._reader.read(self.wire, self.answer_size * len(self.in_flight) or len(self._reader.buf))
        if n:
            self._received_at = self._ticks_ms()
            self._pinged = False
        return n

    def connected(self, session_present):
        self.accepted = True
        self.session_present = session_present
        if not session_present:
            self.resend.clear()

    def acknowledged(self, pid):
        entry = self.in_flight.pop(pid, _nobody)
        if entry is not _nobody:  # an id that we do not know is harmless: nothing waits for it
            self._acknowledged_at = self._received_at
            if entry is not None:
                self.on_acknowledged(entry)

    def subscribed(self, pid, granted):
        self.in_flight.pop(pid, None)
        self.subscribed_to = granted
        if not granted:
            # no commands then: telemetry matters more
            self._log("link: the broker refuses the subscription")

    def ponged(self):
        pass  # receive() has noted that something came

    def received(self, topic, body, qos, retained, pid):
        if qos:
            self._answer(pid)
        try:
            if self._on_message:
                self._on_message(topic, body, qos, retained)
        except Exception as error:
            # a command must not be able to take the link down
            self._log("link: message on %s: %r" % (topic, error))

    def too_long(self, qos, pid):
        """Too long for us: acknowledged all the same, or the broker would send it again for ever."""
        self.skipped += 1
        self._log("link: a message too long for this node was skipped")
        if qos:
            self._answer(pid)

    def _answer(self, pid):
        if len(self._answers) >= _ANSWERS:
            raise LinkFault("protocol", "more messages than a client may have in flight")
        self._answers.append(pid)

    # -- time

    def check(self):
        """To be called several times a second: pings, and raises LinkFault when the far end has gone silent."""
        now = self._ticks_ms()
        keepalive = self._keepalive_ms
        diff = self._ticks_diff
        silent = diff(now, self._received_at)
        if keepalive:
            if self._pinged:
                if diff(now, self._pinged_at) * 2 >= keepalive:
                    raise LinkFault("halfopen", "nothing received for %d ms" % silent)
            elif not self.flush():
                # the socket takes nothing: the far end does not read, or its answers are lost
                if silent * 4 >= keepalive * 5:
                    raise LinkFault("halfopen", "no data accepted for %d ms" % silent)
            elif silent * 4 >= keepalive * 3 or diff(now, self._sent_at) * 4 >= keepalive * 3:
                self._push(_PINGREQ, 0, 2)
                self._pinged = True
                self._pinged_at = now
        if not self.in_flight:
            self._acknowledged_at = now
        elif diff(now, self._acknowledged_at) > _PUBACK_MS + 2 * keepalive:
            raise LinkFault("timeout", "a publish has not been acknowledged")
