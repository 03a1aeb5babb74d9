"""Commands on their way: sends each until it is answered, and gathers the answers."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ..contract import ROOT, TopicError, check_message, parse_topic
from .subscriber import Incoming, Subscriber, filters_of

AGAIN_S = 5.0  # a command that is not answered at all is sent again
GOOD_S = 30.0  # so much longer than the wait a command is good: the clocks may differ
NO_ANSWER = "noanswer"
_ON_THE_WAY = ("accepted", "progress")

Show = Callable[["Answer", str, str, list[str]], None]


@dataclass
class Answer:
    """The command to one lamppost, and what came back. word -- "" until something came."""

    node: str  # SITE/NODE
    id: str
    word: str = ""
    sentence: str = ""
    lines: list[str] = field(default_factory=list)
    state: str = ""  # of the lamppost, as the broker has it
    sent_at: float = 0.0

    @property
    def ended(self) -> bool:
        return bool(self.word) and self.word not in _ON_THE_WAY

    @property
    def ok(self) -> bool:
        return self.word == "ok"

    @property
    def silent(self) -> bool:
        return self.word == NO_ANSWER

    def row(self) -> dict[str, Any]:
        row = {"node": self.node, "id": self.id, "ok": self.ok, "word": self.word, "sentence": self.sentence}
        return {**row, "lines": self.lines} if self.lines else row


def expiry(seconds: float, utc: float | None = None) -> str:
    """An `exp` so many seconds after utc (Unix seconds; None: now)."""
    now = datetime.now(UTC) if utc is None else datetime.fromtimestamp(utc, UTC)
    return (now + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def payload(name: str, exp: str, args: dict[str, Any] | None = None) -> bytes:
    """A command for cmd/{verb}; name -- its id."""
    return json.dumps({"id": name, "exp": exp, "args": args or {}}).encode()


def commanded(
    subscriber: Callable[[list[str]], Subscriber], nodes: list[str], verb: str, args: dict[str, Any], wait_s: float,
    name: str | None = None, show: Show | None = None,
) -> list[Answer]:  # fmt: skip
    """Send a command to each node and wait for the last word of each, or until the time is over.

    subscriber(filters) -- a Subscriber; name -- the command's id, None: a new one for each node
    show(answer, word, sentence, lines) -- called for each word as it comes
    """
    answers = {node: Answer(node, name or uuid.uuid4().hex[:12]) for node in nodes}
    exp = expiry(wait_s + GOOD_S)
    deadline = time.monotonic() + wait_s
    with subscriber(filters_of(nodes, "ack/+", "state")) as connection:
        while left := [answer for answer in answers.values() if not answer.ended]:
            now = time.monotonic()
            if now >= deadline:
                break
            for answer in left:
                if not answer.word and (not answer.sent_at or now - answer.sent_at >= AGAIN_S):
                    answer.sent_at = now
                    connection.publish(f"{ROOT}/{answer.node}/cmd/{verb}", payload(answer.id, exp, args))
            arrived = connection.next(min(0.5, deadline - now))
            if isinstance(arrived, Incoming):
                _take(answers, arrived, show)
    for answer in answers.values():
        if not answer.ended:
            answer.sentence = _why(answer)
            answer.word = NO_ANSWER
    return list(answers.values())


def _take(answers: dict[str, Answer], arrived: Incoming, show: Show | None) -> None:
    try:
        place = parse_topic(arrived.topic)
    except TopicError:
        return
    answer = answers.get(f"{place.site}/{place.node}")
    if answer is None or check_message(arrived.topic, arrived.payload, arrived.retained, strict=False):
        return
    message = json.loads(arrived.payload)
    if place.kind.name == "state":
        answer.state = message["state"]
    elif place.kind.name == "ack" and place.parameter == answer.id == message["id"] and not answer.ended:
        answer.word, answer.sentence = message["word"], message["sentence"]
        answer.lines += message.get("lines", [])
        if show:
            show(answer, answer.word, answer.sentence, message.get("lines", []))


def _why(answer: Answer) -> str:
    if answer.word:
        return "Accepted, but not ended in time; send it again with --id to hear how it ended."
    if not answer.state:
        return "The broker has heard nothing of this lamppost; check its name, and that this user may command."
    if answer.state == "online":
        return "It is online and did not answer; its firmware may be older, or this user may not command."
    return f"It is {answer.state}; it gets no command until it is connected again."
