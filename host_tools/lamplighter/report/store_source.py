"""The store as a report reads it: SQL that DuckDB and PostgreSQL both know, over the views of the data dictionary."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from ..problems import NothingToReport
from ..store.dialect import Dialect
from .period import Period, literal

Rows = Callable[[str], Iterator[dict[str, Any]]]


class Source:
    """rows -- the store's reader; name -- of the store, without a password: it stands on the page."""

    def __init__(self, rows: Rows, name: str, dialect: Dialect) -> None:
        self._rows = rows
        self.name = name
        self.dialect = dialect

    def rows(self, query: str) -> list[dict[str, Any]]:
        return list(self._rows(query))

    def row(self, query: str) -> dict[str, Any]:
        return next(self._rows(query))

    def keep(self, name: str, query: str) -> None:
        """The result of a query under a name, for the queries that follow, as long as the reader is open."""
        list(self._rows(f"CREATE TEMPORARY TABLE {name} AS {query}"))

    def require(self, view: str, period: Period) -> None:
        """Raises NothingToReport where a view has no record of the period, with the period that it has."""
        found = self.row(f"SELECT count(*) AS n FROM {view} WHERE {within('ts', period)}")
        if found["n"]:
            return
        has = self.row(f"SELECT min(ts) AS first, max(ts) AS last, count(*) AS n FROM {view}")
        cause = f"{self.name} has no {view} records of {period.words}"
        if not has["n"]:
            raise NothingToReport(f"{cause}, and none of any other time.")
        if not has["last"]:
            raise NothingToReport(f"{cause}; the time of its {has['n']} is not known.")
        raise NothingToReport(f"{cause}; it has some from {has['first']:%Y-%m-%d} to {has['last']:%Y-%m-%d}.")

    def untimed(self, view: str, what: str) -> list[str]:
        """A caution where records have no known time, as they are in no report; what -- they are called."""
        count = self.row(f"SELECT count(*) AS n FROM {view} WHERE ts IS NULL")["n"]
        return [f"{count} {what} of the store have no known time yet; they are in no figure."] if count else []


def within(column: str, period: Period) -> str:
    """A window that ends in the period, so that neighbouring periods share none."""
    return f"{column} > {literal(period.begin)} AND {column} <= {literal(period.end)}"


def moment(value: datetime | None) -> str | None:
    """RFC 3339 of a time from the store."""
    return value.isoformat(timespec="seconds") + "Z" if value else None


def some(names: list[str]) -> str:
    """The first names, and how many more there are."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
