"""A subscription whose session the broker keeps while the store is away, acknowledged once all is committed.

It reads and acknowledges in blocks: handing over one packet at a time took most of a store's processor time.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import random
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...problems import Problem
from ...telemetry.broker_problems import BrokerAddress
from ...telemetry.subscriber import Connection, Incoming
from ..extra import needed
from .background import Background
from .delivery import Delivery
from .mqtt_blocks import Blocks

EXPIRY_S = 7 * 86400  # the broker may delete the session of a store that was away for longer
MOST_UNACKNOWLEDGED = 65535  # the limit of MQTT
KEEPALIVE_S = 30
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 10.0  # before it connects again


@dataclass(frozen=True)
class MqttDelivery(Delivery):
    """session, mid, connection -- to acknowledge it by."""

    session: KeptSession
    mid: int | None
    connection: int


class KeptSession:
    """`with KeptSession(name, ...)`: puts MqttDelivery and Connection into `arrived`; acknowledge() what is committed.

    not_filters -- what the session subscribed to in earlier uses and must not any more
    """

    def __init__(
        self, name: str, host: str, port: int, filters: list[str], user: str | None = None,
        password: str | None = None, *, arrived: queue.SimpleQueue[Incoming | Connection | Exception],
        tls: bool | Path = False, identity: tuple[Path, Path] | None = None, not_filters: tuple[str, ...] = (),
        timeout: float = 10.0,
    ) -> None:  # fmt: skip
        self._mqtt5 = needed("mqtt5")
        self._name, self._user, self._password = name, user, password
        self.filters, self._not_filters = filters, list(not_filters)
        self._arrived = arrived
        self._broker = BrokerAddress(host, port, tls, identity, timeout)
        self._answer: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        self._connection = 0
        self._up = self._met = False  # subscribed now; was subscribed once
        self._context: ssl.SSLContext | None = None
        self._background: Background | None = None  # while it runs
        self._writer: asyncio.StreamWriter

    @property
    def where(self) -> str:
        return self._broker.where

    def __enter__(self) -> KeptSession:
        self._context = self._broker.context()
        self._background = Background()
        self._background.start(self._run())
        trouble = self._answer.get()
        if trouble:
            self.__exit__()
            raise trouble
        return self

    def __exit__(self, *_: Any) -> None:
        background, self._background = self._background, None
        if background:
            background.close()

    def acknowledge(self, deliveries: Sequence[MqttDelivery]) -> None:
        """Nothing where the session has ended: the broker sends it again, to whoever has the session then."""
        if self._background:
            self._background.start(self._acknowledge(deliveries))

    # the rest runs in the loop's thread

    async def _run(self) -> None:
        try:
            await self._keep()
        except Exception as bug:  # the store must end with it, or it would wait for ever
            self._answer.put(bug)
            self._arrived.put(bug)

    async def _acknowledge(self, deliveries: Sequence[MqttDelivery]) -> None:
        """Of an earlier connection nothing: its numbers may mean other messages in this one."""
        mids = [one.mid for one in deliveries if one.connection == self._connection and one.mid is not None]
        self._writer.write(b"".join([self._mqtt5.PubAckPacket(mid).write() for mid in mids]))

    async def _keep(self) -> None:
        """Connects again for ever; ends when the first connection fails."""
        wait = FIRST_WAIT_S
        while True:
            try:
                await self._serve()
            except Problem as problem:
                if not self._met:
                    self._answer.put(problem)
                    return
            except OSError as lost:
                self._arrived.put(Connection(False, str(lost)))
                self._up, wait = False, FIRST_WAIT_S
            self._connection += 1
            await asyncio.sleep(wait * random.uniform(0.5, 1))
            wait = min(wait * 2, LONGEST_WAIT_S)

    async def _serve(self) -> None:
        """One connection, until it is lost. Raises OSError with the reason, Problem where it never got so far."""
        reader, self._writer = await self._open()
        pings: asyncio.Task[None] | None = None
        try:
            blocks = Blocks(reader)
            self._writer.write(self._connect_packet())
            while True:
                for packet in await self._packets(blocks):
                    if isinstance(packet, self._mqtt5.PublishPacket):
                        self._deliver(packet)
                    elif isinstance(packet, self._mqtt5.ConnAckPacket):
                        pings = asyncio.create_task(self._ping(self._welcomed(packet)))
                    elif isinstance(packet, self._mqtt5.SubAckPacket):
                        self._subscribed(packet)
        except asyncio.CancelledError:
            self._writer.write(self._mqtt5.DisconnectPacket().write())
            raise
        finally:
            if pings:
                pings.cancel()
            self._writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                await asyncio.wait_for(self._writer.wait_closed(), 2)

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        broker = self._broker
        address, more = (broker.host, broker.port), {}
        try:
            plain = await asyncio.to_thread(socket.create_connection, address, broker.timeout)
            plain.setblocking(False)
            if self._context:
                more = {"server_hostname": broker.host, "ssl_handshake_timeout": broker.timeout}
            return await asyncio.open_connection(sock=plain, ssl=self._context, limit=Blocks.SIZE, **more)
        except UnicodeError:  # of the resolver, for a name that none can have
            raise broker.no_such_name() from None
        except ConnectionAbortedError:  # asyncio's word for a handshake that takes too long
            raise broker.unreachable(TimeoutError()) from None
        except OSError as wrong:
            raise broker.unreachable(wrong) from None

    def _connect_packet(self) -> bytes:
        password = None if self._password is None else self._password.encode()
        return self._mqtt5.ConnectPacket(
            self._name, username=self._user, password=password, clean_start=False, keep_alive=KEEPALIVE_S,
            session_expiry_interval=EXPIRY_S, receive_max=MOST_UNACKNOWLEDGED,
        ).write()  # fmt: skip

    async def _packets(self, blocks: Blocks) -> list[Any]:
        """Those that have arrived; before the subscription is there, a lost connection is a Problem."""
        try:
            async with asyncio.timeout(1.5 * KEEPALIVE_S if self._up else self._broker.timeout):
                packets = await blocks.next()
        except TimeoutError:
            if self._up:
                raise OSError("the broker answers no more") from None
            raise self._broker.silent() from None
        except OSError:
            if self._up:
                raise
            raise self._broker.closed(mqtt5=True) from None
        except ValueError as wrong:
            if self._up:
                raise OSError(f"a packet that is no MQTT 5.0: {wrong}") from None
            raise self._broker.not_mqtt5() from None
        for one in packets:
            if isinstance(one, self._mqtt5.DisconnectPacket):
                raise OSError(_words(one.reason_code).lower()) if self._up else self._broker.closed(mqtt5=True)
        return packets

    def _welcomed(self, packet: Any) -> int:
        """Subscribe; seconds of the keep-alive."""
        if packet.reason_code != self._mqtt5.ConnAckReasonCode.SUCCESS:
            raise self._broker.refused(_words(packet.reason_code))
        mqtt5 = self._mqtt5
        # retained copies come once, when the subscription is new to the broker
        about = {
            "max_qos": mqtt5.QoS.AT_LEAST_ONCE, "retain_as_published": False,
            "retain_handling": mqtt5.RetainHandling.SEND_IF_SUBSCRIPTION_NOT_EXISTS,
        }  # fmt: skip
        wanted = [mqtt5.TopicFilter(one, **about) for one in self.filters]
        self._writer.write(mqtt5.SubscribePacket(1, wanted).write())
        if self._not_filters:
            self._writer.write(mqtt5.UnsubscribePacket(2, self._not_filters).write())
        return min(packet.server_keep_alive or KEEPALIVE_S, KEEPALIVE_S)

    def _subscribed(self, packet: Any) -> None:
        refused = [one for one, reason in zip(self.filters, packet.reason_codes, strict=False) if int(reason) >= 0x80]
        if refused:
            raise self._broker.not_subscribed(refused)
        self._up = True
        if self._met:
            self._arrived.put(Connection(True))
        else:
            self._answer.put(None)
        self._met = True

    def _deliver(self, packet: Any) -> None:
        self._arrived.put(
            MqttDelivery(
                packet.topic, packet.payload, packet.retain, int(packet.qos), packet.duplicate, None, self,
                packet.packet_id, self._connection,
            )  # fmt: skip
        )

    async def _ping(self, keepalive: int) -> None:
        while True:
            await asyncio.sleep(keepalive / 2)
            self._writer.write(self._mqtt5.PingReqPacket().write())


def _words(reason: Any) -> str:
    """As MQTT names it."""
    return reason.name.replace("_", " ").capitalize()
