"""A configuration on its way to a lamppost: published, and followed through its phases to the last one."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..contract import ROOT, TopicError, check_message, parse_topic
from .subscriber import Incoming, Subscriber

PUBLISH_S = 10.0  # the longest wait for the broker to take a message
ENDS = ("stable", "reverted", "rejected")


@dataclass
class Push:
    """One push and what the lamppost has reported of it. phase -- "" until something came."""

    node: str  # SITE/NODE
    id: str = field(default_factory=lambda: f"p-{uuid.uuid4().hex[:12]}")
    phase: str = ""
    config: str = ""
    reason: str = ""
    errors: list[dict[str, str]] = field(default_factory=list)
    state: str = ""  # of the lamppost, as the broker has it

    @property
    def ended(self) -> bool:
        return self.phase in ENDS

    def row(self) -> dict[str, Any]:
        return {
            "node": self.node, "id": self.id, "ok": self.phase == "stable", "phase": self.phase, "config": self.config,
            "reason": self.reason, "errors": self.errors,
        }  # fmt: skip

    def take(self, arrived: Incoming) -> bool:
        """True when the message told another phase of this push."""
        try:
            kind = parse_topic(arrived.topic).kind.name
        except TopicError:
            return False
        if check_message(arrived.topic, arrived.payload, arrived.retained, strict=False):
            return False
        message = json.loads(arrived.payload)
        if kind == "state":
            self.state = message["state"]
        if kind != "cfg_reported" or message["id"] != self.id or message["phase"] == self.phase:
            return False
        self.phase, self.config = message["phase"], message["config"]
        self.reason, self.errors = message["reason"], message["errors"]
        return True


def fingerprint(connection: Subscriber, node: str, wait_s: float) -> str | None:
    """The configuration that the lamppost has, from its retained `info`; None: the broker has none."""
    deadline = time.monotonic() + wait_s
    while (left := deadline - time.monotonic()) > 0:
        arrived = connection.next(left)
        if isinstance(arrived, Incoming) and arrived.topic == f"{ROOT}/{node}/info":
            try:
                return json.loads(arrived.payload)["config"]
            except (ValueError, KeyError, TypeError, RecursionError):
                return None
    return None


def pushed(connection: Subscriber, push: Push, message: dict[str, Any], wait_s: float, show: Callable[[Push], None]):
    """Publish it, and follow it until its last phase or the end of the time; then it is taken back, or waits there."""
    topic = f"{ROOT}/{push.node}/cfg/desired"
    payload = json.dumps({"id": push.id, **message}, ensure_ascii=False).encode()
    connection.publish(topic, payload, retain=True, wait_s=PUBLISH_S)
    deadline = time.monotonic() + wait_s
    while not push.ended and (left := deadline - time.monotonic()) > 0:
        arrived = connection.next(min(left, 1))
        if isinstance(arrived, Incoming) and push.take(arrived):
            show(push)
    if push.ended:
        connection.publish(topic, b"", retain=True, wait_s=PUBLISH_S)  # the broker need not keep it, nor its secrets


def topics(node: str) -> list[str]:
    return [f"{ROOT}/{node}/{suffix}" for suffix in ("cfg/reported", "info", "state")]
