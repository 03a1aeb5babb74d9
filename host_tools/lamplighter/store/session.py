"""A subscription whose session the broker keeps while the store is away, acknowledged message by message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from ..telemetry.subscriber import Incoming, Subscriber

EXPIRY_S = 7 * 86400  # the broker may delete the session of a store that was away for longer
MOST_UNACKNOWLEDGED = 65535  # the limit of MQTT


@dataclass(frozen=True)
class Delivery(Incoming):
    """repeated -- the broker may have sent it before; mid, connection -- to acknowledge it by."""

    repeated: bool
    qos: int
    mid: int
    connection: int


class KeptSession(Subscriber):
    """`with KeptSession(session, ...)`: next() gives a Delivery; acknowledge() it once it is committed."""

    def __init__(self, session: str, *about: Any, **more: Any) -> None:
        self._session = session
        self._connection = 0
        super().__init__(*about, **more)

    def acknowledge(self, deliveries: list[Delivery]) -> None:
        """Of an earlier connection nothing is acknowledged: its numbers may mean other messages in this one."""
        for one in deliveries:
            if one.connection == self._connection:
                self._client.ack(one.mid, one.qos)

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

    # the rest runs in paho's thread

    def _connected(self, client: paho.Client, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        self._connection += 1
        super()._connected(client, data, flags, reason, properties)

    def _message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = repr(message)
        self._arrived.put(
            Delivery(
                topic, bytes(message.payload), message.retain, message.dup, message.qos, message.mid, self._connection
            )
        )
