"""Keeps Home Assistant's discovery messages up to date with what lampposts publish, at the same broker."""

from __future__ import annotations

import time
from collections.abc import Callable

from ...contract import ROOT
from ...telemetry.state import Node, Telemetry
from ...telemetry.subscriber import Incoming, Subscriber
from . import discovery

BIRTH = "online"  # on PREFIX/status, when Home Assistant has started
# Home Assistant 2025.4 drops part of an update that comes while it still sets up the components of the one before
REST_S = 3.0
# every topic that the broker keeps is published anew at least hourly, and soon after a start
SILENT_S = 75 * 60.0

Key = tuple[str, str]  # site and node
Told = Callable[[str, int, bool], None]


class Announcer:
    """Feed it messages with take(); flush() publishes what changed.

    told(node, components, new) -- called for each message that was published; no components: it was removed
    """

    def __init__(self, prefix: str, told: Told, clock: Callable[[], float] = time.monotonic) -> None:
        self._prefix = prefix
        self._told = told
        self._clock = clock
        self._telemetry = Telemetry(strict=False)
        self._published: dict[Key, bytes] = {}  # as the broker has it
        self._published_at: dict[Key, float] = {}
        self._again: set[Key] = set()  # published again though they are right
        self._changed: set[Key] = set()
        self._leaving: set[Key] = set()
        self._removed: set[Key] = set()  # by somebody else, until they speak
        self._boots: dict[Key, tuple[int, float]] = {}  # number of the boot, and since when it has been seen

    def filters(self, site: str = "+") -> list[str]:
        root = f"{ROOT}/{site}/+"
        kinds = ("info", "state", "tele/#", "alarm/+", "ota/status", "diag")
        own = (f"{self._prefix}/device/+/config", f"{self._prefix}/status")
        return [*own, *(f"{root}/{kind}" for kind in kinds)]  # what is announced already comes first

    def take(self, arrived: Incoming) -> None:
        if arrived.topic == f"{self._prefix}/status":
            if arrived.payload.decode(errors="replace") == BIRTH and not arrived.retained:
                self._home_assistant_started()
        elif arrived.topic.startswith(f"{self._prefix}/device/"):
            self._take_own(arrived)
        else:
            self._take_telemetry(arrived)

    def flush(self, broker: Subscriber) -> None:
        """Publish the messages that are not at the broker as they should be."""
        for key in sorted(self._leaving):
            if self._published.pop(key, None):
                broker.publish(discovery.topic(self._prefix, *key), b"", retain=True)
                self._told("/".join(key), 0, False)
        self._leaving.clear()
        for key in sorted(self._changed - self._removed):
            if self._clock() - self._published_at.get(key, -REST_S) < REST_S:
                continue
            self._changed.discard(key)
            node = self._telemetry.nodes.get(key)
            if node is not None:
                self._publish(broker, key, node)

    def _take_own(self, arrived: Incoming) -> None:
        key = discovery.place(self._prefix, arrived.topic)
        if key is None:
            return
        if arrived.retained and arrived.payload:
            self._published.setdefault(key, arrived.payload)
        elif not arrived.payload and key in self._published:  # `--remove` of another run
            del self._published[key]
            self._removed.add(key)

    def _take_telemetry(self, arrived: Incoming) -> None:
        seen = self._telemetry.take(arrived.topic, arrived.payload, arrived.retained)
        if seen.place is None or seen.place.kind.received:
            return
        key = seen.place.site, seen.place.node
        about = seen.place.kind.name == "info"
        if about and not arrived.payload:  # somebody cleared what the broker kept of it
            self._telemetry.nodes.pop(key, None)
            self._leaving.add(key)
        elif not seen.errors:
            self._changed.add(key)
            if about and seen.message["b"] < self._boots.get(key, (0,))[0]:
                # another node that counts its boots anew: what the one before published would count as newer
                del self._telemetry.nodes[key]
                self._telemetry.take(arrived.topic, arrived.payload)
            if about and not arrived.retained:
                self._removed.discard(key)
            if not arrived.retained and seen.message is not None:
                self._note_boot(key, seen.message)

    def _note_boot(self, key: Key, message: dict) -> None:
        if message.get("state", "online") in ("offline", "lost"):
            self._boots.pop(key, None)
        elif message["h"] == 0 and self._boots.get(key, (None,))[0] != message["b"]:
            self._boots[key] = message["b"], self._clock()

    def _silent(self, key: Key, node: Node) -> list[str]:
        """Topics that only an earlier boot has served, though this one has had the time: a bay that was taken out."""
        boot, since = self._boots.get(key, (None, 0.0))
        if boot is None or self._clock() - since < SILENT_S:
            return []
        return [where for where, value in node.last.items() if discovery.is_old(where, value.message, boot)]

    def _publish(self, broker: Subscriber, key: Key, node: Node) -> None:
        before = self._published.get(key)
        message = discovery.discovery(node, discovery.components_of(before), self._silent(key, node))
        if message is None:
            return
        payload = discovery.payload(message)
        if payload != before or key in self._again:
            broker.publish(discovery.topic(self._prefix, *key), payload, retain=True)
            self._again.discard(key)
            self._published[key] = payload
            self._published_at[key] = self._clock()
            self._told("/".join(key), sum(len(made) > 1 for made in message["cmps"].values()), before is None)

    def _home_assistant_started(self) -> None:
        """The broker that it reads from may have kept nothing for it."""
        self._again |= set(self._published)
        self._changed |= set(self._telemetry.nodes)
