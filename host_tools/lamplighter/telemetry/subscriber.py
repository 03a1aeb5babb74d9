"""A durable MQTT subscription: a refusal becomes a Problem, and a lost connection is restored."""

from __future__ import annotations

import contextlib
import queue
import socket
import ssl
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from .. import hosts
from ..contract import ROOT
from ..problems import BrokerLoginRefused, BrokerNotFound, BrokerRefused, BrokerUnreachable, Problem

FEW = 20  # lampposts up to which each has subscriptions of its own
_DATES = (9, 10)  # OpenSSL's numbers: not yet valid, expired
_LOGIN = ("Bad user name or password", "Not authorized", "Banned")


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
        self.host, self.port, self.filters, self.timeout = host, port, filters, timeout
        self._tls, self._identity = tls, identity
        self._arrived: queue.SimpleQueue[Incoming | Connection] = queue.SimpleQueue()
        self._answer: queue.SimpleQueue[Problem | None] = queue.SimpleQueue()
        self._welcome = False
        self._client = self._new_client()
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
        return hosts.joined(self.host, self.port)

    def __enter__(self) -> Subscriber:
        if self._tls:
            self._client.tls_set_context(tls_context(self._tls, self._identity))
        try:
            self._connect()
        except UnicodeError:  # of the resolver, for a name that none can have
            raise BrokerNotFound(f"The broker's name {self.host!r} cannot be resolved.") from None
        except OSError as wrong:
            raise unreachable(wrong, self.host, self.port, bool(self._tls), self.timeout) from None
        self._client.loop_start()
        try:
            trouble = self._answer.get(timeout=self.timeout)
        except queue.Empty:
            trouble = BrokerRefused(
                f"{self.where} accepts the connection, but gives no MQTT answer within {self.timeout:g} s.",
                "Check the port: usually 1883, with --tls 8883.",
            )
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

    def _new_client(self) -> paho.Client:
        return paho.Client(CallbackAPIVersion.VERSION2, client_id=f"lamplighter-{uuid.uuid4().hex[:10]}")

    def _connect(self) -> None:
        self._client.connect(self.host, self.port, keepalive=30)

    def _subscribe(self) -> None:
        self._client.subscribe([(one, 1) for one in self.filters])

    def _end(self) -> None:
        self._client.on_disconnect = None
        self._client.disconnect()
        self._client.loop_stop()

    def _remedy(self) -> str:
        if not self._tls:
            return "Check the port; if the broker wants TLS, add --tls."
        if not self._identity:
            return (
                "The broker may require a client certificate: --identity FOLDER --as NAME, or --cert, --key and --ca."
            )
        return "Check that this broker's CA issued the certificate, and that it is neither expired nor revoked."

    # the rest runs in paho's thread

    def _connected(self, _client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if not reason.is_failure:
            self._subscribe()
            return
        kind = BrokerLoginRefused if str(reason) in _LOGIN else BrokerRefused
        self._answer.put(kind(f"The broker {self.where} refused the connection: {str(reason).lower()}."))

    def _subscribed(self, _client: paho.Client, _data: Any, _mid: int, reasons: list[Any], _properties: Any) -> None:
        refused = [one for one, reason in zip(self.filters, reasons, strict=False) if reason.is_failure]
        if not self._welcome:
            said = f"The broker {self.where} does not let this user subscribe to {', '.join(refused)}."
            self._answer.put(BrokerLoginRefused(said) if refused else None)
            self._welcome = not refused
        else:
            self._arrived.put(Connection(True))

    def _disconnected(self, _client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if self._welcome:
            self._arrived.put(Connection(False, str(reason).lower()))
        else:
            self._answer.put(
                BrokerRefused(f"{self.where} closed the connection before the MQTT handshake.", self._remedy())
            )

    def _message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = repr(message)
        self._arrived.put(Incoming(topic, bytes(message.payload), message.retain, message.qos))


def tls_context(tls: bool | Path, identity: tuple[Path, Path] | None) -> ssl.SSLContext | None:
    """As Subscriber takes them; None without TLS. Raises BrokerRefused."""
    if not tls:
        return None
    ca = tls if isinstance(tls, Path) else None
    try:
        context = ssl.create_default_context(cafile=ca)
        if identity:
            key, certificate = identity
            context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as wrong:
        cause = f"The CA file {ca}{' or the certificate' if identity else ''} cannot be used: {wrong}."
        raise BrokerRefused(cause, "Name a PEM file with --ca.") from None
    return context


def unreachable(wrong: OSError, host: str, port: int, tls: bool, timeout: float, secured: str = "8883") -> Problem:
    """What to tell of a connection that failed. secured -- the server's usual port with TLS"""
    where = hosts.joined(host, port)
    if isinstance(wrong, socket.gaierror):
        return BrokerNotFound(f"The broker's name {host!r} cannot be resolved.")
    if isinstance(wrong, ssl.SSLCertVerificationError) and wrong.verify_code in _DATES:
        now = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
        return BrokerRefused(
            f"The certificate of {where} is not valid at {now}, as this computer's clock says: "
            f"{wrong.verify_message}.",
            "Set this computer's date and time; if they are right, renew the broker's certificate.",
        )
    if isinstance(wrong, ssl.SSLCertVerificationError):
        return BrokerRefused(
            f"{where} has an untrusted certificate: {wrong.verify_message}.",
            "Name the CA that signed it with --ca FILE, and use the broker name of the certificate.",
        )
    if isinstance(wrong, ssl.SSLError) or (tls and isinstance(wrong, ConnectionResetError | EOFError)):
        return BrokerRefused(
            f"{where} does not offer TLS.",
            f"Leave out --tls, or give the broker's TLS port (usually {secured}).",
        )
    if isinstance(wrong, TimeoutError):
        return BrokerUnreachable(f"{where} did not answer within {timeout:g} s.")
    if isinstance(wrong, ConnectionRefusedError):
        return BrokerUnreachable(f"No broker listens at {where}: connection refused.")
    return BrokerUnreachable(f"{where} cannot be reached: {wrong.strerror or wrong}.")


def _send_at_once(_client: paho.Client, _data: Any, sock: Any) -> None:
    """Without it each acknowledgement waits for another, 40 ms a message."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
