"""A PostgreSQL database as the store's database; several stores may write to it at once.

A batch is copied to a staging table, and one statement moves what is new from there to `seen` and `record`. The
primary key of `seen` decides what is new, also between stores that commit at the same moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..problems import StoreUnusable
from .batch import Changes, Key, Lives, decide, not_repeated
from .dialect import POSTGRESQL
from .extra import needed
from .messages import Message, Record, Rejected
from .postgres_link import PostgresLink
from .postgres_schema import migrate, version
from .schema import MESSAGE, RECORD, REJECTED, first_line
from .target import Committed, TargetBusy

_COLUMNS = ", ".join(RECORD)
_STAGED = ", ".join(f"incoming.{name}" for name in RECORD)
# sorted, so that two stores that insert the same keys wait for each other instead of for a deadlock's end
_INSERT = f"""
WITH fresh AS (
    INSERT INTO seen SELECT site, node, life, b, s, received FROM incoming ORDER BY site, node, b, s, life, n
    ON CONFLICT DO NOTHING RETURNING site, node, life, b, s, received),
stored AS (
    INSERT INTO record ({_COLUMNS}) SELECT {_STAGED} FROM incoming JOIN fresh USING (site, node, life, b, s, received))
SELECT n FROM incoming JOIN fresh USING (site, node, life, b, s, received)
"""
_KEY = ("received", "site", "node", "life", "b", "s")
_MATCHED = " AND ".join(f"record.{name} = incoming.{name}" for name in _KEY)
_UPDATE = f"""
UPDATE record SET ts = incoming.ts, tq = incoming.tq, tu = incoming.tu, h = incoming.h, retained = incoming.retained,
    body = incoming.body FROM incoming WHERE {_MATCHED}
"""
# the key of dropped values is left in seen
_COPIES = f"""
SELECT {", ".join(f"{'seen' if name in _KEY else 'record'}.{name}" for name in RECORD[:-1])},
    coalesce(record.body::text, '') AS body
FROM (SELECT DISTINCT site, node, b, s FROM incoming) AS wanted JOIN seen USING (site, node, b, s)
LEFT JOIN record USING (site, node, life, b, s, received) ORDER BY record.body IS NULL
"""
_MESSAGES = f"""
INSERT INTO message ({", ".join(MESSAGE)}) SELECT {", ".join(MESSAGE)} FROM incoming_message AS i
WHERE NOT ((i.repeated OR i.stamped) AND EXISTS (
    SELECT 1 FROM message AS m WHERE m.topic = i.topic AND m.body IS NOT DISTINCT FROM i.body
    AND (i.repeated OR m.received = i.received))) ORDER BY received
