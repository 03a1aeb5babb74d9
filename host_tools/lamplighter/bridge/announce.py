"""Keeps Home Assistant's discovery messages up to date with what lampposts publish, at the same broker."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ..contract import ROOT
from ..telemetry.state import Node, Telemetry
from ..telemetry.subscriber import Incoming, Subscriber
from . import home_assistant

BIRTH = "online"  # on PREFIX/status, when Home Assistant has started

Told = Callable[[str, int, bool], None]


class Announcer:
    """Feed it messages with take(); flush() publishes what changed.

    told(node, components, new) -- called for each message that was published
    """

    def __init__(self, prefix: str, told: Told) -> None:
        self._prefix = prefix
        self._told = told
        self._telemetry = Telemetry(strict=False)
        self._published: dict[str, bytes] = {}  # by topic: as the broker has it
        self._stale: set[str] = set()  # topics that are published again though they are right
        self._changed: set[tuple[str, str]] = set()

    def filters(self, site: str = "+") -> list[str]:
        root = f"{ROOT}/{site}/+"
        kinds = ("info", "state", "tele/#", "alarm/+", "diag")
        own = (f"{self._prefix}/device/+/config", f"{self._prefix}/status")
        return [*(f"{root}/{kind}" for kind in kinds), *own]

    @property
    def devices(self) -> int:
        return len(self._published)

    def take(self, arrived: Incoming) -> None:
        if arrived.topic == f"{self._prefix}/status":
            if arrived.payload.decode(errors="replace") == BIRTH and not arrived.retained:
                self._again()
        elif arrived.topic.startswith(f"{self._prefix}/device/"):
            if arrived.retained and arrived.payload:
                self._published.setdefault(arrived.topic, arrived.payload)
        else:
            seen = self._telemetry.take(arrived.topic, arrived.payload, arrived.retained)
            if seen.place and not seen.errors and not seen.place.kind.received:
                self._changed.add((seen.place.site, seen.place.node))

    def flush(self, broker: Subscriber) -> None:
        """Publish the messages that are not at the broker as they should be."""
        for key in sorted(self._changed):
            node = self._telemetry.nodes.get(key)
            if node is not None:
                self._publish(broker, node)
        self._changed.clear()

    def _publish(self, broker: Subscriber, node: Node) -> None:
        where = home_assistant.topic(self._prefix, node.site, node.name)
        before = self._published.get(where)
        message = home_assistant.discovery(node, _components(before))
        if message is None:
            return
        payload = home_assistant.payload(message)
        if payload != before or where in self._stale:
            broker.publish(where, payload, retain=True)
            self._stale.discard(where)
            self._published[where] = payload
            self._told(f"{node.site}/{node.name}", len(message["cmps"]), before is None)

    def _again(self) -> None:
        """Home Assistant has started: the broker it reads from may have kept nothing for it."""
        self._stale |= set(self._published)
        self._changed |= set(self._telemetry.nodes)


def _components(payload: bytes | None) -> dict[str, Any]:
    """Of the message before, where it is one of ours."""
    try:
        message = json.loads(payload or b"{}")
        components = message.get("cmps", {})
        return components if isinstance(components, dict) else {}
    except (ValueError, AttributeError):
        return {}
