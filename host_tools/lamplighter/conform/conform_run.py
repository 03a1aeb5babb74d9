"""A run of the kit: listens to one lamppost, sends it commands, restarts its broker and cuts its power where it may."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from ..contract import ROOT
from ..telemetry import commanding
from ..telemetry.subscriber import Connection, Incoming, Subscriber
from . import conform_hooks as hooks
from . import conform_rules as rules
from .conform_recording import Recording

ANSWER_S = 20.0  # for the last word of a command
SETTLE_S = 1.0  # so long nothing retained has come: that was all
BACK_S = 180.0  # for a node that must find its broker again, by its own back-off
LOST_S = 150.0  # one and a half keep-alives of 60 s, and a margin
_AGAIN_S = 5.0

Subscribers = Callable[[list[str]], Subscriber]


@dataclass(frozen=True)
class Hooks:
    """Commands or addresses; None: it is not done."""

    restart_broker: str | None = None
    power_off: str | None = None
    power_on: str | None = None


class Run:
    """subscribers(filters) -- a Subscriber; node -- SITE/NODE; note(text) -- called at each step."""

    def __init__(self, subscribers: Subscribers, node: str, note: Callable[[str], None] = lambda text: None) -> None:
        self.recording = Recording()
        self._subscribers = subscribers
        self._root = f"{ROOT}/{node}"
        self._note = note
        self._ids = uuid.uuid4().hex[:8]

    def whole(self, seconds: float, does: Hooks | None = None) -> list[rules.Judged]:
        """Every step, for at least so many seconds; then the verdicts."""
        does = does or Hooks()
        deadline = time.monotonic() + seconds
        with self._subscribers([f"{self._root}/#"]) as self._subscriber:
            self._note("what the broker has of it")
            self._await(lambda: bool(self.recording.messages), seconds)
            if self.recording.messages:
                self._listen(SETTLE_S)
                self._commands()
            self._note("its telemetry")
            self._listen(deadline - time.monotonic())
            if does.restart_broker and self.recording.messages:
                self._restart(does.restart_broker)
            if does.power_off and does.power_on and self.recording.messages:
                self._cut(does.power_off, does.power_on)
            self._newcomer()
        return rules.judged(self.recording)

    def _commands(self) -> None:
        self._note("commands")
        self._ask(rules.REPORT, "report")
        self._listen(SETTLE_S)
        self.recording.mark(rules.REPEAT)
        self._send(rules.REPORT, "report")
        self._await(lambda: bool(self.recording.last_words(rules.REPORT, rules.REPEAT)), ANSWER_S)
        self._listen(SETTLE_S)
        self._ask(rules.EXPIRED, "identify", exp=commanding.expiry(-3600))
        self._ask(rules.UNKNOWN, "no-such-verb")
        self._ask(rules.INVALID, "identify", exp="tomorrow")

    def _restart(self, hook: str) -> None:
        self._note("restart of its broker")
        hooks.run(hook)
        self._ask(rules.RESTART, "report", within=BACK_S)

    def _cut(self, off: str, on: str) -> None:
        self._note("power cut")
        self.recording.mark(rules.POWER_OFF)
        hooks.run(off)
        self._await(lambda: rules.said_lost(self.recording), LOST_S)
        self._send(rules.RETAINED, "report", retain=True)
        self.recording.mark(rules.POWER_ON)
        hooks.run(on)
        self._await(lambda: bool(self.recording.of("evt_boot", rules.POWER_ON)), BACK_S)
        self._await(lambda: bool(self.recording.last_words(rules.RETAINED)), ANSWER_S)
        self._subscriber.publish(f"{self._root}/cmd/report", b"", retain=True)
        self._listen(SETTLE_S)

    def _ask(self, step: str, verb: str, exp: str | None = None, within: float = ANSWER_S) -> None:
        """A command, sent until it is answered; wait for its last word."""
        self.recording.mark(step)
        end = time.monotonic() + within
        while time.monotonic() < end and not self.recording.last_words(step):
            if not self.recording.answers(step):
                self._send(step, verb, exp)
            self._await(lambda: bool(self.recording.answers(step)), min(_AGAIN_S, end - time.monotonic()))
            if self.recording.answers(step):
                self._await(lambda: bool(self.recording.last_words(step)), end - time.monotonic())

    def _send(self, step: str, verb: str, exp: str | None = None, retain: bool = False) -> None:
        name = self.recording.asked.setdefault(step, f"conform-{self._ids}-{step}")
        body = commanding.payload(name, exp or commanding.expiry(600))
        self._subscriber.publish(f"{self._root}/cmd/{verb}", body, retain=retain, wait_s=5)

    def _newcomer(self) -> None:
        """What a second subscriber gets, who comes now."""
        self._note("what a later subscriber gets")
        with self._subscribers([f"{self._root}/#"]) as later:
            end = time.monotonic() + SETTLE_S
            while (left := end - time.monotonic()) > 0:
                arrived = later.next(left)
                if isinstance(arrived, Incoming) and arrived.retained:
                    self.recording.keep(arrived)
                    end = time.monotonic() + SETTLE_S
        for arrived in self._subscriber.pending():
            self._take(arrived)

    def _listen(self, seconds: float) -> None:
        self._await(lambda: False, seconds)

    def _await(self, holds: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not holds() and (left := end - time.monotonic()) > 0:
            self._take(self._subscriber.next(left))

    def _take(self, arrived: Incoming | Connection | None) -> None:
        if isinstance(arrived, Incoming):
            self.recording.take(arrived)
        elif isinstance(arrived, Connection) and not arrived.up:
            self.recording.telemetry.interrupted()
