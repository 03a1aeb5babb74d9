"""Keeps the node connected: WiFi, name, connection, session, drain, and again with jitter after any failure.

While a connection stands, a listener task acts on what the broker sends as it comes (an acknowledgement at once makes
room for the next record), and this loop looks at the time: keep-alive, fresh records, drain rate. Whatever fails ends
the connection with a LinkFault, is reported by its word, and is tried again for ever.
"""

import asyncio

from micropython import const

from ..core.faults import LinkFault
from ..core.payload import HEAD_MAX, head_into
from ..journal.outbox import Entry
from . import protocol, words
from .backoff import Backoff, place_ms
from .opening import Opening
from .own_state import SUFFIX as STATE
from .own_state import OwnState

_TICK_MS = const(250)
_ALIVE_MS = const(1000)
_LINGER_MS = const(2)
_SHARE_MS = const(10)  # the listener lets the other tasks run at least so often
_LEAVE_MS = const(2000)  # the longest wait for the acknowledgement of `offline`
_SILENT = ("halfopen", "timeout", "nodns")  # faults that WiFi may be the cause of though it claims to be up


def _nothing():
    pass


class Link:
    """The node's way to its broker.

    broker -- link/broker_settings.py; wifi -- link/wifi.py; socket, select -- the modules; outbox -- journal/outbox.py
    boot -- boot count, for the envelopes; info() -> body of the retained `info` message, a list of bytes
    on_command(suffix, body, retained) -- a message on one of broker.commands; body is valid during the call
    random(n) -> integer below n; alive() -- called at least every second, except while a name is resolved
    report(fault) -- each LinkFault; log(text)
    set_time(seconds since 2000) -- sets the chip's own clock, for TLS
    delivered() -- called when the broker has acknowledged the first record of a connection
    forgotten() -- called when the broker has kept nothing of what this node had it retain (see own_state.py)
    """

    def __init__(
        self, broker, wifi, socket, select, clock, outbox, boot, info, ticks_ms, ticks_diff, random, alive,
        report, log, on_command=None, set_time=None, delivered=None, forgotten=None,
    ):  # fmt: skip
        self.broker = broker
        self._wifi = wifi
        self._clock = clock
        self._outbox = outbox
        self._boot = boot
        self._info = info
        self._ticks_ms = ticks_ms
        self._ticks_diff = ticks_diff
        self._random = random
        self._alive = alive
        self._report = report
        self._log = log
        self._on_command = on_command
        self._delivered = delivered
        self._own_state = OwnState(ticks_ms, ticks_diff, forgotten or _nothing, log)
        tls = None
        if broker.tls:
            from .tls import Tls

            tls = Tls(broker.tls, broker.host, clock, set_time)
        self._opening = Opening(broker, wifi, tls, socket, select, clock, ticks_ms, ticks_diff, alive)
        self._backoff = Backoff(broker.retry_ms, broker.retry_max_ms, random)
        self._protocol = protocol.Protocol(broker.version)
        self._earlier_refusals = 0  # of publishers of another version of MQTT
        self._speak(broker.version)
        self._fault = None  # why the connection must end, found by the listener or by wake()
        self._unsaid = 0  # of what a connection begins with: 3 subscription, state and info, 2 state and info, 1 info
        self._silent = 0  # connections in a row that ended in silence while WiFi claimed to be up
        self._since = 0  # when the session began, in ticks
        self._up_since_s = None  # and in uptime
        self.up = False  # a session stands
        self.acknowledged = False  # and the broker has acknowledged a record in it
        self.last_fault = None  # the LinkFault that ended the last attempt or connection
        self.connections = 0

    def _speak(self, version):
        self.version = version
        entries = [Entry() for _ in range(self.broker.window)]
        self.session, self.publisher = protocol.speak(
            version, self.broker, self._outbox, entries, self._ticks_ms, self._ticks_diff, self._message, self._log,
            self._report,
        )  # fmt: skip

    # -- for the other tasks

    @property
    def subscribed(self):
        """The broker delivers to us what is sent to this lamppost."""
        return self.up and self.session.subscribed_to

    @property
    def refusals(self):
        """The number of rejected records since the start; they stay in the journal and are sent again."""
        return self._earlier_refusals + self.publisher.refusals

    def wake(self):
        """There is a fresh record: send it now instead of at the next look."""
        if self.up and self._fault is None and self._may_send():
            try:
                self.publisher.pump()
            except LinkFault as fault:
                self._fault = fault

    def publish_now(self, suffix, body, qos=0, retain=False, seq=None):
        """Publish something that is not journaled: True if it is on its way, False if that is not possible now.

        body -- the members behind the envelope's head, with the closing brace, bytes or a list of them;
            b"": an empty payload
        seq -- the number of a record that the journal could not take
        """
        if not self.up or self._fault is not None:
            return False
        pieces = body if isinstance(body, list) else [body]
        if body:
            pieces.insert(0, self._head(seq))
        try:
            return self.session.publish(self.broker.prefix + suffix, pieces, qos, retain)
        except LinkFault as fault:
            self._fault = fault
            return False

    def introduce(self):
        """Publish state and info again at the next look."""
        self._unsaid = max(self._unsaid, 2)

    async def leave(self, reason):
        """Before a reset that was asked for: publish `offline` with its reason, and disconnect without a will."""
        if self.publish_now(STATE, b'"state":"offline","reason":"%s"}' % reason.encode(), 1, True):
            started = self._ticks_ms()
            while self.up and self.session.in_flight and self._left(started, _LEAVE_MS) > 0:
                await asyncio.sleep_ms(20)
            self.session.close(polite=True)

    # -- the loop

    async def run(self):
        """For ever."""
        broker = self.broker
        if broker.spread_ms:
            wait = place_ms(broker.client_id.encode(), broker.spread_ms)
            self._log("link: %s %d s, each lamppost at its own time" % (words.WAITS, wait // 1000))
            await self._rest(wait)
        while True:
            self._up_since_s = None
            error = None
            try:
                await self._connection()
            except Exception as fault:
                error = fault
            self.up = False
            await self._rest(self._ended(error))

    async def _connection(self):
        """One life of the connection; always ends with a fault."""
        self._fault = None
        listener = None
        try:
            wire = await self._open()
            listener = asyncio.create_task(self._listen(wire))
            try:
                while self._fault is None:
                    self._look()
                    await asyncio.sleep_ms(_TICK_MS)
            except LinkFault as fault:
                self._fault = fault
            raise self._last_words(self._fault)
        finally:
            self.up = False
            if listener:
                listener.cancel()
                self.publisher.lost(kept=not self.broker.clean)
            self.session.close()

    def _look(self):
        self._alive()
        self.session.check()
        if not self._wifi.up():
            raise LinkFault("nowifi", "lost")
        self._own_state.check()
        if self._unsaid:
            self._introduce()
        if self._may_send():
            self.publisher.pump()

    def _may_send(self):
        """False at first while the time is still being asked for, as what is sent without a time stays without, and
        while the journal still counts what waits, as an alarm may be among it."""
        timed = self._clock.offset_s is not None or self._left(self._since, self.broker.time_grace_ms) <= 0
        return timed and self._outbox.counted

    async def _listen(self, wire):
        """Read and act until something fails, then leave the fault for the loop to find."""
        session, publisher, ticks_ms = self.session, self.publisher, self._ticks_ms
        in_flight = session.in_flight
        try:
            since = ticks_ms()
            while self._fault is None:
                if session.receive():
                    if self._may_send():
                        publisher.pump()
                    if len(in_flight) < 2 and not wire.linger(_LINGER_MS if in_flight else 0):
                        await wire.readable
                        since = ticks_ms()
                elif not in_flight or not wire.linger(_LINGER_MS):
                    await wire.readable
                    since = ticks_ms()
                if self._ticks_diff(ticks_ms(), since) >= _SHARE_MS:
                    await asyncio.sleep_ms(0)
                    since = ticks_ms()
        except LinkFault as fault:
            self._fault = fault
        except Exception as error:
            self._fault = LinkFault("internal", repr(error))

    # -- opening and closing

    async def _open(self):
        """The wire of a session that the broker has accepted, in which no publish has been sent yet."""
        broker = self.broker
        version = self._protocol.choose(self._clock.uptime_s())
        if version != self.version:
            self._earlier_refusals = self.refusals
            self._speak(version)
        session = self.session
        # the broker publishes it when we cannot: without a time, for nobody knows it then
        will = bytes(self._head(timed=False)) + b'"state":"lost","reason":"will"}'
        wire = await self._opening.open(session, session.connect_packet(broker, (broker.prefix + STATE, will)))
        now_s = self._clock.uptime_s()
        self._protocol.answered(now_s)
        self._log("link: %s %s by MQTT %s" % (words.CONNECTED, broker.host, protocol.name(version)))
        self.connections += 1
        self._up_since_s = now_s
        self._since = self._ticks_ms()
        self._unsaid = 3
        self._own_state.begin(session.session_present)
        self.acknowledged = False
        self.publisher.begin(session.session_present, place_ms(broker.client_id.encode(), broker.drain_spread_ms))
        session.on_acknowledged = self._first_acknowledged
        self.up = True
        return wire

    def _first_acknowledged(self, entry):
        """The broker has the first record of this connection: log how long each step took."""
        self.session.on_acknowledged = self.publisher.acknowledge
        self.publisher.acknowledge(entry)
        self.acknowledged = True
        self._opening.done("ack")
        self._log("link: %s %s" % (words.TIMES, " ".join(["%s=%d" % step for step in self._opening.times])))
        if self._delivered:
            self._delivered()

    def _last_words(self, fault):
        """The fault, or a better one: what the broker sent before it closed, perhaps a reason, can still be read."""
        if fault.word == "closed":
            try:
                while self.session.receive():
                    pass
            except LinkFault as better:
                return better
        return fault

    def _ended(self, error):
        """Report what has ended the connection; returns the milliseconds to wait before the next."""
        fault = error
        if not isinstance(error, LinkFault):
            # a mistake of ours must not silence the node: reported, and tried again
            if isinstance(error, OSError):
                fault = LinkFault("closed", "errno %s" % error.errno)
            else:
                fault = LinkFault("nomemory" if isinstance(error, MemoryError) else "internal", repr(error))
        self.last_fault = fault
        self._report(fault)
        self._log("link: %s" % fault)
        self._judge_wifi(fault.word)
        if fault.word == "noretain":
            self.session.retain = False  # the next CONNECT asks for none
        now_s = self._clock.uptime_s()
        since_s = self._up_since_s
        if since_s is None and self._protocol.failed(fault.word, now_s):
            self._log("link: %s, because the broker does not speak 5.0" % words.OLDER)
            return self._random(self.broker.retry_ms)
        return self._backoff.failed(0 if since_s is None else now_s - since_s)

    def _judge_wifi(self, word):
        if word in _SILENT:
            self._silent += 1
            if self._silent >= 2:
                self._silent = 0
                self._wifi.distrust()
        elif word != "nowifi":
            self._silent = 0

    # -- messages of the link's own

    def _introduce(self):
        """Subscribe, publish state and info; what the broker has no room for now is sent at the next look."""
        if self._unsaid == 3:
            if self.session.subscribe([self.broker.prefix + suffix for suffix in (STATE,) + self.broker.commands]):
                self._unsaid = 2
        if self._unsaid == 2 and self.publish_now(STATE, b'"state":"online","reason":""}', 1, True):
            self._unsaid = 1
            self._own_state.published()
        if self._unsaid == 1:
            version = b'"protocol":"%s",' % protocol.name(self.version).encode()
            if self.publish_now(b"info", [version] + self._info(), 1, True):
                self._unsaid = 0

    def _head(self, seq=None, timed=True):
        """The envelope's head, which stands before a body."""
        clock = self._clock
        head = bytearray(HEAD_MAX)
        ts = clock.utc_s() if timed else None
        return head[: head_into(head, 0, self._boot, seq, ts, clock.tq, clock.tu_ms, False)]

    def _message(self, topic, body, qos, retained):
        prefix = self.broker.prefix
        if not topic.startswith(prefix):
            return
        suffix = topic[len(prefix) :]
        if suffix == STATE:
            self._own_state.take(retained)
        elif self._on_command:
            self._on_command(suffix, body, retained)

    # -- time

    def _left(self, started, whole_ms):
        return whole_ms - self._ticks_diff(self._ticks_ms(), started)

    async def _rest(self, milliseconds):
        while milliseconds > 0:
            self._alive()
            await asyncio.sleep_ms(min(milliseconds, _ALIVE_MS))
            milliseconds -= _ALIVE_MS
