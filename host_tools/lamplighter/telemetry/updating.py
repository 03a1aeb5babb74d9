"""Updates of the app on their way to lampposts: published, and followed through their phases to the last one."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..contract import ROOT, TopicError, check_message, parse_topic
from ..release.release_address import ReleaseAddress
from ..release.what_runs import WhatRuns
from .block_server import BlockServer
from .subscriber import Incoming, Subscriber, filters_of

PUBLISH_S = 10.0  # the longest wait for the broker to take a message
ENDS = ("confirmed", "reverted", "rejected", "withdrawn")


@dataclass
class AirUpdate:
    """The update of one lamppost and what it has reported of it. phase -- "" until something came."""

    node: str  # SITE/NODE
    id: str
    phase: str = ""
    word: str = ""
    sentence: str = ""
    build: str = ""  # of the release
    runs: str = ""  # the build that runs now
    done: int = 0  # bytes of files that were fetched, of `total`
    total: int = 0
    state: str = ""  # of the lamppost, as the broker has it
    micropython: str = ""  # the version that runs, by `info`

    @property
    def ended(self) -> bool:
        return self.phase in ENDS

    @property
    def ok(self) -> bool:
        return self.phase == "confirmed"

    def row(self) -> dict[str, Any]:
        return {
            "node": self.node, "id": self.id, "ok": self.ok, "phase": self.phase, "word": self.word,
            "sentence": self.sentence, "build": self.build, "runs": self.runs, "done": self.done, "total": self.total,
            "state": self.state, "micropython": self.micropython,
        }  # fmt: skip

    def take(self, arrived: Incoming) -> bool:
        """True when the message told something new of this update."""
        try:
            place = parse_topic(arrived.topic)
        except TopicError:
            return False
        if f"{place.site}/{place.node}" != self.node or place.kind.name not in ("state", "info", "ota_status"):
            return False
        if check_message(arrived.topic, arrived.payload, arrived.retained, strict=False):
            return False
        message = json.loads(arrived.payload)
        if place.kind.name == "state":
            self.state = message["state"]
            return False
        if place.kind.name == "info":
            self.micropython = WhatRuns.of(message).micropython
            return False
        if message["id"] != self.id or self.ended:
            return False
        for name in ("phase", "word", "sentence", "build", "runs", "done", "total"):
            setattr(self, name, message[name])
        return True


def new_id() -> str:
    return f"u-{uuid.uuid4().hex[:12]}"


def filters(nodes: list[str]) -> list[str]:
    """What to subscribe to, to follow updates of these lampposts."""
    return filters_of(nodes, "ota/status", "ota/fetch", "state", "info")


def publish(
    connection: Subscriber, node: str, name: str, release: ReleaseAddress, wait_s: float = 0,
    spread_s: int | None = None, healthy_s: int | None = None,
) -> None:  # fmt: skip
    """Ask one lamppost to run a release: ota/desired, retained; wait_s -- for the broker's acknowledgement.

    name -- the update's id: one that has ended is not begun again under the same id
    spread_s, healthy_s -- of the contract; None: as the lamppost has it
    """
    wanted: dict[str, Any] = {"id": name, "url": release.url, "sha256": release.sha256}
    wanted |= {} if spread_s is None else {"spread_s": spread_s}
    wanted |= {} if healthy_s is None else {"healthy_s": healthy_s}
    connection.publish(f"{ROOT}/{node}/ota/desired", json.dumps(wanted).encode(), retain=True, wait_s=wait_s)


def withdraw(connection: Subscriber, node: str, wait_s: float = 0) -> None:
    """Take back what the broker keeps; a lamppost that has not restarted with it yet stops, and says `withdrawn`."""
    connection.publish(f"{ROOT}/{node}/ota/desired", b"", retain=True, wait_s=wait_s)


def updated(
    connection: Subscriber, nodes: list[str], name: str, release: ReleaseAddress, wait_s: float,
    show: Callable[[AirUpdate], None] = lambda one: None, tick: Callable[[list[AirUpdate]], None] = lambda all: None,
    spread_s: int | None = None, healthy_s: int | None = None, blocks: BlockServer | None = None,
) -> list[AirUpdate]:  # fmt: skip
    """Ask each lamppost to run the release, and follow each to its last phase, or until the time is over.

    An update that ended is taken back from the broker: a lamppost that is updated by cable afterwards keeps that app.
    connection -- subscribed to filters(nodes); show(update) -- called for each phase and each progress in bytes
    tick(updates) -- called several times a second; spread_s, healthy_s -- as in publish
    blocks -- answers those who fetch the release through the broker
    """
    updates = {node: AirUpdate(node, name) for node in nodes}
    for node in nodes:
        publish(connection, node, name, release, spread_s=spread_s, healthy_s=healthy_s)
    deadline = time.monotonic() + wait_s
    open_ones = len(updates)
    while open_ones and (left := deadline - time.monotonic()) > 0:
        arrived = connection.next(min(left, 0.25))
        if isinstance(arrived, Incoming) and not (blocks and blocks.answer(connection, arrived)):
            update = updates.get("/".join(arrived.topic.split("/")[2:4]))
            if update and update.take(arrived):
                show(update)
                if update.ended:
                    withdraw(connection, update.node)
                    open_ones -= 1
        tick(list(updates.values()))
    for update in updates.values():
        if update.ended:
            withdraw(connection, update.node, PUBLISH_S)
    return list(updates.values())
