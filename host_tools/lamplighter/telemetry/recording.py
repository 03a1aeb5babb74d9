"""Every message that any test saw is held to the contract: a pytest plug-in, and a subscriber that records.

A test (or a fixture) opens a Recorder at its broker, or calls record() itself; when the session ends, one message
that breaks the contract fails it. Load it with `pytest_plugins = ["lamplighter.telemetry.recording"]`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import pytest

from ..contract import ROOT, check_message
from .subscriber import Incoming, Subscriber


class Record:
    """Counts messages, and notes the errors with their test."""

    def __init__(self) -> None:
        self.messages = 0
        self.broken: list[str] = []

    def take(self, topic: str, payload: bytes, retain: bool = False) -> list[str]:
        self.messages += 1
        said = check_message(topic, payload, retain)
        if said:
            test = os.environ.get("PYTEST_CURRENT_TEST", "outside a test").rsplit(" ", 1)[0]
            self.broken.append(f"{test}: {topic}: {' '.join(said)} Payload: {payload[:300]!r}")
        return said


SESSION = Record()


def record(topic: str, payload: bytes, retain: bool = False) -> list[str]:
    """Check a message now, and count it for the end of the session. Returns what is wrong with it."""
    return SESSION.take(topic, payload, retain)


class Recorder:
    """`with Recorder(host, port) as seen:` subscribes to all lampposts; seen.until(lambda m: ...) waits.

    messages -- all so far, oldest first. filters -- topics to subscribe to.
    """

    def __init__(
        self, host: str, port: int, filters: tuple[str, ...] = (f"{ROOT}/#",), keep: Callable[..., object] = record
    ) -> None:
        self._subscriber = Subscriber(host, port, list(filters))
        self._keep = keep
        self.messages: list[Incoming] = []

    def __enter__(self) -> Recorder:
        self._subscriber.__enter__()
        return self

    def __exit__(self, *about: object) -> None:
        self.pending()
        self._subscriber.__exit__(*about)

    def until(self, enough: Callable[[list[Incoming]], object], timeout: float = 10.0) -> list[Incoming]:
        """Receive until enough(messages) is true. Raises TimeoutError, which says what came."""
        deadline = time.monotonic() + timeout
        self.pending()
        while not enough(self.messages):
            left = deadline - time.monotonic()
            arrived = self._subscriber.next(left) if left > 0 else None
            if isinstance(arrived, Incoming):
                self._take(arrived)
            elif left <= 0:
                topics = ", ".join(sorted({one.topic for one in self.messages})) or "nothing"
                raise TimeoutError(f"{len(self.messages)} messages in {timeout:g} s, not what was awaited: {topics}")
        return self.messages

    def pending(self) -> list[Incoming]:
        """Take what has come already; returns all messages."""
        for arrived in self._subscriber.pending():
            if isinstance(arrived, Incoming):
                self._take(arrived)
        return self.messages

    def _take(self, message: Incoming) -> None:
        self.messages.append(message)
        self._keep(message.topic, message.payload, message.retained)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if SESSION.broken and session.exitstatus == 0:
        session.exitstatus = 1
    told = getattr(session.config, "workeroutput", None)  # tests run side by side: the one who sums up hears of it
    if told is not None:
        told["contract"] = (SESSION.messages, SESSION.broken)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    messages, broken = getattr(node, "workeroutput", {}).get("contract", (0, []))
    SESSION.messages += messages
    SESSION.broken += broken


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not SESSION.messages:
        return
    terminalreporter.section("contract")
    for line in SESSION.broken[:20]:
        terminalreporter.write_line(line, red=True)
    terminalreporter.write_line(
        f"{SESSION.messages} messages that tests saw, {len(SESSION.broken)} violate the contract",
        red=bool(SESSION.broken),
        green=not SESSION.broken,
    )
