"""What telemetry is written to, and what a database must offer to the store besides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from .dialect import Dialect
from .messages import Message, Record, Rejected


@dataclass(frozen=True)
class Committed:
    records: int = 0
    repeats: int = 0
    rejected: int = 0

    def __add__(self, other: Committed) -> Committed:
        return Committed(self.records + other.records, self.repeats + other.repeats, self.rejected + other.rejected)


class TargetBusy(Exception):
    """It cannot take anything now, and may do so later."""


class Sink(Protocol):
    """What takes batches of telemetry. The broker's session belongs to it, and is resumed wherever it is taken."""

    session: str
    what: str  # in words
    where: str  # for sentences: without a password

    def claim(self, place: int) -> bool:
        """Reserve a place of the subscription for this process; False where another has it. Raises TargetBusy."""
        ...

    def release(self, place: int) -> None: ...

    def wait_for_place(self) -> None:
        """Let others know that this process has no place yet."""
        ...

    def stop_waiting(self) -> None: ...

    def somebody_waits(self) -> bool: ...

    def commit(self, batch: list[Record | Message | Rejected]) -> Committed:
        """All of the batch, each record once. Raises TargetBusy; the same batch may then be tried again."""
        ...

    def rest(self) -> None:
        """Nothing is waiting: let others use it, or do what is not urgent."""
        ...

    def close(self) -> None: ...


class OnePlace:
    """The places of a sink that takes one process: open() or claim() keeps others away, and none is shared."""

    def claim(self, place: int) -> bool:
        return True

    def release(self, place: int) -> None: ...

    def wait_for_place(self) -> None: ...

    def stop_waiting(self) -> None: ...

    def somebody_waits(self) -> bool:
        return False


class Target(Sink, Protocol):
    """A database of the store: commit() writes all of a batch or nothing."""

    dialect: Dialect
    many_stores: bool  # whether several may write the same topics at once

    def open(self) -> None:
        """Make or migrate the database. Raises StoreUnusable, StoreNewer, TargetBusy."""
        ...

    def shares(self, wanted: int) -> int:
        """In how many places the subscription is shared: never fewer than before, as each has a session at the broker.

        Raises StoreUnusable where the database takes one store only, TargetBusy.
        """
        ...

    def reader(self) -> AbstractContextManager[Callable[[str], Iterator[dict[str, Any]]]]:
        """A function that gives the rows of a query. Raises StoreUnusable, StoreNewer, TargetBusy."""
        ...
