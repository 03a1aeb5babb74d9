"""A ClickHouse database for reports: their SQL is that of DuckDB and PostgreSQL, so they read a copy in DuckDB."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .. import screen
from ..problems import StoreBusy
from .clickhouse import ClickHouse
from .databases import target
from .dialect import CLICKHOUSE, Dialect
from .duckdb_file import DuckDBFile
from .reading import T, read
from .schema import MESSAGE, RECORD
from .target import TargetBusy


def read_for_report(to: str, act: Callable[[Callable[[str], Iterator[dict[str, Any]]], Dialect], T]) -> T:
    """The result of act(rows, dialect), as reading.read() gives it."""
    database = target(to)
    if database.dialect is not CLICKHOUSE:
        return read(to, lambda rows: act(rows, database.dialect))
    with _copied(to) as copy:
        return read(copy, lambda rows: act(rows, target(copy).dialect))


@contextmanager
def _copied(to: str) -> Iterator[str]:
    """A DuckDB file in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="lamplighter-report-") as folder:
        copy = DuckDBFile(Path(folder) / "copy.duckdb")
        copy.open()
        database = ClickHouse(to)
        records = read(to, lambda rows: next(rows("SELECT count(*) AS n FROM record"))["n"])
        screen.note(f"Copying {records} records of {database.where} to {folder} for this report.")
        try:
            for table, names in (("record", RECORD), ("message", MESSAGE)):
                copy.fill(table, database.pieces(table, names))
        except TargetBusy as busy:
            raise StoreBusy(f"{database.where} went away while its records were copied: {busy}") from None
        copy.close()
        yield str(copy.path)
