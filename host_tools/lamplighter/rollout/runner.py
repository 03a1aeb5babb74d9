"""Brings a roll-out and a broker together: what arrives goes to the engine, what it decides is kept and published."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

from ..contract import ROOT
from ..telemetry import commanding, updating
from ..telemetry.subscriber import Connection, Incoming, Subscriber
from .engine import ABORTED, FINISHED, PAUSED, RUNNING, STOPPED, Publication, Rollout
from .member import UNREACHED, WAITING
from .rollout_state import RolloutState

TOPICS = ("state", "info", "diag", "ota/status")
ORDERS = ("pause", "resume", "retry", "abort", "back")
_SURVEY_S = 15.0  # the longest that lampposts may take to report how strong their signal is
_QUIET_S = 1.0  # retained messages come at once
_PUBLISH_S = 10.0
_TICK_S = 1.0


def filters(rollout: Rollout) -> list[str]:
    """What to subscribe to."""
    sites = sorted({one.name.split("/")[0] for one in rollout.members})
    return [f"{ROOT}/{site}/+/{topic}" for site in sites for topic in TOPICS]


class Runner:
    """connection -- subscribed to filters(rollout); utc() -- Unix seconds; told(text) -- called for each event"""

    def __init__(
        self, rollout: Rollout, state: RolloutState, connection: Subscriber, utc: Callable[[], float] = time.time,
        told: Callable[[str], None] = lambda text: None,
    ) -> None:  # fmt: skip
        self.rollout = rollout
        self._state = state
        self._connection = connection
        self._utc = utc
        self._told = told
        self._connected = True

    def run(self) -> None:
        """Until the roll-out has ended, or is paused and nothing is under way."""
        self.begin()
        while True:
            self.order(self._state.next_order())
            self.step()
            if self._over():
                return
            deadline = time.monotonic() + _TICK_S
            while (left := deadline - time.monotonic()) > 0:
                self.hear(self._connection.next(left))

    def begin(self, survey_s: float = _SURVEY_S, quiet_s: float = _QUIET_S) -> None:
        """Hear what the broker has kept; at the first start also ask for signals, and choose the groups."""
        self._listen(quiet_s, lambda: False)
        rollout = self.rollout
        if rollout.progress.group == 0:
            self._told(f"asking {sum(one.online for one in rollout.members)} lampposts for their signal")
            self._ask_for_signals(survey_s)
            rollout.begin()
            self._keep()
        self._publish(rollout.standing())

    def order(self, word: str) -> None:
        """pause, resume, retry, abort, back; anything else is no order."""
        if word in ORDERS:
            {
                "pause": self.rollout.pause, "resume": self.rollout.resume, "retry": self.rollout.retry,
                "abort": self.rollout.abort, "back": self.rollout.go_back,
            }[word]()  # fmt: skip

    def step(self) -> None:
        """One decision: kept first, then published, so that a crash between them is made good at the next start."""
        for arrived in self._connection.pending():
            self.hear(arrived)
        publications = self.rollout.tick(self._utc(), self._connected)
        self._keep()
        self._publish(publications)

    def hear(self, arrived: Incoming | Connection | None) -> None:
        if isinstance(arrived, Connection):
            self._connected = arrived.up
            self._told("connected again" if arrived.up else f"connection lost ({arrived.reason}); reconnecting")
        elif arrived is not None:
            self.rollout.take(arrived.topic, arrived.payload, arrived.retained)

    def _over(self) -> bool:
        mode = self.rollout.progress.mode
        under_way = any(one.under_way for one in self.rollout.members)
        return mode in (STOPPED, ABORTED, FINISHED) or (mode == PAUSED and not under_way)

    def _keep(self) -> None:
        news = self.rollout.news
        self._state.save(self.rollout.members, self.rollout.progress, news, self._utc())
        for text in news:
            self._told(text)
        news.clear()

    def _publish(self, publications: list[Publication]) -> None:
        for number, one in enumerate(publications, 1):
            wait_s = _PUBLISH_S if number == len(publications) else 0  # the broker acknowledges in order
            if one.id:
                updating.publish(self._connection, one.name, one.id, one.target, wait_s)
            else:
                updating.withdraw(self._connection, one.name, wait_s)
        self.rollout.published(publications)

    def _ask_for_signals(self, survey_s: float) -> None:
        online = [one for one in self.rollout.members if one.online]
        exp = commanding.expiry(60, self._utc())
        for one in online:
            body = commanding.payload(uuid.uuid4().hex[:12], exp)
            self._connection.publish(f"{ROOT}/{one.name}/cmd/report", body)
        self._listen(survey_s, lambda: all(one.rssi is not None for one in online))

    def _listen(self, seconds: float, enough: Callable[[], bool]) -> None:
        deadline = time.monotonic() + seconds
        while not enough() and (left := deadline - time.monotonic()) > 0:
            self.hear(self._connection.next(left))


def is_open(rollout: Rollout) -> bool:
    """Whether a start goes on without an order: a finished one does when there are lampposts that it did not reach."""
    left = any(one.step in (WAITING, UNREACHED) for one in rollout.members)
    return rollout.progress.mode == RUNNING or (rollout.progress.mode == FINISHED and left)
