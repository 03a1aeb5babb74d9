"""What the databases have in common that one store alone writes to: it decides what is new before it writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..problems import StoreUnusable
from .batch import Changes, Key, Lives, again, decide, not_repeated
from .extra import needed
from .messages import Message, Record, Rejected
from .schema import RECORD
from .seen import Boot, Seen
from .target import OnePlace


class OneStore(OnePlace):
    """A subclass looks up what the database has: stored_lives, load_runs, load_copies, is_stored."""

    # for sentences: the database, and what to do where several stores should share a subscription
    name = ""
    instead = "Leave out --share, or use PostgreSQL."
    many_stores = False

    def __init__(self) -> None:
        self._seen = Seen(self.load_runs)
        self._lives: dict[tuple[str, str], int] | None = None

    def stored_lives(self) -> Iterable[tuple[str, str, int]]:
        """(site, node, life) of nodes whose counters another device began anew."""
        raise NotImplementedError

    def load_runs(self, boots: list[Boot]) -> Iterator[tuple[Boot, int, int]]:
        """(boot, first, last) of each run of numbers that the database has."""
        raise NotImplementedError

    def load_copies(self, keys: list[Key]) -> Iterable[tuple[Any, ...]]:
        """The records that have these numbers, as rows of RECORD."""
        raise NotImplementedError

    def is_stored(self, message: Message) -> bool:
        """Whether a message that came before is there: repeated at any time, stamped at its own time of arrival."""
        raise NotImplementedError

    def decide(self, batch: list[Record | Message | Rejected]) -> Changes:
        records = [one for one in batch if isinstance(one, Record)]
        if self._lives is None:
            self._lives = {(site, node): life for site, node, life in self.stored_lives()}
        self._seen.prepare(one.boot for one in records)
        repeated = {one.key for one in again(records, self._seen)}
        copies: dict[Key, list[Record]] = {}
        for row in self.load_copies(sorted(repeated)) if repeated else ():
            record = Record(**dict(zip(RECORD, row, strict=True)))
            copies.setdefault(record.key, []).append(record)
        changes = decide(records, Lives(self._lives, copies))
        for one in changes.fresh:
            self._seen.add(one.boot, one.s)
        messages = [one for one in batch if isinstance(one, Message)]
        changes.messages = [
            one for one in not_repeated(messages) if not ((one.repeated or one.stamped) and self.is_stored(one))
        ]
        changes.repeats += len(messages) - len(changes.messages)
        changes.rejected = [one for one in batch if isinstance(one, Rejected)]
        return changes

    def forget(self) -> None:
        """Ask the database anew: what was taken for stored may not be there."""
        self._seen.forget()
        self._lives = None

    def shares(self, wanted: int) -> int:
        if wanted:
            raise StoreUnusable(f"{self.name} takes one store, which reads everything.", self.instead)
        return 0


def runs(source: str) -> str:
    """A query: site, node, b, first and last number of each run. source -- what follows FROM for the wanted records"""
    # within a run, s minus its rank stays the same
    return (
        "SELECT site, node, b, min(s), max(s) FROM ("
        "SELECT *, s - row_number() OVER (PARTITION BY site, node, b ORDER BY s) AS run FROM ("
        f"SELECT DISTINCT site, node, b, s FROM {source})) "
        "GROUP BY site, node, b, run"
    )


def unrepresentable(one: Record | Message) -> Rejected:
    assert one.body is not None
    reason = "The payload holds text or numbers that the database cannot represent."
    return Rejected(one.received, one.topic, reason, one.body.encode())


def arrow_schema(names: tuple[str, ...]) -> Any:
    arrow = needed("pyarrow")
    types = {
        "b": arrow.int64(), "s": arrow.int64(), "tu": arrow.int64(), "life": arrow.int32(), "tq": arrow.int32(),
        "h": arrow.int32(), "ts": arrow.timestamp("us"), "received": arrow.timestamp("us"),
        "retained": arrow.bool_(), "payload": arrow.binary(),
    }  # fmt: skip
    return arrow.schema([(name, types.get(name, arrow.string())) for name in names])


def arrow_table(names: tuple[str, ...], rows: list[Any]) -> Any:
    """Columns of records, messages or tuples with these names."""
    columns = {}
    for number, name in enumerate(names):
        columns[name] = [row[number] if isinstance(row, tuple) else getattr(row, name) for row in rows]
    return needed("pyarrow").table(columns, arrow_schema(names))
