"""What a subscriber hears of the lamppost: a session that the broker keeps over its own death, and proof by (b, s)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from interop.brokers import Mosquitto, Subscriber
from lamplighter.telemetry.recording import record
from lamplighter.telemetry.state import Telemetry

Message = dict[str, Any]


class Hearing:
    """All messages of the lamppost, in order. `mark` is where until() looks from: forget() sets it to now."""

    def __init__(self, broker: Mosquitto) -> None:
        self._subscriber = Subscriber(broker.port, "lamppost/v1/#", host=broker.host)
        self.mark = 0

    def close(self) -> None:
        self._subscriber.close()
        for message in self._subscriber.messages:
            record(*message)

    def command(self, node: str, verb: str, message: Message, retained: bool = False) -> None:
        """Send a command to a node (site/node)."""
        self._subscriber.publish(f"lamppost/v1/{node}/cmd/{verb}", json.dumps(message).encode(), retain=retained)

    def forget(self) -> None:
        self.mark = len(self._subscriber.messages)

    def listens(self) -> None:
        """Wait until the subscriber is with its broker (again)."""
        assert self._subscriber.listening(), "the subscriber has no broker"

    def until(self, suffix: str, holds: Callable[[Message], object] = lambda m: True, within: float = 120.0) -> Message:
        """The first message on `suffix` behind the mark for which holds(message); {} stands for an empty payload."""

        def look(messages: list) -> list[Message]:
            for topic, payload, _ in messages[self.mark :]:
                if topic.split("/", 4)[4] == suffix:
                    message = json.loads(payload) if payload else {}
                    if holds(message):
                        return [message]
            return []

        return self._subscriber.wait(look, within)[0]

    def arrival(self, *suffixes: str, within: float = 120.0, after: int = 0) -> Message:
        """The node has come (back): one boot of it is online and has sent telemetry. Returns that boot's evt/boot.

        after -- a boot number: only a later boot counts. A broker that was killed delivers what it had not seen
            acknowledged once more, so that the boot before seems to arrive again
        """
        wanted = (*(suffixes or ("tele/energy",)), "evt/boot")

        def look(messages: list) -> list[Message]:
            heard: dict[str, dict[int, Message]] = {}  # suffix: last message of each boot
            for topic, payload, _ in messages[self.mark :]:
                message = json.loads(payload) if payload else {}
                if message.get("state") != "lost" and message.get("b", 0) > after:
                    heard.setdefault(topic.split("/", 4)[4], {})[message.get("b", 0)] = message
            boots = set(heard.get("state", {})).intersection(*(heard.get(suffix, {}) for suffix in wanted))
            return [heard["evt/boot"][max(boots)]] if boots else []

        return self._subscriber.wait(look, within)[0]

    def all(self, suffix: str) -> list[Message]:
        """Every message on `suffix` so far, as they came."""
        return [
            json.loads(payload) if payload else {}
            for topic, payload, _ in list(self._subscriber.messages)
            if topic.split("/", 4)[4] == suffix
        ]

    def cleared_unraised(self) -> list[str]:
        """Topics of alarms that were cleared, as far as this subscriber has heard, without having been raised."""
        first: dict[str, bytes] = {}
        for topic, payload, _ in list(self._subscriber.messages):
            first.setdefault(topic, payload)
        alarms = {topic: payload for topic, payload in first.items() if "/alarm/" in topic}
        return [topic for topic in alarms if not alarms[topic]]

    def numbered(self) -> list[Message]:
        """Every message that has a sequence number."""
        heard = (json.loads(payload) for _, payload, _ in list(self._subscriber.messages) if payload)
        return [message for message in heard if message["s"] is not None]

    def counts(self) -> dict[str, Any]:
        """invalid, gaps, duplicates, dropped, messages: what `lamplighter watch` would say."""
        telemetry = Telemetry()
        for message in list(self._subscriber.messages):
            telemetry.take(*message)
        return {**telemetry.summary(), "holes": telemetry.gaps(), "complaints": list(telemetry.complaints)}

    def nothing_lost(self) -> None:
        """No message is invalid, none is missing, and the register never ran backwards."""
        counts = self.counts()
        assert counts["invalid"] == 0, counts["complaints"]
        assert counts["gaps"] == 0, counts["holes"]
        register = self.register()
        assert register == sorted(register), "the import register ran backwards"

    def register(self) -> list[int]:
        """imp_mwh in the order in which it was recorded."""
        energy = {(m["b"], m["s"]): m["imp_mwh"] for m in self.all("tele/energy")}
        return [energy[key] for key in sorted(energy) if energy[key] is not None]
