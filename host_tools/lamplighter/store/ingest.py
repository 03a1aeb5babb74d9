"""From source to sink: collect a batch, commit it, acknowledge it; wait and try again when the sink is busy."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from ..telemetry.subscriber import Connection
from .messages import sort
from .sources.delivery import Delivery, Source
from .target import Sink, TargetBusy

T = TypeVar("T")

MOST = 10_000  # deliveries in a batch
COLLECT_S = 0.5  # from the first delivery to the commit
LONGEST_WAIT_S = 10.0  # from one try to the next


@dataclass
class Counts:
    """Since the start. last_commit -- Unix seconds; waiting -- the database takes nothing now"""

    records: int = 0
    repeats: int = 0
    rejected: int = 0
    batches: int = 0
    interruptions: int = 0
    last_commit: float | None = None
    waiting: bool = False


class Store:
    """note -- takes a sentence; each_second -- takes the counts."""

    def __init__(
        self, source: Source, target: Sink, note: Callable[[str], None],
        each_second: Callable[[Counts], None],
    ) -> None:  # fmt: skip
        self._source, self._target = source, target
        self._note, self._each_second = note, each_second
        self.what = target.what
        self.counts = Counts()
        self._told = time.monotonic()
        self._latest = datetime(1970, 1, 1)

    def run(self) -> None:
        """Until it is interrupted. What was not committed then is not acknowledged, and comes again."""
        while True:
            deliveries = self._collect()
            if deliveries:
                self._commit(deliveries)
                self._source.acknowledge(deliveries)
            if len(deliveries) < MOST:
                self._target.rest()
            self._source.look()

    def _collect(self) -> list[Delivery]:
        deliveries: list[Delivery] = []
        end = time.monotonic() + COLLECT_S
        while len(deliveries) < MOST and (left := end - time.monotonic()) > 0:
            arrived = self._source.next(left)
            if isinstance(arrived, Delivery):
                deliveries.append(arrived)
            elif isinstance(arrived, Connection):
                self.counts.interruptions += not arrived.up
                self._note("Connected again." if arrived.up else f"Connection lost ({arrived.reason}); trying again.")
        self._tell()
        return deliveries

    def _commit(self, deliveries: list[Delivery]) -> None:
        sorted_ = (
            sort(
                one.topic, one.payload, one.received or self._now(), one.retained, one.repeated,
                one.received is not None,
            )  # fmt: skip
            for one in deliveries
        )
        batch = [one for one in sorted_ if one is not None]
        if not batch:
            return
        done = until_free(lambda: self._target.commit(batch), self._note, self._wait, what=self.what)
        self.counts.waiting = False
        self.counts.last_commit = round(time.time(), 1)
        self.counts.records += done.records
        self.counts.repeats += done.repeats
        self.counts.rejected += done.rejected
        self.counts.batches += 1
        self._tell()

    def _now(self) -> datetime:
        """UTC without zone, later at each call: of two states the last one counts."""
        self._latest = max(datetime.now(UTC).replace(tzinfo=None), self._latest + timedelta(microseconds=1))
        return self._latest

    def _wait(self) -> None:
        self.counts.waiting = True
        self._tell()

    def _tell(self) -> None:
        if time.monotonic() - self._told >= 1:
            self._told = time.monotonic()
            self._each_second(self.counts)


def until_free(
    act: Callable[[], T], note: Callable[[str], None], meanwhile: Callable[[], None] = lambda: None,
    patience_s: float = float("inf"), what: str = "the database",
) -> T:  # fmt: skip
    """The result of act(), tried again with growing, random waits while it raises TargetBusy. what -- it waits for"""
    wait, started, told = 0.05, time.monotonic(), False
    while True:
        try:
            done = act()
            if told:
                note(f"{what[0].upper()}{what[1:]} is available again.")
            return done
        except TargetBusy as busy:
            waited = time.monotonic() - started
            if waited > patience_s:
                raise
            if waited > 2 and not told:
                note(f"Waiting for {what}: {busy}")
                told = True
        meanwhile()
        time.sleep(wait * random.uniform(0.5, 1))
        wait = min(wait * 2, LONGEST_WAIT_S)
