"""A ClickHouse database as the store's database, written to by one store, or by one for each site.

ClickHouse has neither transactions nor unique keys. So each row has a key, and a row that is inserted once more
replaces the first: a batch whose end is not known is inserted again until all of it is there, and changes nothing by
that.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from ..problems import StoreUnusable
from .batch import Changes, Key
from .clickhouse_places import Places
from .clickhouse_schema import migrate, version
from .dialect import CLICKHOUSE
from .extra import needed
from .messages import Message, Record, Rejected
from .one_store import OneStore, arrow_schema, arrow_table, runs, unrepresentable
from .schema import MESSAGE, RECORD, REJECTED, first_line
from .seen import Boot
from .target import Committed, TargetBusy
from .views import quoted

_COLUMNS = ", ".join(RECORD)
_NAMED = 1000  # keys in one query: its text may have 256 kB
_VIOLATED_CONSTRAINT = 469
_ANSWER_S = 60
_TOO_OLD = "The store needs ClickHouse 25.6 or later; Debian's package is of 2018."
PASSWORD = "CLICKHOUSE_PASSWORD"
# what a start does not wait for; a store that works does: somebody will put it right
_REFUSALS = {
    81: "Create the database: CREATE DATABASE.",
    115: _TOO_OLD,
    164: "Let this user write: its settings profile has `readonly`.",
    497: "Let this user work in the database: GRANT SELECT, INSERT, CREATE, ALTER, DROP VIEW ON the database to it.",
    516: f"Check the user and its password, which belongs in ${PASSWORD}.",
}
# what a join does not find is null; an answer comes after the rows are written; a query sees one moment of a table,
# however often it names it
SETTINGS = {"join_use_nulls": 1, "async_insert": 0, "enable_shared_storage_snapshot_in_query": 1}


class ClickHouse(OneStore):
    """A second store for the same sites waits until the first one is gone."""

    name = "A ClickHouse database"
    instead = "Leave out --share; give each store its sites with --site, or use PostgreSQL."
    dialect = CLICKHOUSE
    what = "the database"

    def __init__(self, url: str) -> None:
        super().__init__()
        self.session = ""
        self._url = url
        parts = urllib.parse.urlsplit(url)
        self._secure = parts.scheme == "clickhouses"
        self._password = "" if parts.password else os.environ.get(PASSWORD, "")
        self.where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        try:
            parts.port  # noqa: B018 -- a property that checks
        except ValueError as wrong:
            raise StoreUnusable(f"{self.where} is not a ClickHouse address: {wrong}.") from None
        self._library = needed("clickhouse_connect")
        self._errors = needed("clickhouse_connect.driver.exceptions")
        # of an answer that breaks off while it is read the library gives what its transport raises
        self._failures = self._errors.Error, needed("urllib3.exceptions").HTTPError
        # it would print what becomes a sentence here
        logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)
        self._connected: Any = None
        self._places = Places(self._client, self.where)

    def open(self) -> None:
        with self._waiting(start=True):
            self.session = migrate(self._client(), self.where)

    def commit(self, batch: list[Record | Message | Rejected]) -> Committed:
        with self._waiting():
            self._places.renew()
            return self._commit(batch)

    def claim(self, place: int) -> bool:
        with self._waiting():
            return self._places.claim(place)

    def release(self, place: int) -> None:
        with self._waiting():
            self._places.release(place)

    def rest(self) -> None:
        """Others may use the database at any time."""
        with contextlib.suppress(TargetBusy), self._waiting():
            self._places.renew()

    def close(self) -> None:
        with contextlib.suppress(TargetBusy), self._waiting():
            self._places.release_all()
        self._disconnect()

    def _disconnect(self) -> None:
        if self._connected is not None:
            self._connected.close()
            self._connected = None

    @contextmanager
    def reader(self) -> Iterator[Callable[[str], Iterator[dict[str, Any]]]]:
        with self._waiting(start=True):
            if not version(self._client(), self.where):
                raise StoreUnusable(
                    f"There is no store in {self.where}.", "Check the name; `lamplighter store` creates it."
                )
            yield self._rows

    def pieces(self, table: str, names: tuple[str, ...]) -> Iterator[Any]:
        """These columns of a table as Arrow tables, a part of the rows at a time. Raises as reader()."""
        schema = arrow_schema(names)
        with self.reader(), self._client().query_arrow_stream(f"SELECT {', '.join(names)} FROM {table}") as batches:
            for batch in batches:
                yield needed("pyarrow").Table.from_batches([batch]).cast(schema)

    def stored_lives(self) -> Iterable[tuple[str, str, int]]:
        return self._query("SELECT site, node, max(life) FROM record WHERE life > 0 GROUP BY site, node")

    def load_runs(self, boots: list[Boot]) -> Iterator[tuple[Boot, int, int]]:
        for wanted in _named(boots):
            rows = self._query(runs(f"record_copy WHERE (site, node, b) IN ({wanted})"))
            yield from (((site, node, b), first, last) for site, node, b, first, last in rows)

    def load_copies(self, keys: list[Key]) -> Iterable[tuple[Any, ...]]:
        for wanted in _named(keys):
            yield from self._query(f"SELECT {_COLUMNS} FROM record WHERE (site, node, b, s) IN ({wanted})")

    def is_stored(self, message: Message) -> bool:
        same = "body IS NULL" if message.body is None else f"body = {_text(message.body)}"
        if not message.repeated:
            same += f" AND received = '{message.received:%Y-%m-%d %H:%M:%S.%f}'"
        ((found,),) = self._query(f"SELECT count() FROM message WHERE topic = {_text(message.topic)} AND {same}")
        return found > 0

    def _commit(self, batch: list[Record | Message | Rejected]) -> Committed:
        """Halves what the database cannot represent, until only that is rejected."""
        changes = self.decide(batch)
        try:
            self._write(changes)
            return Committed(len(changes.fresh), changes.repeats, len(changes.rejected))
        except self._errors.DatabaseError as wrong:
            self.forget()
            if wrong.code != _VIOLATED_CONSTRAINT:
                raise
        if len(batch) == 1:
            (one,) = batch
            assert not isinstance(one, Rejected)
            return self._commit([unrepresentable(one)])
        half = len(batch) // 2
        return self._commit(batch[:half]) + self._commit(batch[half:])

    def _write(self, changes: Changes) -> None:
        """The rows of each table are one block, which is written whole or not at all."""
        for table, names, rows in (
            ("rejected", REJECTED, changes.rejected),
            ("message", MESSAGE, changes.messages),
            ("record", RECORD, [*changes.fresh, *changes.better]),
        ):
            if rows:
                self._client().insert_arrow(f"{table}_copy", arrow_table(names, rows))

    def _rows(self, query: str) -> Iterator[dict[str, Any]]:
        found = self._client().query(query)
        return (dict(zip(found.column_names, row, strict=True)) for row in found.result_rows)

    def _query(self, query: str) -> Iterable[tuple[Any, ...]]:
        return self._client().query(query).result_rows

    def _client(self) -> Any:
        if self._connected is None:
            try:
                self._connected = self._library.get_client(
                    dsn=self._url, secure=self._secure, password=self._password, compress=False, settings=SETTINGS,
                    autogenerate_session_id=False, send_receive_timeout=_ANSWER_S,
                )  # fmt: skip
            except (TypeError, ValueError) as wrong:  # of what the address has behind a question mark
                said = first_line(wrong).rpartition(" got an ")[2]
                raise StoreUnusable(
                    f"{self.where}: an option of the address cannot be used: {said}.",
                    "Behind the question mark stand options of clickhouse-connect, such as ca_cert=FILE.",
                ) from None
        return self._connected

    @contextmanager
    def _waiting(self, start: bool = False) -> Iterator[None]:
        """Whatever fails can be tried again, on a new connection, but for what a start cannot wait for."""
        try:
            yield
        except self._failures as wrong:
            self._disconnect()
            self.forget()
            code = getattr(wrong, "code", None)
            said = _said(wrong)
            if start and code in _REFUSALS:
                raise StoreUnusable(f"{self.where}: {said}", _REFUSALS[code]) from None
            if start and code is None and "DB::Exception" in str(wrong):  # the form of years ago
                raise StoreUnusable(f"{self.where}: {said.partition(', e.what()')[0]}.", _TOO_OLD) from None
            if start and isinstance(wrong, self._errors.ProgrammingError):
                raise StoreUnusable(f"{self.where} cannot be used: {said}") from None
            raise TargetBusy(said if code else f"{self.where} does not answer: {said}") from None


def _said(wrong: Exception) -> str:
    """What the server says, or the reason of the operating system, without the library's words around it."""
    said = first_line(wrong).partition(" (for url")[0]
    if reason := re.search(r"\[Errno -?\d+\] ([^\"')]+)", said):
        return f"{reason[1].lower()}."
    return said.partition("DB::Exception: ")[2] or said


def _text(value: str) -> str:
    """As SQL."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _named(keys: list[Any]) -> Iterator[str]:
    """The keys as lists for IN; names of the contract have no quotes."""
    for start in range(0, len(keys), _NAMED):
        yield ", ".join(
            "(" + ", ".join(quoted(one) if isinstance(one, str) else str(one) for one in key) + ")"
            for key in keys[start : start + _NAMED]
        )
