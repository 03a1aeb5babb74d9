"""A lamppost that breaks one rule: everything a real one says, published again under another name and spoiled.

Simulated by a client beside the broker: the lamppost itself keeps the contract.
"""

from __future__ import annotations

import json
from typing import Any

import paho.mqtt.client as paho
from interop.brokers import Mosquitto
from lamplighter.contract import ROOT, parse_topic

SITE, ORIGINAL = "hil", "lp-hil"
Body = dict[str, Any]


class Twin:
    """Keeps every rule; the subclasses break one. rule -- the id of that."""

    rule = ""

    def __init__(self, broker: Mosquitto) -> None:
        self.node = f"{SITE}/{self.name()}"
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=self.node)
        self._client.on_connect = self._connected
        self._client.on_message = self._arrived
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()

    @classmethod
    def name(cls) -> str:
        return "twin-" + cls.__name__.lower()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def spoiled(self, suffix: str, body: Body) -> Body | None:
        """What it publishes instead; None: nothing."""
        return body

    def kept(self, suffix: str, retained: bool) -> bool:
        return retained

    def command(self, body: Body) -> Body:
        """What reaches the lamppost instead."""
        return body

    def _connected(self, client: paho.Client, *_: Any) -> None:
        client.subscribe([(f"{ROOT}/{SITE}/{ORIGINAL}/#", 1), (f"{ROOT}/{self.node}/cmd/+", 1)])

    def _arrived(self, client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        place = parse_topic(message.topic)
        body = json.loads(message.payload) if message.payload else None
        if place.node == ORIGINAL and not place.kind.received:
            suffix = place.suffix
            body = self.spoiled(suffix, body) if body else body
            if body is not None or not message.payload:
                if place.kind.name == "ack" and body:
                    suffix = f"ack/{body['id']}"
                payload = json.dumps(body).encode() if body else b""
                retained = self.kept(suffix, place.kind.retained)
                client.publish(f"{ROOT}/{self.node}/{suffix}", payload, place.kind.qos, retained)
        elif place.node != ORIGINAL and body:
            verb = place.parameter
            client.publish(f"{ROOT}/{SITE}/{ORIGINAL}/cmd/{verb}", json.dumps(self.command(body)).encode(), 1)


class Loses(Twin):
    rule = "gapless"

    def spoiled(self, suffix: str, body: Body) -> Body | None:
        return None if body["s"] and body["s"] % 7 == 5 and suffix.startswith("tele/") else body


class Retains(Twin):
    rule = "retained"

    def kept(self, suffix: str, retained: bool) -> bool:
        return retained or suffix == "tele/energy"


class Forgets(Twin):
    rule = "presence"

    def kept(self, suffix: str, retained: bool) -> bool:
        return retained and suffix != "info"


class Silences(Twin):
    """A value that it could not read is null, and nothing says why."""

    rule = "quality"

    def spoiled(self, suffix: str, body: Body) -> Body | None:
        if suffix == "tele/energy":
            body["u_mv"] = None
            body["q"].pop("u_mv")
        return body


class Turns(Twin):
    """Its register is the meter's, which was replaced."""

    rule = "register"

    def spoiled(self, suffix: str, body: Body) -> Body | None:
        if suffix == "tele/energy" and body["imp_mwh"] is not None:
            body["imp_mwh"] = max(0, 10**9 - body["s"])
        return body


class Renumbers(Twin):
    rule = "key"

    def spoiled(self, suffix: str, body: Body) -> Body | None:
        if suffix.startswith("tele/"):
            body["s"] //= 2
        return body


class Repeats(Twin):
    """Does a command as often as it comes."""

    rule = "command-repeat"

    def __init__(self, broker: Mosquitto) -> None:
        self.times = 0
        super().__init__(broker)

    def command(self, body: Body) -> Body:
        self.times += 1
        return {**body, "id": f"{body['id']}:{self.times}"}

    def spoiled(self, suffix: str, body: Body) -> Body | None:
        if suffix.startswith("ack/"):
            body["id"] = body["id"].split(":")[0]
        return body


class Obeys(Twin):
    """Takes no notice of exp."""

    rule = "command-expired"

    def command(self, body: Body) -> Body:
        return {**body, "exp": "2099-01-01T00:00:00Z"}
