"""One MQTT connection: sends whole packets, hears acknowledgements as they come, notices when the far end is gone.

Nothing here waits for one message: `send` writes what the socket takes now, `hear` reads what is there now,
`check` looks at the time. link/connection.py awaits the socket's readiness and calls them.
"""

from micropython import const

from ...core.borrow import once
from ...core.faults import LinkFault
from .packets import Reader

_LAST_ID = const(65535)
_PATIENCE_MS = const(20000)  # beyond two keep-alives for a PUBACK, before the connection is given up
_DISCONNECT = b"\xe0\x00"
_PINGREQ = b"\xc0\x00"


def _nobody(entry):
    pass


class Mqtt:
    """The session, used again for each connection.

    wire -- link/tcp.py: read(buf, most) and write(buf, at, size) -> bytes done, 0 when the socket is busy;
            they raise LinkFault("closed")
    keepalive_s -- half-open is noticed within 1.5 of it: a ping after 3/4 of silence, the end 1/2 later
    room -- bytes of the longest packet that may be received (a command); send_room -- of the wire buffer for records
    on_message(topic, body, qos, retained) -- body is valid during the call; an exception in it is told to `log`
    """

    READER = Reader
    NOTHING = b""  # the properties that PUBLISH and SUBSCRIBE have

    def __init__(self, ticks_ms, ticks_diff, keepalive_s=60, room=1024, on_message=None, log=print, send_room=1024):
        self._ticks_ms = ticks_ms
        self._ticks_diff = ticks_diff
        self._keepalive_ms = keepalive_s * 1000
        self._on_message = on_message
        self._log = log
        self._reader = self.READER(self, room)
        self.on_acknowledged = _nobody  # called with a record's entry when its PUBACK has come
        self.buf = bytearray(send_room)  # the one wire buffer: records are laid out in it and sent from it
        self._next_id = 0
        self.resend = {}  # (boot, seq) -> packet id of records that the broker's kept session may have seen
        self.flying = {}  # packet id -> what on_acknowledged gets; None for our own (state, subscribe, ...)
        self.skipped = 0  # messages that had no room
        self.wire = None
        self.retain = True  # False: this broker keeps no messages for who comes later
        self._forget()

    def _forget(self):
        self.answer_size = 4  # bytes of a PUBACK
        self.quota = _LAST_ID  # publishes that may be in flight at once, ours too: a broker may allow fewer
        self._out = self.buf  # where unsent bytes are: buf, or a packet of its own
        self._out_at = 0
        self._out_end = 0
        self._answers = []  # PUBACKs for what we received, waiting for room on the wire
        self.greeted = False
        self.session_present = False
        self._pinged = False  # a PINGREQ is out, sent at _pinged_at, and nothing has come since
        self._pinged_at = 0
        self._heard = self._spoke = self._ticks_ms()
        self._unacknowledged = self._heard  # when the window last moved

    def hello(self, broker, will):
        """CONNECT for a link/broker_settings.py; will -- (topic, body)."""
        b = broker
        return once("link.mqtt.hello", "connect", b.client_id, b.keepalive_s, b.clean, b.user, b.password, will)

    def lend(self, size):
        """Make the wire buffer, of so many bytes; 0: give it back, nobody has records to send."""
        self.buf = bytearray(size)
        if self.free:
            self._out = self.buf
        if not size:
            self.on_acknowledged = _nobody

    def begin(self, wire, connect):
        """A new connection: send CONNECT (bytes). `greeted` becomes true when the broker has accepted it."""
        self.wire = wire
        self._reader.reset()
        self._forget()
        self.flying.clear()
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
        pid = self._next_id
        while True:
            pid = 1 if pid >= _LAST_ID else pid + 1
            if pid not in self.flying:
                self._next_id = pid
                return pid

    def send(self, start, end):
        """Send buf[start:end], whole packets in one write; what the socket does not take goes with `flush`."""
        n = self.wire.write(self.buf, start, end - start)
        self._spoke = self._ticks_ms()
        if n != end - start:
            self._out = self.buf
            self._out_at = start + n
            self._out_end = end

    def _push(self, data, start, end):
        n = self.wire.write(data, start, end - start)
        self._spoke = self._ticks_ms()
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
        return once("link.mqtt.hello", "say", self, topic, pieces, qos, retain)

    def subscribe(self, topics):
        """Ask for topics at QoS 1; True if it is on its way."""
        return once("link.mqtt.hello", "ask", self, topics)

    # -- hearing

    def hear(self):
        """Read of what is there now and act on it; returns bytes read, 0: nothing there.

        Asks for no more than the acknowledgements that may have come: the socket is then not asked a second time
        whether there is more, which would cost as much again.
        """
        n = self._reader.read(self.wire, self.answer_size * len(self.flying) or len(self._reader.buf))
        if n:
            self._heard = self._ticks_ms()
            self._pinged = False
        return n

    def connected(self, session_present):
        self.greeted = True
        self.session_present = session_present
        if not session_present:
            self.resend.clear()

    def acknowledged(self, pid):
        entry = self.flying.pop(pid, _nobody)
        if entry is not _nobody:  # an id that we do not know is harmless: nothing waits for it
            self._unacknowledged = self._heard
            if entry is not None:
                self.on_acknowledged(entry)

    def subscribed(self, pid, granted):
        once("link.mqtt.hello", "granted", self, pid, granted)

    def ponged(self):
        pass  # that something came is all it says

    def received(self, topic, body, qos, retained, pid):
        once("link.mqtt.heard", "received", self, topic, body, qos, retained, pid)

    def too_long(self, qos, pid):
        """Too long for us: acknowledged all the same, or the broker would send it again for ever."""
        once("link.mqtt.heard", "too_long", self, qos, pid)

    # -- time

    def check(self):
        """To be called several times a second: pings, and raises LinkFault when the far end has gone silent."""
        now = self._ticks_ms()
        keepalive = self._keepalive_ms
        diff = self._ticks_diff
        silent = diff(now, self._heard)
        if keepalive:
            if self._pinged:
                if diff(now, self._pinged_at) * 2 >= keepalive:
                    raise LinkFault("halfopen", "nothing heard for %d ms" % silent)
            elif not self.flush():
                # the socket takes nothing: the far end does not read, or its answers are lost
                if silent * 4 >= keepalive * 5:
                    raise LinkFault("halfopen", "nothing taken for %d ms" % silent)
            elif silent * 4 >= keepalive * 3 or diff(now, self._spoke) * 4 >= keepalive * 3:
                self._push(_PINGREQ, 0, 2)
                self._pinged = True
                self._pinged_at = now
        if not self.flying:
            self._unacknowledged = now
        elif diff(now, self._unacknowledged) > _PATIENCE_MS + 2 * keepalive:
            raise LinkFault("timeout", "a publish has not been acknowledged")
