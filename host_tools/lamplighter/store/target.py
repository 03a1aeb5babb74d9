"""What a database must offer to the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from .messages import Message, Record, Rejected


@dataclass(frozen=True)
class Committed:
    records: int = 0
    repeats: int = 0
    rejected: int = 0


class TargetBusy(Exception):
    """The database cannot take anything now, and may do so later."""


class Target(Protocol):
    """The broker's session belongs to the database: it is resumed wherever the database is taken."""

    session: str

    def open(self) -> None:
        """Make or migrate the database. Raises StoreUnusable, StoreNewer, TargetBusy."""
        ...

    def claim(self, number: int) -> bool:
        """Reserve a subscription of the store for this process; False where another process has it.

        Raises StoreUnusable for a number that this database does not offer, TargetBusy.
        """
        ...

    def commit(self, batch: list[Record | Message | Rejected]) -> Committed:
        """All of the batch or nothing, each record once. Raises TargetBusy; the same batch may then be tried again."""
        ...

    def rest(self) -> None:
        """Nothing is waiting: let others use the database."""
        ...

    def close(self) -> None: ...

    def reader(self) -> AbstractContextManager[Callable[[str], Iterator[dict[str, Any]]]]:
        """A function that gives the rows of a query. Raises StoreUnusable, StoreNewer, TargetBusy."""
        ...
