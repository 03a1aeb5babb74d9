"""A durable MQTT subscription: a refusal becomes a Problem, and a lost connection is restored."""

from __future__ import annotations

import contextlib
import queue
import socket
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from ..contract import ROOT
from ..problems import Problem
from .broker_problems import BrokerAddress

FEW = 20  # lampposts up to which each has subscriptions of its own


@dataclass(frozen=True)
class Incoming:
    topic: str
    payload: bytes
    retained: bool
    qos: int


@dataclass(frozen=True)
class Connection:
    """The subscriber's own connection was lost (up False) or is back (up True)."""

    up: bool
    reason: str = ""


def filters_of(nodes: list[str], *suffixes: str) -> list[str]:
    """What to subscribe to for these topics of SITE/NODE each: of many lampposts, those of their whole sites."""
    where = nodes if len(nodes) <= FEW else sorted({node.split("/")[0] + "/+" for node in nodes})
    return [f"{ROOT}/{place}/{suffix}" for place in where for suffix in suffixes]


class Subscriber:
    """`with Subscriber(host, port, filters) as sub: sub.next(timeout)`; QoS 1, clean session.

    tls -- True for the system's authorities, or the path of a CA file
    identity -- (key, certificate) as PEM files, for a broker that asks for them
    """

    def __init__(
        self,
        host: str,
        port: int,
        filters: list[str],
        user: str | None = None,
        password: str | None = None,
        tls: bool | Path = False,
        timeout: float = 10.0,
        identity: tuple[Path, Path] | None = None,
    ) -> None:
        self.filters = filters
        self._broker = BrokerAddress(host, port, tls, identity, timeout)
        self._arrived: queue.SimpleQueue[Incoming | Connection] = queue.SimpleQueue()
        self._answer: queue.SimpleQueue[Problem | None] = queue.SimpleQueue()
        self._welcome = False
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"lamplighter-{uuid.uuid4().hex[:10]}")
        self._client.connect_timeout = timeout
        self._client.reconnect_delay_set(1, 10)
        if user is not None:
            self._client.username_pw_set(user, password)
        self._client.on_socket_open = _send_at_once
        self._client.on_connect = self._connected
        self._client.on_connect_fail = lambda *_: None
        self._client.on_subscribe = self._subscribed
        self._client.on_disconnect = self._disconnected
        self._client.on_message = self._message

    @property
    def where(self) -> str:
        return self._broker.where

    def __enter__(self) -> Subscriber:
        if self._broker.tls:
            self._client.tls_set_context(self._broker.context())
        try:
            self._client.connect(self._broker.host, self._broker.port, keepalive=30)
        except UnicodeError:  # of the resolver, for a name that none can have
            raise self._broker.no_such_name() from None
        except OSError as wrong:
            raise self._broker.unreachable(wrong) from None
        self._client.loop_start()
        try:
            trouble = self._answer.get(timeout=self._broker.timeout)
        except queue.Empty:
            trouble = self._broker.silent()
        if trouble:
            self._end()
            raise trouble
        return self

    def __exit__(self, *_: Any) -> None:
        self._end()

    def next(self, timeout: float | None = None) -> Incoming | Connection | None:
        """The next message or change of the connection; None when nothing came in time."""
        try:
            return self._arrived.get(timeout=timeout)
        except queue.Empty:
            return None

    def publish(self, topic: str, payload: bytes, retain: bool = False, wait_s: float = 0) -> None:
        """Publish at QoS 1; kept until the broker has it. wait_s -- wait so long for its acknowledgement."""
        sent = self._client.publish(topic, payload, 1, retain)
        if wait_s:
            with contextlib.suppress(RuntimeError, ValueError):  # not connected now
                sent.wait_for_publish(wait_s)

    def pending(self) -> Iterator[Incoming | Connection]:
        """The messages received so far, without waiting."""
        while True:
            try:
                yield self._arrived.get_nowait()
            except queue.Empty:
                return

    def _end(self) -> None:
        self._client.on_disconnect = None
        self._client.disconnect()
        self._client.loop_stop()

    # the rest runs in paho's thread

    def _connected(self, _client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if not reason.is_failure:
            self._client.subscribe([(one, 1) for one in self.filters])
            return
        self._answer.put(self._broker.refused(str(reason)))

    def _subscribed(self, _client: paho.Client, _data: Any, _mid: int, reasons: list[Any], _properties: Any) -> None:
        refused = [one for one, reason in zip(self.filters, reasons, strict=False) if reason.is_failure]
        if not self._welcome:
            self._answer.put(self._broker.not_subscribed(refused) if refused else None)
            self._welcome = not refused
        else:
            self._arrived.put(Connection(True))

    def _disconnected(self, _client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if self._welcome:
            self._arrived.put(Connection(False, str(reason).lower()))
        else:
            self._answer.put(self._broker.closed())

    def _message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = repr(message)
        self._arrived.put(Incoming(topic, bytes(message.payload), message.retain, message.qos))


def _send_at_once(_client: paho.Client, _data: Any, sock: Any) -> None:
    """Without it each acknowledgement waits for another, 40 ms a message."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
