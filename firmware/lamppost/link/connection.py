"""The endless way to the broker: WiFi, name, connection, session, drain, and again with jitter whatever happens.

While it stands, a listener task acts on what the broker sends as it comes (an acknowledgement at once makes room
for the next record), and this loop looks at the time: keep-alive, fresh records, drain rate. Whatever fails ends
the connection with a LinkFault, is reported by its word, and is tried again for ever.
"""

import asyncio

from micropython import const

from ..core.borrow import once
from ..core.faults import LinkFault
from .mqtt.session import Mqtt

_TICK_MS = const(250)
_LINGER_MS = const(2)
_TURN_MS = const(10)  # the listener lets the other tasks run at least so often
_COMMAND = const(1024)  # bytes of the longest message that is listened to, or CONNACK of version 5
_ANSWERS = const(128)  # where there are none: nothing is longer than an acknowledgement, of which 16 may fly
_REST_MS = const(5000)  # so long the sender stays when all is acknowledged
_AGAIN_MS = const(10000)


class Link:
    """The node's way to its broker.

    broker -- link/broker_settings.py; wifi -- link/wifi.py; socket, select -- the modules; outbox -- journal/drawer.py
    boot -- boot count, for the envelopes; info() -> body of the retained `info` message, a list of bytes
    on_command(suffix, body, retained) -- a message on one of broker.commands; body is valid during the call
    random(n) -> integer below n; alive() -- called at least every second, except while a name is resolved
    report(fault) -- each LinkFault; log(text)
    set_time(seconds since 2000) -- sets the chip's own clock, for TLS
    """

    def __init__(
        self, broker, wifi, socket, select, clock, outbox, boot, info, ticks_ms, ticks_diff, random, alive,
        report, log, on_command=None, set_time=None,
    ):  # fmt: skip
        self.broker = broker
        self.wifi = wifi
        self.socket = socket
        self.select = select
        self.clock = clock
        self.boot = boot
        self.info = info
        self.ticks_ms = ticks_ms
        self.ticks_diff = ticks_diff
        self.random = random
        self.alive = alive
        self.report = report
        self.log = log
        self._on_command = on_command
        self.outbox = outbox
        session = Mqtt
        if broker.version == 5:  # what is not asked for takes no memory
            from .mqtt.session_v5 import Mqtt5 as session
        heard = _COMMAND if broker.commands or broker.version == 5 else _ANSWERS
        self.mqtt = session(ticks_ms, ticks_diff, broker.keepalive_s, heard, self._message, log, 0)
        self.sender = None  # link/mqtt/publisher.py's, while there are records to send,
        self._sent_at = 0  # and when there were
        self.tls = None
        if broker.tls:
            from .tls import Tls

            self.tls = Tls(broker.tls, broker.host, clock, set_time)
        self._since = 0  # when the session began to stand, in ticks
        self.hold_ms = None  # what a drain of what had waited begins with: Sender.begin
        self._unsaid = 0  # of what a connection begins with: 2 state and info, 1 info
        self.fault = None  # why the connection must end, found by the listener or by wake()
        self.limit_ms = 0  # of the wait after the next failure; 0: there was none yet
        self._mistrust = 0  # connections in a row that died of silence while WiFi claimed to stand
        self.up = False  # the session stands,
        self._stood_since = None  # since this uptime in seconds
        self.connections = 0

    # -- for the other tasks

    def wake(self):
        """There is a fresh record: send it now instead of at the next look."""
        if self.up and self.fault is None and self._may_send():
            try:
                self._pump()
            except LinkFault as fault:
                self.fault = fault

    def publish_now(self, suffix, body, qos=0, retain=False, seq=None):
        """Publish something that is not journaled: True if it is on its way, False if there is no way now.

        body -- the members behind the envelope's head, with the closing brace, bytes or a list of them;
            b"": an empty payload
        seq -- the number of a record that the journal could not take
        """
        if not self.up or self.fault is not None:
            return False
        try:
            return once("link.own", "publish", self, suffix, body, qos, retain, seq)
        except LinkFault as fault:
            self.fault = fault
            return False

    # -- the loop

    async def run(self):
        """For ever."""
        while True:
            error = None
            self._stood_since = None
            try:
                if not self.limit_ms:
                    await once("link.opening", "first", self)
                await self._connection()
            except Exception as fault:
                error = fault
            self.up = False
            try:
                wait = once("link.closing", "judged", self, error)
            except Exception as fault:
                # no memory to load it, perhaps: this task must not die of it
                self.log("link: %r, %r" % (error, fault))
                wait = _AGAIN_MS
            await self._rest(wait)

    async def _connection(self):
        """One life of the connection; always ends with a fault."""
        mqtt = self.mqtt
        self.fault = None
        listener = None
        try:
            wire = await once("link.opening", "opened", self)
            listener = asyncio.create_task(self._listen(wire))
            try:
                while self.fault is None:
                    self._look()
                    await asyncio.sleep_ms(_TICK_MS)
            except LinkFault as fault:
                self.fault = fault
            raise once("link.closing", "last_words", self)
        finally:
            self.up = False
            if listener:
                listener.cancel()
            if self.sender:
                self.sender.lost(kept=not self.broker.clean)
                once("link.drain", "end", self)
            mqtt.close()

    def _look(self):
        self.alive()
        self.mqtt.check()
        if not self.wifi.up():
            raise LinkFault("nowifi", "lost")
        if self._unsaid:
            once("link.own", "introduce", self)
        if self._may_send():
            self._pump()
        if self.sender:
            self._rest_sender()

    def _lend(self):
        """Get the sender, which is there while something waits, and for a moment longer in case more comes."""
        self._sent_at = self.ticks_ms()
        try:
            once("link.drain", "begin", self)
        except MemoryError:
            raise LinkFault("nomemory", "to send records")

    def _pump(self):
        """Send what waits."""
        if not self.sender:
            if not self.outbox.depth():
                return
            self._lend()
        self.sender.pump()  # pyright: ignore[reportAttributeAccessIssue]

    def _rest_sender(self):
        """Give the sender back once all has been acknowledged for a moment."""
        if self.outbox.depth():
            self._sent_at = self.ticks_ms()
        elif self._left(self._sent_at, _REST_MS) <= 0:
            once("link.drain", "end", self)

    def _may_send(self):
        """False for the first moments in which the time is still asked for: what is sent without stays without."""
        return self.clock.offset_s is not None or self._left(self._since, self.broker.time_grace_ms) <= 0

    async def _listen(self, wire):
        """Read and act until something fails, then leave the fault for the loop to find."""
        mqtt = self.mqtt
        try:
            flying = mqtt.flying
            ticks_ms = self.ticks_ms
            turn = ticks_ms()
            while self.fault is None:
                if mqtt.hear():
                    if self._may_send():
                        self._pump()
                    if len(flying) < 2 and not wire.linger(_LINGER_MS if flying else 0):
                        await wire.readable
                        turn = ticks_ms()
                elif not flying or not wire.linger(_LINGER_MS):
                    await wire.readable
                    turn = ticks_ms()
                if self.ticks_diff(ticks_ms(), turn) >= _TURN_MS:
                    await asyncio.sleep_ms(0)
                    turn = ticks_ms()
        except LinkFault as fault:
            self.fault = fault
        except Exception as error:
            self.fault = LinkFault("internal", repr(error))

    # -- pieces

    def _message(self, topic, body, qos, retained):
        prefix = self.broker.prefix
        if self._on_command and topic.startswith(prefix):
            self._on_command(topic[len(prefix) :], body, retained)

    def _left(self, started, whole_ms):
        return whole_ms - self.ticks_diff(self.ticks_ms(), started)

    async def _rest(self, milliseconds):
        while milliseconds > 0:
            self.alive()
            await asyncio.sleep_ms(min(milliseconds, 1000))
            milliseconds -= 1000
