"""A subscription whose session the broker keeps while the store is away, acknowledged message by message."""

from __future__ import annotations

import queue
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from ...telemetry.subscriber import Connection, Incoming, Subscriber
from .source import Delivery

EXPIRY_S = 7 * 86400  # the broker may delete the session of a store that was away for longer
MOST_UNACKNOWLEDGED = 65535  # the limit of MQTT


@dataclass(frozen=True)
class MqttDelivery(Delivery):
    """session, mid, connection -- to acknowledge it by."""

    session: KeptSession
    mid: int
    connection: int


class KeptSession(Subscriber):
    """`with KeptSession(session, ...)`: next() gives an MqttDelivery; acknowledge() it once it is committed.

    arrived -- the queue of deliveries, where several sessions have one; not_filters -- what the session subscribed to
    in earlier uses and must not any more
    """

    def __init__(
        self, session: str, *about: Any, arrived: queue.SimpleQueue[Incoming | Connection] | None = None,
        not_filters: tuple[str, ...] = (), **more: Any,
    ) -> None:  # fmt: skip
        self._session = session
        self._not_filters = list(not_filters)
        self._connection = 0
        super().__init__(*about, **more)
        if arrived is not None:
            self._arrived = arrived

    def acknowledge(self, delivery: MqttDelivery) -> None:
        """Of an earlier connection nothing is acknowledged: its numbers may mean other messages in this one."""
        if delivery.connection == self._connection:
            self._client.ack(delivery.mid, delivery.qos)

    def _new_client(self) -> paho.Client:
        return paho.Client(
            CallbackAPIVersion.VERSION2, client_id=self._session, protocol=paho.MQTTv5, manual_ack=True
        )

    def _connect(self) -> None:
        kept = Properties(PacketTypes.CONNECT)
        kept.SessionExpiryInterval = EXPIRY_S
        kept.ReceiveMaximum = MOST_UNACKNOWLEDGED
        self._client.connect(self.host, self.port, keepalive=30, clean_start=False, properties=kept)

    def _subscribe(self) -> None:
        # retained copies come once, when the subscription is new to the broker
        options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
        self._client.subscribe([(one, options) for one in self.filters])
        if self._not_filters:
            self._client.unsubscribe(self._not_filters)

    # the rest runs in paho's thread

    def _connected(self, client: paho.Client, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        self._connection += 1
        super()._connected(client, data, flags, reason, properties)

    def _disconnected(self, *about: Any) -> None:
        # from here on paho sends an acknowledgement on the next connection, even before the broker has welcomed it
        self._connection += 1
        super()._disconnected(*about)

    def _message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = repr(message)
        self._arrived.put(
            MqttDelivery(
                topic, bytes(message.payload), message.retain, message.qos, message.dup, None, self, message.mid,
                self._connection,
            )  # fmt: skip
        )
