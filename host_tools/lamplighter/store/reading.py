"""Reads from a store's database, and waits while others have it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from .. import screen
from ..problems import StoreBusy
from .databases import target
from .ingest import until_free
from .target import TargetBusy

T = TypeVar("T")
PATIENCE_S = 30.0


def read(to: str, act: Callable[[Callable[[str], Iterator[dict[str, Any]]]], T]) -> T:
    """The result of act(rows), all of one moment. Raises StoreBusy after half a minute, StoreUnusable, StoreNewer."""
    database = target(to)

    def once() -> T:
        with database.reader() as rows:
            return act(rows)

    try:
        return until_free(once, screen.note, patience_s=PATIENCE_S)
    except TargetBusy as busy:
        raise StoreBusy(str(busy)) from None
