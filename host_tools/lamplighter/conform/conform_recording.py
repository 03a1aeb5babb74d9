"""What the kit heard of one lamppost, in order, with the steps of the run between it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..contract import Topic
from ..telemetry.state import Seen, Telemetry
from ..telemetry.subscriber import Incoming

ON_THE_WAY = ("accepted", "progress")


@dataclass(frozen=True)
class Message:
    """One message of the lamppost. place -- None: a topic outside the contract; body -- None: not a JSON object."""

    topic: str
    place: Topic | None
    payload: bytes
    body: dict[str, Any] | None
    retained: bool
    qos: int
    errors: tuple[str, ...]

    @classmethod
    def of(cls, arrived: Incoming, seen: Seen) -> Message:
        body = seen.message if isinstance(seen.message, dict) else None
        errors = tuple(seen.errors)
        return cls(arrived.topic, seen.place, arrived.payload, body, arrived.retained, arrived.qos, errors)

    @property
    def kind(self) -> str:
        return self.place.kind.name if self.place else ""

    @property
    def key(self) -> tuple[int, int] | None:
        """(b, s) of a message that has a number."""
        if self.body is None or self.place is None or not self.place.kind.numbered:
            return None
        b, s = self.body.get("b"), self.body.get("s")
        return (b, s) if isinstance(b, int) and isinstance(s, int) else None

    @property
    def name(self) -> str:
        """Its topic below the lamppost's, with its number."""
        suffix = self.topic.split("/", 4)[-1]
        return f"{suffix} (b {self.key[0]}, s {self.key[1]})" if self.key else suffix


@dataclass
class Recording:
    """messages -- as a subscriber got them who was there all the time; marks -- how many there were at each step."""

    messages: list[Message] = field(default_factory=list)
    telemetry: Telemetry = field(default_factory=lambda: Telemetry(strict=False))
    kept: dict[str, Message] = field(default_factory=dict)  # by topic: what a subscriber got who came later
    marks: dict[str, int] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)  # the ids of the kit's own commands, by step

    def take(self, arrived: Incoming) -> None:
        """Remember a message of the lamppost; not what others send to it."""
        one = Message.of(arrived, self.telemetry.take(arrived.topic, arrived.payload, arrived.retained))
        if not (one.place and one.place.kind.received):
            self.messages.append(one)

    def keep(self, arrived: Incoming) -> None:
        """The same for what a subscriber got who came later: no sequence is judged by it."""
        one = Message.of(arrived, Telemetry(strict=False).take(arrived.topic, arrived.payload, arrived.retained))
        if not (one.place and one.place.kind.received):
            self.kept[arrived.topic] = one

    def mark(self, step: str) -> None:
        self.marks[step] = len(self.messages)

    def live(self) -> Iterator[Message]:
        return (one for one in self.messages if not one.retained)

    def of(self, kind: str, after: str = "", before: str = "") -> list[dict[str, Any]]:
        """What came as it happened, of that kind, between two steps."""
        between = self.messages[self.marks.get(after, 0) : self.marks.get(before)]
        return [one.body for one in between if one.kind == kind and one.body is not None and not one.retained]

    def answers(self, step: str, after: str = "") -> list[dict[str, Any]]:
        """Every answer to the command of that step."""
        return [ack for ack in self.of("ack", after) if ack.get("id") == self.asked.get(step)]

    def last_words(self, step: str, after: str = "") -> list[dict[str, Any]]:
        return [answer for answer in self.answers(step, after) if answer.get("word") not in ON_THE_WAY]
