"""Messages from streams of a NATS server, by durable pull consumers that any number of stores share.

The server's MQTT gateway acknowledges a message of QoS 1 to the lamppost once it is in the stream `$MQTT_msgs`, and
keeps it there until each consumer has acknowledged it. So that stream is read, and not one of our own beside it, which
the message would reach after the acknowledgement. `diag` (QoS 0) is not in it, and gets a stream of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from ... import hosts
from ...contract import ROOT
from ...problems import BrokerLoginRefused, BrokerRefused, Problem, SourceUnusable
from ...telemetry.broker_problems import unreachable
from ...telemetry.subscriber import Connection
from ..extra import needed
from . import nats_subject
from .background_source import BackgroundSource
from .delivery import Delivery

PORT = 4222
TIMEOUT_S = 10.0
ACK_WAIT_S = 10.0  # what a store that died had taken is delivered again after so long
MOST_UNACKNOWLEDGED = 50_000  # of all stores
MOST_TAKEN = 20_000  # of this store: two batches
AT_ONCE = 1_000
FETCH_S = 2.0  # a request for messages ends after so long
GATEWAY, RETAINED = "$MQTT_msgs", "$MQTT_rmsgs"
OURS = ROOT.replace("/", ".") + "."
DIAG = "LAMPPOST_DIAG"
BETWEEN_STREAMS_S = 0.5  # longer than the gateway takes to put a retained message into both its streams
KEEP_DIAG_S = 7 * 86400
REPLICAS = 3  # in a cluster
_NO_CLUSTER = 10074  # the server's number for: replicas > 1 not supported in non-clustered mode
_STORED = {"retained": "stored"}  # the mark of a consumer whose store has the retained messages


@dataclass(frozen=True)
class JetStreamDelivery(Delivery):
    """key -- stream and number; reply -- to acknowledge it by, empty for a retained copy"""

    key: tuple[str, int]
    reply: str


@dataclass(frozen=True)
class _Stream:
    """prefix -- before the subject of the topic; new -- how it is made where it is missing"""

    name: str
    subjects: str
    prefix: str = ""
    new: dict[str, Any] | None = None


class JetStream(BackgroundSource):
    """consumer -- its name, the same for all stores of one database; stream -- instead of those of the MQTT gateway.

    servers -- (host, port) of one server or several of one cluster; note -- takes a sentence
    """

    def __init__(
        self, servers: Sequence[tuple[str, int]], consumer: str, stream: str, note: Callable[[str], None],
        user: str | None = None, password: str | None = None, tls: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        self._nats = needed("nats", "nats")
        super().__init__()
        # nats-py makes asyncio warn at the end of each TLS connection
        logging.getLogger("asyncio").setLevel(logging.ERROR)
        self._servers, self._name, self._note = servers, consumer, note
        self._login = {"user": user, "password": password, "tls": tls}
        self._streams = [_Stream(stream, f"{OURS}>")] if stream else _of_gateway()
        self._retained = not stream
        self.where = f"NATS at {', '.join(hosts.joined(*one) for one in servers)}"
        self._failure: Exception | None = None
        self._client: Any = None
        # the rest belongs to the loop's thread
        self._taken: dict[tuple[str, int], str] = {}
        self._room = asyncio.Event()

    def start(self) -> None:
        self._background.run(self._open())
        self._work = self._background.start(self._read())

    def remove(self) -> list[str]:
        """Instead of start(): delete the consumer, so that the server keeps nothing for it. The streams it had."""
        return self._background.run(self._remove())

    def close(self) -> None:
        if self._client:
            with contextlib.suppress(TimeoutError):
                self._background.run(self._give_back(), TIMEOUT_S)
        self._background.close()

    # the rest runs in the loop's thread

    async def _open(self) -> None:
        await self._enter()
        for stream in self._streams:
            await self._tried(lambda stream=stream: self._consumer(stream), self._refuse)

    async def _remove(self) -> list[str]:
        await self._enter()
        for one in self._streams:
            if await self._tried(lambda one=one: self._read_by_a_store(one), self._refuse):
                raise SourceUnusable(
                    f"A store still reads {one.name} of {self.where} for this database.", "Stop its stores first."
                )
        return [one.name for one in self._streams if await self._tried(lambda one=one: self._delete(one), self._refuse)]

    async def _read_by_a_store(self, stream: _Stream) -> bool:
        """Whether one waits for messages. A store that has just gone still waits until its last request ends."""
        end = time.monotonic() + 2 * FETCH_S
        while True:
            try:
                if not (await self._jetstream.consumer_info(stream.name, self._name)).num_waiting:
                    return False
            except self._nats.js.errors.NotFoundError:
                return False
            if time.monotonic() > end:
                return True
            await asyncio.sleep(0.2)

    async def _delete(self, stream: _Stream) -> bool:
        """Whether there was a consumer."""
        try:
            return await self._jetstream.delete_consumer(stream.name, self._name)
        except self._nats.js.errors.NotFoundError:
            return False

    async def _enter(self) -> None:
        await self._probe()
        self._client = await self._connect(
            max_reconnect_attempts=-1, ping_interval=20, error_cb=self._failed, disconnected_cb=self._lost,
            reconnected_cb=self._back,
        )  # fmt: skip
        self._jetstream = self._client.jetstream(timeout=TIMEOUT_S)

    def _refuse(self, wrong: Exception) -> None:
        """Raises a Problem unless it may become right by waiting, such as a cluster without a leader."""
        if isinstance(wrong, Problem):
            raise wrong
        if self._failure and "permissions violation" in str(self._failure).lower():
            wrong = self._failure  # the request itself has got no answer
        elif isinstance(wrong, TimeoutError):
            return
        if isinstance(wrong, self._nats.js.errors.ServiceUnavailableError):
            if getattr(wrong, "err_code", None):
                return
            raise SourceUnusable(
                f"JetStream is not enabled in {self.where}.", "Add `jetstream { ... }` to the server's configuration."
            )
        raise SourceUnusable(f"{self.where} does not let the store read: {_words(wrong)}.")

    async def _probe(self) -> None:
        """Connect once, to learn in words why it fails. Raises Problem."""
        host, port = self._servers[0]
        where = hosts.joined(host, port)
        failures: list[Exception] = []

        async def failed(wrong: Exception) -> None:
            failures.append(wrong)

        # one more try is for the other servers; the library spends all the time on it after a failed TLS handshake
        more = len(self._servers) > 1
        connecting = self._connect(
            max_reconnect_attempts=1, reconnect_time_wait=0, allow_reconnect=more, error_cb=failed
        )
        try:
            # a server that is not NATS may say nothing at all
            await (await asyncio.wait_for(connecting, TIMEOUT_S)).close()
            return
        except (OSError, self._nats.errors.Error) as wrong:
            failure = (*failures, wrong)[0]
        if isinstance(failure, TimeoutError):
            raise BrokerRefused(
                f"{where} accepts the connection, but gives no NATS answer within {TIMEOUT_S:g} s.",
                f"Check the port: usually {PORT}.",
            )
        if isinstance(failure, OSError):
            raise unreachable(failure, host, port, self._login["tls"] is not None, TIMEOUT_S, str(PORT))
        if "authorization" in str(failure).lower():
            raise BrokerLoginRefused(f"{self.where} refused the user: {_words(failure)}.")
        raise BrokerRefused(f"{self.where} refused the connection: {_words(failure)}.")

    async def _connect(self, **more: Any) -> Any:
        from .nats_client import AnySubject

        login = {name: value for name, value in self._login.items() if value is not None}
        client = AnySubject()
        await client.connect(
            [f"nats://{hosts.joined(*one)}" for one in self._servers], name="lamplighter store",
            connect_timeout=int(TIMEOUT_S), **login, **more,
        )  # fmt: skip
        return client

    async def _failed(self, wrong: Exception) -> None:
        self._failure = wrong

    async def _lost(self) -> None:
        reason = _words(self._failure) if self._failure else "closed by the server"
        self._arrived.put(Connection(False, reason))

    async def _back(self) -> None:
        self._arrived.put(Connection(True))

    async def _consumer(self, stream: _Stream) -> Any:
        """What is known of the stream's consumer; it is made where it is missing, and never changed."""
        api, errors = self._nats.js.api, self._nats.js.errors
        try:
            await self._jetstream.stream_info(stream.name)
        except errors.NotFoundError:
            if stream.new is None:
                raise SourceUnusable(f"{self.where} has no stream {stream.name}.") from None
            await self._create(stream.name, stream.new)
        try:
            return await self._jetstream.consumer_info(stream.name, self._name)
        except errors.NotFoundError:
            return await self._jetstream.add_consumer(
                stream.name,
                api.ConsumerConfig(
                    durable_name=self._name, filter_subject=stream.subjects, ack_policy=api.AckPolicy.EXPLICIT,
                    ack_wait=ACK_WAIT_S, max_ack_pending=MOST_UNACKNOWLEDGED,
                ),
            )  # fmt: skip

    async def _create(self, name: str, new: dict[str, Any]) -> None:
        """On three servers of a cluster, as the gateway makes its own streams there, or on the only one."""
        try:
            await self._jetstream.add_stream(name=name, num_replicas=REPLICAS, **new)
        except self._nats.js.errors.APIError as refused:
            if refused.err_code != _NO_CLUSTER:
                raise
            await self._jetstream.add_stream(name=name, **new)

    async def _read(self) -> None:
        work = [self._pull(stream) for stream in self._streams]
        if self._retained:
            work.append(self._read_retained())
        await asyncio.gather(*work)

    async def _read_retained(self) -> None:
        """Once for a new consumer: the last messages of before, as a new subscription of MQTT gets them.

        One that was published after the consumer was made is in the stream too. So the copies are stored after what is
        in the stream: the database then knows them as repeated.
        """
        first = self._streams[0]
        known = await self._tried(lambda: self._consumer(first))
        if (known.config.metadata or {}).get("retained") == "stored":
            return
        await self._tried(self._copy_retained)
        while any(stream == RETAINED for stream, _ in self._taken):
            self._room.clear()
            await self._room.wait()
        known.config.metadata = {**(known.config.metadata or {}), **_STORED}
        await self._tried(lambda: self._jetstream.add_consumer(first.name, known.config))

    async def _copy_retained(self) -> None:
        api = self._nats.js.api
        try:
            copy = await self._jetstream.pull_subscribe(
                f"$MQTT.rmsgs.{OURS}>", stream=RETAINED,
                config=api.ConsumerConfig(ack_policy=api.AckPolicy.NONE, inactive_threshold=3600),
            )  # fmt: skip
        except self._nats.js.errors.NotFoundError:
            return  # nobody has published a retained message yet
        left = (await copy.consumer_info()).num_pending
        while left > 0:
            await self._wait_for_room()
            messages = await copy.fetch(min(AT_ONCE, left), TIMEOUT_S)
            left -= len(messages)
            await self._stored_so_far(self._streams[0].name)
            for message in messages:
                self._take(message, RETAINED, "$MQTT.rmsgs.", retained=True)
        await copy.unsubscribe()

    async def _stored_so_far(self, stream: str) -> None:
        """Returns when the stores have acknowledged what is in the stream now."""
        await asyncio.sleep(BETWEEN_STREAMS_S)
        last = (await self._jetstream.stream_info(stream)).state.last_seq
        while True:
            consumer = await self._jetstream.consumer_info(stream, self._name)
            if not consumer.num_pending and not consumer.num_ack_pending or consumer.ack_floor.stream_seq >= last:
                return
            await asyncio.sleep(0.2)

    async def _pull(self, stream: _Stream) -> None:
        subscription = await self._jetstream.pull_subscribe_bind(self._name, stream=stream.name)
        while True:
            room = await self._wait_for_room()
            try:
                messages = await subscription.fetch(min(AT_ONCE, room), FETCH_S)
            except TimeoutError:
                continue
            except self._nats.errors.Error:
                if self._client.is_closed:  # by close(): the library tells a cancelled fetch in this way
                    return
                # somebody deleted the consumer, or the server lost its disk
                await self._tried(lambda: self._consumer(stream))
                continue
            for message in messages:
                self._take(message, stream.name, stream.prefix)

    async def _tried(self, act: Callable[[], Any], refuse: Callable[[Exception], None] = lambda _: None) -> Any:
        """The result of act(), tried again until the server can. refuse -- may raise a Problem instead"""
        told = False
        while True:
            try:
                done = await act()
                if told:
                    self._note(f"{self.where} is available again.")
                return done
            except (self._nats.errors.Error, TimeoutError, Problem) as wrong:
                if self._client.is_closed:  # by close()
                    raise
                refuse(wrong)
                if not told:
                    self._note(f"Waiting for {self.where}: {_words(wrong)}")
                    told = True
                await asyncio.sleep(random.uniform(1, 3))

    async def _wait_for_room(self) -> int:
        while len(self._taken) >= MOST_TAKEN:
            self._room.clear()
            await self._room.wait()
        return MOST_TAKEN - len(self._taken)

    def _take(self, message: Any, stream: str, prefix: str, retained: bool = False) -> None:
        about = message.metadata
        key = stream, about.sequence.stream
        if key in self._taken:
            return  # delivered again because the database has been away for longer than ACK_WAIT_S
        reply = "" if retained else message.reply
        self._taken[key] = reply
        received = about.timestamp.astimezone(UTC).replace(tzinfo=None)
        topic = nats_subject.topic(message.subject.removeprefix(prefix))
        self._arrived.put(JetStreamDelivery(topic, message.data, retained, 1, False, received, key, reply))

    async def _acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        for one in deliveries:
            assert isinstance(one, JetStreamDelivery)
            self._taken.pop(one.key, None)
            if one.reply:
                with contextlib.suppress(self._nats.errors.Error):  # then it is delivered again
                    await self._client.publish(one.reply, b"+ACK")
        self._room.set()

    async def _give_back(self) -> None:
        """Other stores get at once what this one has not committed."""
        for reply in filter(None, self._taken.values()):
            await self._client.publish(reply, b"-NAK")
        await self._client.close()


def _of_gateway() -> list[_Stream]:
    prefix = "$MQTT.msgs."
    diag = f"{OURS}*.*.diag"
    return [
        # as the server makes it when the first lamppost comes: a store may come before that, and lose nothing
        _Stream(
            GATEWAY, f"{prefix}{OURS}>", prefix, {"subjects": [f"{prefix}>"], "retention": "interest"}
        ),
        _Stream(DIAG, diag, "", {"subjects": [diag], "max_age": KEEP_DIAG_S}),
    ]  # fmt: skip


def _words(wrong: BaseException) -> str:
    """One line, without a full stop at its end."""
    text = getattr(wrong, "description", None) or str(wrong) or type(wrong).__name__
    return text.splitlines()[0].removeprefix("nats: ").strip("'.")