"""


class Postgres:
    dialect = POSTGRESQL
    many_stores = True
    what = "the database"

    def __init__(self, url: str) -> None:
        self.session = ""
        self._psycopg = needed("psycopg")
        self._link = PostgresLink(url)
        self.where = self._link.where

    def open(self) -> None:
        with self._busy():
            connection = self._link.connected()
            with self._refusals():
                self.session = migrate(connection, self.where)
            self._stage()

    def shares(self, wanted: int) -> int:
        with self._busy():
            connection = self._link.connected()
            row = connection.execute(
                "UPDATE setting SET value = greatest(value::integer, %s) WHERE name = 'shares' RETURNING value",
                (wanted,),
            ).fetchone()
            return int(row[0])

    def claim(self, place: int) -> bool:
        with self._busy():
            return self._link.claim(place)

    def release(self, place: int) -> None:
        with self._busy():
            self._link.release(place)

    def wait_for_place(self) -> None:
        with self._busy():
            self._link.wait()

    def stop_waiting(self) -> None:
        with self._busy():
            self._link.stop_waiting()

    def somebody_waits(self) -> bool:
        with self._busy():
            return self._link.somebody_waits()

    def commit(self, batch: list[Record | Message | Rejected]) -> Committed:
        with self._busy():
            if self._link.lost:
                self._link.connected()
                self._stage()
            return self._commit(batch)

    def rest(self) -> None:
        """Others may use the database at any time."""

    def close(self) -> None:
        self._link.drop()

    @contextmanager
    def reader(self) -> Iterator[Callable[[str], Iterator[dict[str, Any]]]]:
        connection = self._link.connected()
        try:
            with self._refusals(), connection.transaction():
                # not READ ONLY: that forbids the temporary tables of a report too
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                if not version(connection, self.where):
                    raise StoreUnusable(
                        f"There is no store in {self.where}.", "Check the name; `lamplighter store` creates it."
                    )
                yield self._rows
        except self._psycopg.OperationalError as wrong:
            raise TargetBusy(first_line(wrong)) from None
        finally:
            self._link.drop()

    def _rows(self, query: str) -> Iterator[dict[str, Any]]:
        found = self._link.connected().execute(query)
        if found.description is None:  # a table was made
            return iter(())
        names = [column.name for column in found.description]
        return (dict(zip(names, row, strict=True)) for row in found.fetchall())

    @contextmanager
    def _busy(self) -> Iterator[None]:
        """Whatever else fails can be tried again, on a new connection."""
        try:
            yield
        except self._psycopg.Error as wrong:
            self._link.drop()
            raise TargetBusy(first_line(wrong)) from None

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """What the database refuses for good is a Problem."""
        try:
            yield
        except self._psycopg.errors.InsufficientPrivilege as wrong:
            raise StoreUnusable(
                f"{self.where}: {first_line(wrong)}.",
                "Let this user create tables: GRANT CREATE ON SCHEMA public TO the user of the store.",
            ) from None

    def _stage(self) -> None:
        """Tables of this connection alone, empty at the end of each transaction."""
        for name, like, more in (
            ("incoming", "record", "n integer"),
            ("incoming_message", "message", "repeated boolean, stamped boolean"),
        ):
            self._link.connected().execute(
                f"CREATE TEMPORARY TABLE IF NOT EXISTS {name} (LIKE {like}, {more}) ON COMMIT DELETE ROWS"
            )

    def _commit(self, batch: list[Record | Message | Rejected]) -> Committed:
        """Halves what the database cannot represent, until only that is rejected."""
        try:
            return self._commit_all(batch)
        except (self._psycopg.DataError, self._psycopg.errors.StatementTooComplex, UnicodeError) as wrong:
            if len(batch) == 1:
                (one,) = batch
                if isinstance(one, Rejected) or one.body is None:
                    raise
                reason = f"The database cannot represent the payload: {first_line(wrong)}."
                return self._commit_all([Rejected(one.received, one.topic, reason, one.body.encode())])
        half = len(batch) // 2
        return self._commit(batch[:half]) + self._commit(batch[half:])

    def _commit_all(self, batch: list[Record | Message | Rejected]) -> Committed:
        records = [one for one in batch if isinstance(one, Record)]
        messages = [one for one in batch if isinstance(one, Message)]
        rejected = [_printable(one) for one in batch if isinstance(one, Rejected)]
        with self._link.connected().transaction():
            changes = self._insert_all(records) if records else Changes()
            stored = self._insert_messages(messages) if messages else 0
            self._copy("rejected", REJECTED, rejected)
        return Committed(len(changes.fresh), changes.repeats + len(messages) - stored, len(rejected))

    def _insert_all(self, records: list[Record]) -> Changes:
        """Insert at once what is new; look only at what is not."""
        connection = self._link.connected()
        lives = {(site, node): life for site, node, life in connection.execute("SELECT site, node, life FROM device")}
        for one in records:
            one.life = lives.get((one.site, one.node), 0)
        with connection.transaction() as unsure:
            pending = self._insert(records)
            if not pending:
                return Changes(fresh=records)
            changes = decide(pending, Lives(dict(lives), self._copies(pending)))
            if not changes.fresh:
                self._update(changes.better)
                new = {id(one) for one in pending}
                changes.fresh = [one for one in records if id(one) not in new]
                return changes
            # another device counts under a node's name: its numbers belong together, so all is decided in order
            raise self._psycopg.Rollback(unsure)
        return self._insert_in_order(records, lives)

    def _insert_in_order(self, records: list[Record], lives: dict[tuple[str, str], int]) -> Changes:
        changes = decide(records, Lives(lives, self._copies(records)))
        if late := self._insert(changes.fresh):
            # another store has just committed the same numbers
            raise TargetBusy(f"Another store commits {late[0].topic} at this moment.")
        self._update(changes.better)
        connection = self._link.connected()
        for site, node in sorted({(one.site, one.node) for one in changes.fresh if one.life}):
            connection.execute(
                "INSERT INTO device AS d VALUES (%s, %s, %s) ON CONFLICT (site, node) "
                "DO UPDATE SET life = greatest(d.life, excluded.life)",
                (site, node, lives[site, node]),
            )
        return changes

    def _insert(self, records: list[Record]) -> list[Record]:
        """Those whose key was there already."""
        self._stage_records(records)
        inserted = {n for (n,) in self._link.connected().execute(_INSERT)}
        return [one for n, one in enumerate(records) if n not in inserted]

    def _copies(self, records: list[Record]) -> dict[Key, list[Record]]:
        self._stage_records(records)
        copies: dict[Key, list[Record]] = {}
        for row in self._link.connected().execute(_COPIES):
            record = Record(**dict(zip(RECORD, row, strict=True)))
            copies.setdefault(record.key, []).append(record)
        return copies

    def _update(self, records: list[Record]) -> None:
        if records:
            self._stage_records(records)
            self._link.connected().execute(_UPDATE)

    def _stage_records(self, records: list[Record]) -> None:
        self._link.connected().execute("TRUNCATE incoming")
        self._copy("incoming", RECORD, records, count=True)

    def _insert_messages(self, messages: list[Message]) -> int:
        self._copy("incoming_message", (*MESSAGE, "repeated", "stamped"), not_repeated(messages))
        return self._link.connected().execute(_MESSAGES).rowcount

    def _copy(self, table: str, names: tuple[str, ...], rows: list[Any], count: bool = False) -> None:
        if not rows:
            return
        chosen = (*names, "n") if count else names
        with (
            self._link.connected().cursor() as cursor,
            cursor.copy(f"COPY {table} ({', '.join(chosen)}) FROM STDIN") as copy,
        ):
            for n, row in enumerate(rows):
                values = [getattr(row, name) for name in names]
                copy.write_row([*values, n] if count else values)


def _printable(one: Rejected) -> Rejected:
    """PostgreSQL's text has no zero character; the payload keeps its bytes."""
    return Rejected(one.received, one.topic.replace("\0", "\\0"), one.reason.replace("\0", "\\0"), one.payload)
