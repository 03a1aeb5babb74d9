"""The endless way to the broker: WiFi, name, connection, session, drain, and again with jitter whatever happens.

While it stands, a listener task acts on what the broker sends as it comes (an acknowledgement at once makes room
for the next record), and this loop looks at the time: keep-alive, fresh records, drain rate. Whatever fails ends
the connection with a LinkFault, is reported by its word, and is tried again for ever.
"""

import asyncio

from micropython import const

from ..core.borrow import once
from ..core.codec import HEAD_MAX, head_into
from ..core.faults import LinkFault
from .mqtt import Mqtt
from .turns import Backoff, place_ms

_TICK_MS = const(250)
_LINGER_MS = const(2)
_TURN_MS = const(10)  # the listener lets the other tasks run at least so often
_COMMAND = const(1024)  # bytes of the longest message that is listened to, or CONNACK of version 5
_ANSWERS = const(256)  # where there are none: nothing is longer than an acknowledgement
_REST_MS = const(5000)  # so long the sender stays when all is acknowledged
_LEAVE_MS = const(2000)


class Link:
    """The node's way to its broker.

    broker -- link/broker.py; wifi -- link/wifi.py; socket, select -- the modules; outbox -- journal/drawer.py
    boot -- boot count, for the envelopes; info() -> body of the retained `info` message, bytes
    on_command(suffix, body, retained) -- a message on one of broker.commands; body is valid during the call
    random(n) -> integer below n; alive() -- called at least every second, except while a name is resolved
    report(fault) -- each LinkFault; log(text)
    set_time(seconds since 2000) -- sets the chip's own clock, for TLS
    """

    def __init__(
        self, broker, wifi, socket, select, clock, outbox, boot, info, ticks_ms, ticks_diff, random, alive,
        report, log, on_command=None, set_time=None,
    ):  # fmt: skip
        self._broker = broker
        self._wifi = wifi
        self._socket = socket
        self._select = select
        self._clock = clock
        self._boot = boot
        self._info = info
        self._ticks_ms = ticks_ms
        self._ticks_diff = ticks_diff
        self._random = random
        self._alive = alive
        self._report = report
        self._log = log
        self._on_command = on_command
        self._outbox = outbox
        session = Mqtt
        if broker.version == 5:  # what is not asked for takes no memory
            from .mqtt5 import Mqtt5 as session
        heard = _COMMAND if broker.commands or broker.version == 5 else _ANSWERS
        self.mqtt = session(ticks_ms, ticks_diff, broker.keepalive_s, heard, self._message, log, 0)
        self.sender = None  # link/sender.py's, while there are records to send,
        self._sent_at = 0  # and when there were
        self._tls = None
        if broker.tls:
            from .tls import Tls

            self._tls = Tls(broker.tls, broker.host, clock, set_time)
        self._unsaid = 0  # of what a connection begins with: 2 state and info, 1 info
        self._fault = None  # why the connection must end, found by the listener or by wake()
        self._mistrust = 0  # connections in a row that died of silence while WiFi claimed to stand
        self.up = False  # the session stands,
        self._stood_since = None  # since this uptime in seconds
        self.connections = 0

    # -- for the other tasks

    def wake(self):
        """There is a fresh record: send it now instead of at the next look."""
        if self.up and self._fault is None and self._may_send():
            try:
                self._pump()
            except LinkFault as fault:
                self._fault = fault

    def publish_now(self, suffix, body, qos=0, retain=False, seq=None):
        """Publish something that is not journaled: True if it is on its way, False if there is no way now.

        body -- the members behind the envelope's head, with the closing brace; b"": an empty payload
        seq -- the number of a record that the journal could not take
        """
        if not self.up or self._fault is not None:
            return False
        try:
            payload = body and self._envelope(body, seq=seq)
            return self.mqtt.publish(self._broker.prefix + suffix, payload, qos, retain)
        except LinkFault as fault:
            self._fault = fault
            return False

    def announce(self):
        """Publish the retained `info` (again, after it changed)."""
        return self.publish_now(b"info", self._info(), 1, True)

    async def leave(self, reason):
        """Before a reset that was asked for: say `offline` and why, and go without a will."""
        if self.publish_now(b"state", b'"state":"offline","reason":"%s"}' % reason.encode(), 1, True):
            started = self._ticks_ms()
            while self.up and self.mqtt.flying and self._left(started, _LEAVE_MS) > 0:
                await asyncio.sleep_ms(20)
            self.mqtt.close(polite=True)

    # -- the loop

    async def run(self):
        """For ever."""
        broker = self._broker
        backoff = Backoff(broker.retry_ms, broker.retry_max_ms, self._random)
        if broker.spread_ms:
            wait = place_ms(broker.client_id.encode(), broker.spread_ms)
            self._log("link: connects in %d s, each lamppost at its own time" % (wait // 1000))
            await self._rest(wait)
        while True:
            fault = None
            self._stood_since = None
            try:
                await self._connection()
            except LinkFault as error:
                fault = error
            except OSError as error:
                fault = LinkFault("closed", "errno %s" % error.errno)
            except Exception as error:
                # a mistake of ours must not silence the node: said, and tried again
                fault = LinkFault("internal", repr(error))
            self.up = False
            self._report(fault)
            self._log("link: %s" % fault)
            self._judge_wifi(fault)
            if fault.word == "noretain":
                self.mqtt.retain = False  # the next CONNECT asks for none
            since = self._stood_since
            await self._rest(backoff.failed(0 if since is None else self._clock.uptime_s() - since))

    async def _connection(self):
        """One life of the connection; always ends with a fault."""
        broker = self._broker
        mqtt = self.mqtt
        await self._wifi.join(self._alive)
        self._alive()
        if self._tls:
            await self._tls.prepare(self._alive, self._wifi.up, broker.tls_time_ms)
        wire = await once(
            "link.dial", "connect", self._socket, self._select, broker.host, broker.port, broker.connect_ms
        )
        self._alive()
        self._fault = None
        listener = None
        if self._tls:
            wire = self._tls.over(wire, self._select)
        try:
            mqtt.begin(wire, mqtt.hello(broker, self._will()))
            await self._greeting(wire)
            if broker.commands:
                mqtt.subscribe([broker.prefix + suffix for suffix in broker.commands])
            self.up = True
            self.connections += 1
            self._stood_since = self._clock.uptime_s()
            self._log("link: connected to %s" % broker.host)
            self._unsaid = 2
            self._introduce()
            self._lend()
            self.sender.begin(mqtt.session_present, place_ms(broker.client_id.encode(), broker.drain_spread_ms))
            self._since = self._ticks_ms()
            listener = asyncio.create_task(self._listen(wire))
            try:
                while self._fault is None:
                    self._look()
                    await asyncio.sleep_ms(_TICK_MS)
            except LinkFault as fault:
                self._fault = fault
            raise self._last_words()  # pyright: ignore[reportGeneralTypeIssues] -- there is one by now
        finally:
            self.up = False
            if listener:
                listener.cancel()
            if self.sender:
                self.sender.lost(kept=not broker.clean)
                once("link.drain", "end", self)
            mqtt.close()

    def _last_words(self):
        """What the broker said before it closed is still there to be read: acknowledgements, perhaps a reason."""
        if self._fault.word == "closed":
            try:
                while self.mqtt.hear():
                    pass
            except LinkFault as fault:
                return fault
        return self._fault

    def _look(self):
        self._alive()
        self.mqtt.check()
        if not self._wifi.up():
            raise LinkFault("nowifi", "lost")
        self._introduce()
        if self._may_send():
            self._pump()

    def _lend(self):
        """See to it that there is a sender."""
        self._sent_at = self._ticks_ms()
        if not self.sender:
            try:
                once("link.drain", "begin", self)
            except MemoryError:
                raise LinkFault("nomemory", "to send records")

    def _pump(self):
        """Send what waits. The sender is there for that, and for a moment longer in case more comes."""
        if self._outbox.depth():
            self._lend()
            self.sender.pump()
        elif self.sender and self._left(self._sent_at, _REST_MS) <= 0:
            once("link.drain", "end", self)

    def _introduce(self):
        """Say that we are there and what we are; what the broker has no room for now is said at the next look."""
        if self._unsaid == 2 and self.publish_now(b"state", b'"state":"online","reason":""}', 1, True):
            self._unsaid = 1
        if self._unsaid == 1 and self.announce():
            self._unsaid = 0

    def _may_send(self):
        """False for the first moments in which the time is still asked for: what is sent without stays without."""
        return self._clock.offset_s is not None or self._left(self._since, self._broker.time_grace_ms) <= 0

    async def _greeting(self, wire):
        started = self._ticks_ms()
        while not self.mqtt.greeted:
            self._alive()
            if not self.mqtt.hear():
                self.mqtt.flush()  # CONNECT waits for the end of a TLS handshake
                left = self._left(started, self._broker.connect_ms)
                if left <= 0:
                    raise LinkFault("timeout", "no CONNACK")
                await wire.readable.within(min(left, 1000))

    async def _listen(self, wire):
        """Read and act until something fails, then leave the fault for the loop to find."""
        mqtt = self.mqtt
        try:
            flying = mqtt.flying
            ticks_ms = self._ticks_ms
            turn = ticks_ms()
            while self._fault is None:
                if mqtt.hear():
                    if self._may_send():
                        self._pump()
                    if len(flying) < 2 and not wire.linger(_LINGER_MS if flying else 0):
                        await wire.readable
                        turn = ticks_ms()
                elif not flying or not wire.linger(_LINGER_MS):
                    await wire.readable
                    turn = ticks_ms()
                if self._ticks_diff(ticks_ms(), turn) >= _TURN_MS:
                    await asyncio.sleep_ms(0)
                    turn = ticks_ms()
        except LinkFault as fault:
            self._fault = fault
        except Exception as error:
            self._fault = LinkFault("internal", repr(error))

    # -- pieces

    def _message(self, topic, body, qos, retained):
        prefix = self._broker.prefix
        if self._on_command and topic.startswith(prefix):
            self._on_command(topic[len(prefix) :], body, retained)

    def _envelope(self, body, timed=True, seq=None):
        clock = self._clock
        head = bytearray(HEAD_MAX)
        ts = clock.utc_s() if timed else None
        n = head_into(head, 0, self._boot, seq, ts, clock.tq, clock.tu_ms, False)
        return bytes(head[:n]) + body

    def _will(self):
        # the broker sends it when we cannot: without a time, for nobody knows it then
        return self._broker.prefix + b"state", self._envelope(b'"state":"lost","reason":"will"}', timed=False)

    def _judge_wifi(self, fault):
        if fault.word in ("halfopen", "timeout", "nodns"):
            self._mistrust += 1
            if self._mistrust >= 2:
                self._mistrust = 0
                self._wifi.distrust()
        elif fault.word != "nowifi":
            self._mistrust = 0

    def _left(self, started, whole_ms):
        return whole_ms - self._ticks_diff(self._ticks_ms(), started)

    async def _rest(self, milliseconds):
        while milliseconds > 0:
            self._alive()
            await asyncio.sleep_ms(min(milliseconds, 1000))
            milliseconds -= 1000
