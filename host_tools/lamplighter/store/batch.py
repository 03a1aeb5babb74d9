"""What a batch changes in the database, decided before anything is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from .messages import FUTURE, Message, Record, Rejected, same
from .seen import Seen

Key = tuple[str, str, int, int]  # site, node, b, s


@dataclass
class Changes:
    """fresh -- records to insert; better -- records to update: with a time now, or received as they were sent."""

    fresh: list[Record] = field(default_factory=list)
    better: list[Record] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    repeats: int = 0


@dataclass
class Lives:
    """The current life of nodes, and every copy that the database has of numbers that came again.

    A copy without a body is one whose values were dropped: only its key and arrival are left.
    """

    current: dict[tuple[str, str], int]
    copies: dict[Key, list[Record]]


def not_repeated(messages: list[Message]) -> list[Message]:
    """Without messages that came again within the batch."""
    met: set[tuple[str, str | None] | tuple[str, str | None, datetime]] = set()
    kept = []
    for one in messages:
        words = one.topic, one.body
        if not (one.repeated and words in met or (*words, one.received) in met):
            kept.append(one)
        met |= {words, (*words, one.received)}
    return kept


def again(records: Iterable[Record], seen: Seen) -> list[Record]:
    """Records whose number the database has: their copies must be looked up."""
    return [one for one in records if seen.has(one.boot, one.s)]


def decide(records: Iterable[Record], lives: Lives) -> Changes:
    """Sort records into fresh, better and repeated ones.

    A number that comes again with the same values is a repeat. With other values it is of another device that
    starts the node's counters anew: a new life begins, so that neither device's record is lost.
    """
    changes = Changes()
    inserted: set[int] = set()
    for record in records:
        copies = lives.copies.setdefault(record.key, [])
        known = next((copy for copy in copies if _is(copy, record)), None)
        if known is None:
            node = record.site, record.node
            life = lives.current.get(node, 0)
            if any(copy.life == life for copy in copies):
                life += 1
            lives.current[node] = record.life = life
            copies.append(record)
            inserted.add(id(record))
            changes.fresh.append(record)
            continue
        changes.repeats += 1
        if not known.body:
            continue
        stamped = record.tq > known.tq
        if stamped or known.retained and not record.retained:
            if stamped:
                known.ts, known.tq, known.tu, known.h, known.body = (
                    record.ts, record.tq, record.tu, record.h, record.body,
                )  # fmt: skip
            known.retained = known.retained and record.retained
            if id(known) not in inserted and known not in changes.better:
                changes.better.append(known)
    return changes


def _is(copy: Record, record: Record) -> bool:
    """Whether a record is this one, which the database has under its number.

    Values that were dropped cannot be compared. What was measured after they had arrived is of another device.
    """
    if copy.body:
        return same(copy.body, record.body)
    return record.ts is not None and record.ts <= copy.received + FUTURE
