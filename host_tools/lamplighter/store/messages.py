"""What a received message becomes: a record with a number, a message without one, or a rejected one."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ..contract import TopicError, parse_topic, read
from ..contract.fast_check import faults

LARGEST = 2**63 - 1  # of a BIGINT
EARLIEST = datetime(2024, 1, 1)  # before it no such lamppost existed: the clock was wrong
FUTURE = timedelta(days=1)
ORDERS = ("cmd", "cfg", "ota")  # first level below the node of what it receives; a later version may add to them
STAMP = ("ts", "tq", "tu", "h", "since")  # what differs between two copies of one record


@dataclass(slots=True)
class Record:
    """A message with a number."""

    site: str
    node: str
    b: int
    s: int
    topic: str
    kind: str
    parameter: str
    ts: datetime | None
    tq: int
    tu: int | None
    h: int
    received: datetime
    retained: bool
    body: str
    life: int = 0

    @property
    def boot(self) -> tuple[str, str, int]:
        return self.site, self.node, self.b

    @property
    def key(self) -> tuple[str, str, int, int]:
        return self.site, self.node, self.b, self.s


@dataclass(slots=True)
class Message:
    """A message without a number; body None ends an alarm.

    repeated -- the broker may have sent it before; stamped -- each copy of it has this time of arrival
    """

    site: str
    node: str
    topic: str
    kind: str
    parameter: str
    received: datetime
    body: str | None
    repeated: bool = False
    stamped: bool = False


@dataclass(slots=True)
class Rejected:
    received: datetime
    topic: str
    reason: str
    payload: bytes


def sort(
    topic: str, payload: bytes, received: datetime, retained: bool = False, repeated: bool = False,
    stamped: bool = False,
) -> Record | Message | Rejected | None:  # fmt: skip
    """None: the message is for the node.

    received -- UTC without zone; retained -- the broker's copy of an old one; repeated, stamped -- see Message
    """
    levels = topic.split("/", 5)
    try:
        place = parse_topic(topic)
        site, node, kind, parameter = place.site, place.node, place.kind.name, place.parameter
    except TopicError as unknown:
        # a later version 1 may add topics: their numbers belong to the sequence
        if len(levels) < 5 or str(unknown) != f"The contract has no topic {topic.split('/', 4)[4]}.":
            return Rejected(received, topic, str(unknown), payload)
        if levels[4] in ORDERS:
            return None
        place, site, node, kind, parameter = None, levels[2], levels[3], "", ""
    if place and place.kind.received:
        return None
    if not payload and kind == "alarm":
        return Message(site, node, topic, kind, parameter, received, None, repeated or retained, stamped)
    try:
        message = read(payload, Decimal)
    except ValueError as wrong:
        return Rejected(received, topic, str(wrong), payload)
    wrong = faults(place, topic, payload, message) if place else _head_faults(message)
    if wrong:
        # a sentence may quote half a character of the payload
        reason = " ".join(wrong).encode("utf-8", "backslashreplace").decode()
        return Rejected(received, topic, reason, payload)
    body = payload.decode()
    if message["s"] is None:
        return Message(site, node, topic, kind, parameter, received, body, repeated or retained, stamped)
    if message["b"] > LARGEST or message["s"] > LARGEST or message.get("tu", 0) > LARGEST:
        return Rejected(received, topic, "b, s or tu is beyond 64 bits.", payload)
    ts = _time(message["ts"], received)
    tq = message["tq"] if ts else 0
    return Record(
        site, node, int(message["b"]), int(message["s"]), topic, kind, parameter,
        ts, tq, message.get("tu") if ts else None, message["h"], received, retained, body,
    )  # fmt: skip


def same(one: str, other: str) -> bool:
    """Whether two bodies under one number are copies of one record, perhaps with a better time."""
    if one == other:
        return True
    first, second = read(one.encode()), read(other.encode())
    if min(first["tq"], second["tq"]) >= 3 and first["ts"] != second["ts"]:
        return False
    return _measured(first) == _measured(second)


def mark(body: str) -> int:
    """The same for copies of one record, perhaps with a better time; of 63 bits."""
    text = json.dumps(_measured(read(body.encode())), sort_keys=True)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) >> 1


def _measured(message: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name not in STAMP}


def _time(text: str | None, received: datetime) -> datetime | None:
    """UTC without zone; None for a time that the clock cannot have meant."""
    if text is None:
        return None
    ts = datetime.fromisoformat(text).replace(tzinfo=None)
    return ts if EARLIEST <= ts <= received + FUTURE else None


def _head_faults(message: Any) -> list[str]:
    """What keeps a message of a later version from being stored; its values are not judged."""
    if not isinstance(message, dict):
        return ["The message must be an object."]
    for name, kinds in (("b", int), ("s", int | None), ("ts", str | None), ("tq", int), ("h", int)):
        value = message.get(name, ...)
        if not isinstance(value, kinds) or isinstance(value, bool):
            return [f"{name} is missing or of the wrong type."]
        if isinstance(value, int) and value < 0:
            return [f"{name} is negative."]
    if not isinstance(message.get("tu", 0), int) or isinstance(message.get("tu", 0), bool):
        return ["tu is of the wrong type."]
    if message["ts"] is not None:
        try:
            offset = datetime.fromisoformat(message["ts"]).utcoffset()
        except ValueError:
            return [f"ts is {message['ts']!r}, which is no date."]
        if offset != timedelta(0):
            return [f"ts is {message['ts']!r}, which is not in UTC."]
    return []
