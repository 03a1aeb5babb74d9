"""The state of a street as seen by a subscriber: messages checked against the contract, counted and sorted.

No network and no screen in here: a Subscriber (subscriber.py) feeds it, a panel (panel.py) shows it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ..contract import Topic, TopicError, check_message, fast_check, parse_topic, read
from .sequence import DUPLICATE, Sequence

NEWS = 6  # events and alarms that the screen remembers
MOST_NODES = 20_000  # names beyond these are counted, and not kept: anybody who may publish can invent more
MOST_TOPICS = 300  # of one node


@dataclass
class Value:
    """The last message of one topic of a node."""

    message: dict[str, Any]
    received: float  # the telemetry's clock
    retained: bool

    def age(self, now: float, utc: float) -> float:
        """Seconds since it was made; what did not come as it happened is as old as it says itself."""
        ts = self.message.get("ts")
        if ts and (self.retained or self.message.get("h") == 1):
            return max(0.0, utc - datetime.fromisoformat(ts).timestamp())
        return max(0.0, now - self.received)


@dataclass
class Node:
    """One lamppost as the subscriber sees it."""

    site: str
    name: str
    sequence: Sequence = field(default_factory=Sequence)
    messages: int = 0
    invalid: int = 0
    last: dict[str, Value] = field(default_factory=dict)  # by topic suffix: state, tele/energy, tele/parking/1 ...
    alarms: dict[str, dict[str, Any]] = field(default_factory=dict)  # that are on, by code

    @property
    def state(self) -> str:
        value = self.last.get("state")
        return value.message["state"] if value else "unknown"

    @property
    def troubled(self) -> bool:
        return bool(self.invalid or self.sequence.gaps or self.sequence.duplicates or self.alarms)


@dataclass(frozen=True)
class Seen:
    """The result for one message. place is None for a topic outside the contract."""

    topic: str
    place: Topic | None
    message: Any  # parsed payload; None where it could not be parsed, or an alarm was cleared
    errors: list[str]
    verdict: str  # new, late, duplicate, kept, or "" outside the sequence
    retained: bool
    unknown_alarm: bool = False  # clears an alarm that was never seen raised


class Telemetry:
    """Feed it messages with take(); read nodes, news and summary()."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, utc: Callable[[], float] = time.time, strict: bool = True
    ) -> None:
        """strict -- fields and topics that the contract of today does not know count as invalid."""
        self.strict = strict
        self.clock = clock
        self.utc = utc
        self.started = clock()
        self.nodes: dict[tuple[str, str], Node] = {}
        self.news: deque[tuple[float, Seen]] = deque(maxlen=NEWS)
        self.complaints: deque[str] = deque(maxlen=100)  # one line a message that breaks the contract
        self.messages = 0
        self.kept = 0
        self.invalid = 0
        self.crowded = 0  # messages of which nothing is kept: MOST_NODES, MOST_TOPICS
        self.interruptions = 0

    def take(self, topic: str, payload: bytes, retained: bool = False) -> Seen:
        """Check, count and remember one message."""
        self.messages += 1
        self.kept += retained
        errors = _errors(topic, payload, retained, self.strict)
        self.invalid += bool(errors)
        if errors:
            self.complaints.append(f"{topic}: {short(errors)}")
        try:
            place = parse_topic(topic)
        except TopicError:
            return Seen(topic, None, None, errors, "", retained)
        if place.kind.received:  # no lamppost spoke; and a configuration may hold secrets: it is not shown
            return Seen(topic, place, None, errors, "", retained)
        node = self.nodes.get((place.site, place.node))
        if node is None:
            if len(self.nodes) >= MOST_NODES:
                self.crowded += 1
                return Seen(topic, place, None, errors, "", retained)
            node = self.nodes[place.site, place.node] = Node(place.site, place.node)
        node.messages += 1
        node.invalid += bool(errors)
        try:
            message = read(payload) if payload else None
        except ValueError:
            message = None
        # a message with a flaw still proves that its number arrived
        verdict = self._count(node, place, message, retained) if place.kind.numbered else ""
        never_raised = place.kind.name == "alarm" and not payload and place.parameter not in node.alarms
        seen = Seen(topic, place, message, errors, verdict, retained, never_raised)
        if not errors and verdict != DUPLICATE:
            self._remember(node, seen)
        return seen

    def interrupted(self) -> None:
        """The subscriber lost its connection: what was sent meanwhile is not the nodes' loss."""
        self.interruptions += 1
        for node in self.nodes.values():
            node.sequence.interrupted()

    def summary(self) -> dict[str, int | float]:
        """Counts over all nodes; gaps are certain, awaited ones were overtaken by an alarm."""
        sequences = [node.sequence for node in list(self.nodes.values())]  # a copy: another thread may ask
        return {
            "nodes": len(self.nodes),
            "messages": self.messages,
            "retained": self.kept,
            "invalid": self.invalid,
            "gaps": sum(one.gaps for one in sequences),
            "duplicates": sum(one.duplicates for one in sequences),
            "dropped": sum(one.dropped for one in sequences),
            "awaited": sum(one.awaited for one in sequences),
            "interruptions": self.interruptions,
            "seconds": round(self.clock() - self.started, 1),
        }

    def gaps(self) -> list[str]:
        """Every hole as a line: node, boot and numbers."""
        return [
            f"{node.name}: b {b}, s {first}" + (f" to {last}" if last > first else "")
            for node in self.nodes.values()
            for b, first, last in node.sequence.holes()
        ]

    def _count(self, node: Node, place: Topic, message: Any, retained: bool) -> str:
        if not isinstance(message, dict) or not _number(message.get("b")) or not _number(message.get("s")):
            return ""
        b, s = message["b"], message["s"]
        overtakes = place.kind.name in ("alarm", "ack")
        verdict = node.sequence.take(b, s, alarm=overtakes, retained=retained, held=message.get("h") == 1)
        if place.kind.name == "evt_boot" and not retained:
            last_b, last_s = message.get("last_b"), message.get("last_s")
            if _number(last_b) and _number(last_s):
                node.sequence.booted(b, last_b, last_s)
            else:
                node.sequence.booted(b, None, None)
        return verdict

    def _remember(self, node: Node, seen: Seen) -> None:
        assert seen.place is not None
        kind, message = seen.place.kind.name, seen.message
        if seen.place.suffix not in node.last and len(node.last) >= MOST_TOPICS:
            self.crowded += 1
            return
        if kind == "alarm":
            if message is None:
                node.last.pop(seen.place.suffix, None)
                if node.alarms.pop(seen.place.parameter, None) is None:
                    return
            else:
                node.alarms[seen.place.parameter] = message
                if seen.place.parameter == "journalOverflow" and message["value"] is not None:
                    node.sequence.announced(int(message["value"]), news=not seen.retained)
        elif kind == "diag":
            node.sequence.announced(message["dropped"], news=False)
        elif kind == "ack":
            return  # each has a topic of its own: a street that is commanded for years must not fill the memory
        shown = node.last.get(seen.place.suffix)
        # what comes late must not hide what is newer
        if message is not None and not (shown and seen.verdict and _older(message, shown.message)):
            node.last[seen.place.suffix] = Value(message, self.clock(), seen.retained)
        if kind.startswith("evt_") or kind in ("alarm", "state"):
            self.news.append((self.utc(), seen))


def _errors(topic: str, payload: bytes, retained: bool, strict: bool) -> list[str]:
    """As check_message; what the compiled schema accepts needs no second look."""
    if payload and not strict and fast_check.is_there():
        try:
            place = parse_topic(topic)
            if not retained or place.kind.retained:
                return fast_check.faults(place, topic, payload, read(payload, Decimal))
        except ValueError:  # a topic or a payload that check_message explains
            pass
    return check_message(topic, payload, retained, strict)


def short(errors: list[str]) -> str:
    """The first sentences of what is wrong with a message, and how many more there are."""
    more = f" And {len(errors) - 3} more." if len(errors) > 3 else ""
    return " ".join(errors[:3]) + more


def _older(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return (one["b"], one["s"]) < (other["b"], other["s"])


def _number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def clock_text(utc: float) -> str:
    """Local time of day for a line on the screen."""
    return datetime.fromtimestamp(utc, UTC).astimezone().strftime("%H:%M:%S")
