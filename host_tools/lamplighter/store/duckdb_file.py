"""A DuckDB file as the store's database.

DuckDB lets one process in at a time. So the file is open only while a batch is written: in between, anybody may
query it. A lock file beside it keeps a second store away.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ..problems import FileRefused, StoreBusy, StoreUnusable
from .batch import Changes, Key, Lives, again, decide, not_repeated
from .dialect import DUCKDB
from .extra import needed
from .messages import Message, Record, Rejected
from .schema import MESSAGE, RECORD, REJECTED, digest, first_line, migrations, refuse_newer
from .seen import Boot, Seen
from .target import Committed, OnePlace, TargetBusy
from .views import views

_COLUMNS = ", ".join(RECORD)


class DuckDBFile(OnePlace):
    dialect = DUCKDB
    what = "the database"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.session = ""
        self.where = str(path)
        self._duckdb = needed("duckdb")
        self._connection: Any = None
        self._lock = FileLock(f"{path}.lock")
        self._seen = Seen(self._load_seen)
        self._lives: dict[tuple[str, str], int] | None = None

    def open(self) -> None:
        self._arrow = needed("pyarrow")  # not loaded by what only reads: it takes a quarter of a second
        if not self.path.parent.is_dir():
            raise FileRefused(f"The folder {self.path.parent} does not exist.", "Create it, or name another file.")
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise StoreBusy(f"Another store writes to {self.path}.") from None
        try:
            self._connect()
            self._migrate()
        finally:
            self.rest()

    def shares(self, wanted: int) -> int:
        if wanted:
            raise StoreUnusable(
                "A DuckDB file takes one store, which reads everything.", "Leave out --share, or use PostgreSQL."
            )
        return 0

    def commit(self, batch: list[Record | Message | Rejected]) -> Committed:
        if not self.path.exists():
            raise StoreUnusable(f"{self.path} was removed while the store wrote to it.", "Start the store again.")
        try:
            self._connect()
            batch = self._parsable(batch)
            changes = self._decide(batch)
            self._connection.begin()
            self._write(changes)
            self._connection.commit()
        except self._duckdb.Error as wrong:
            # a failed write can leave the connection unusable, and what was taken for seen was not written
            self.rest()
            self._seen.forget()
            self._lives = None
            raise TargetBusy(first_line(wrong)) from None
        return Committed(len(changes.fresh), changes.repeats, len(changes.rejected))

    def rest(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        self.rest()
        self._lock.release()

    @contextmanager
    def reader(self) -> Iterator[Callable[[str], Iterator[dict[str, Any]]]]:
        if not self.path.exists():
            raise StoreUnusable(f"There is no database {self.path}.", "Check the name; `lamplighter store` creates it.")
        self._connect(read_only=True)
        try:
            self._version()
            yield self._rows
        finally:
            self.rest()

    def _rows(self, query: str) -> Iterator[dict[str, Any]]:
        found = self._connection.execute(query)
        names = [column[0] for column in found.description]
        return (dict(zip(names, row, strict=True)) for row in found.fetchall())

    def _connect(self, read_only: bool = False) -> None:
        if self._connection is not None:
            return
        try:
            self._connection = self._duckdb.connect(str(self.path), read_only=read_only)
        except self._duckdb.Error as wrong:
            said = first_line(wrong)
            if "lock" in said.lower():
                raise TargetBusy(f"Another program has {self.path} open.") from None
            if isinstance(wrong, self._duckdb.IOException):
                raise StoreUnusable(f"{self.path} cannot be used: {said}") from None
            raise StoreUnusable(f"{self.path} is no DuckDB database: {said}") from None

    def _version(self) -> int:
        """Of the schema; 0 for an empty file."""
        tables = {name for (name,) in self._connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        if not tables:
            return 0
        if "schema_version" not in tables:
            raise StoreUnusable(f"{self.path} holds tables of another program.", "Name a file of its own with --to.")
        version = self._connection.execute("SELECT max(version) FROM schema_version").fetchone()[0]
        refuse_newer(version, len(migrations("duckdb")), str(self.path))
        return version

    def _migrate(self) -> None:
        run = self._connection.execute
        version = self._version()
        made = [statement for view in views() for statement in view.statements()]
        self._connection.begin()
        if not version:
            run("CREATE TABLE schema_version (version INTEGER NOT NULL, applied TIMESTAMP NOT NULL)")
            run("CREATE TABLE setting (name VARCHAR NOT NULL, value VARCHAR NOT NULL)")
            run("INSERT INTO setting VALUES ('session', ?), ('views', '')", [f"lamplighter-store-{uuid.uuid4().hex}"])
        for number, script in enumerate(migrations("duckdb")[version:], version + 1):
            run(script)
            run("INSERT INTO schema_version VALUES (?, ?)", [number, datetime.now(UTC).replace(tzinfo=None)])
        setting = dict(run("SELECT name, value FROM setting").fetchall())
        if setting["views"] != digest(made):
            for statement in made:
                run(statement)
            run("UPDATE setting SET value = ? WHERE name = 'views'", [digest(made)])
        self._connection.commit()
        self.session = setting["session"]

    def _parsable(self, batch: list[Record | Message | Rejected]) -> list[Record | Message | Rejected]:
        """Bodies that Python reads but DuckDB does not would break every query: they are rejected."""
        bodies = [None if isinstance(one, Rejected) else one.body for one in batch]
        rows = self._arrow.table({"i": range(len(bodies)), "body": self._arrow.array(bodies, self._arrow.string())})
        self._connection.register("bodies", rows)
        bad = self._connection.execute("SELECT i FROM bodies WHERE NOT json_valid(body)").fetchall()
        self._connection.unregister("bodies")
        for (i,) in bad:
            one = batch[i]
            assert not isinstance(one, Rejected) and one.body is not None
            reason = "The payload holds text or numbers that the database cannot represent."
            batch = [*batch[:i], Rejected(one.received, one.topic, reason, one.body.encode()), *batch[i + 1 :]]
        return batch

    def _decide(self, batch: list[Record | Message | Rejected]) -> Changes:
        records = [one for one in batch if isinstance(one, Record)]
        if self._lives is None:
            rows = self._connection.execute("SELECT site, node, max(life) FROM record WHERE life > 0 GROUP BY ALL")
            self._lives = {(site, node): life for site, node, life in rows.fetchall()}
        self._seen.prepare(one.boot for one in records)
        copies = self._copies(again(records, self._seen))
        changes = decide(records, Lives(self._lives, copies))
        for one in changes.fresh:
            self._seen.add(one.boot, one.s)
        messages = [one for one in batch if isinstance(one, Message)]
        changes.messages = [one for one in not_repeated(messages) if not self._stored(one)]
        changes.repeats += len(messages) - len(changes.messages)
        changes.rejected = [one for one in batch if isinstance(one, Rejected)]
        return changes

    def _load_seen(self, boots: list[Boot]) -> Iterator[tuple[Boot, int, int]]:
        names = ("site", "node", "b")
        self._connection.register("wanted", self._table(names, [dict(zip(names, one, strict=True)) for one in boots]))
        # within a run, s minus its rank stays the same
        rows = self._connection.execute(
            "SELECT site, node, b, min(s), max(s) FROM ("
            "SELECT *, s - row_number() OVER (PARTITION BY site, node, b ORDER BY s) AS run FROM ("
            "SELECT DISTINCT site, node, b, s FROM record SEMI JOIN wanted USING (site, node, b))) "
            "GROUP BY site, node, b, run"
        ).fetchall()
        self._connection.unregister("wanted")
        return (((site, node, b), first, last) for site, node, b, first, last in rows)

    def _copies(self, repeated: list[Record]) -> dict[Key, list[Record]]:
        if not repeated:
            return {}
        names = ("site", "node", "b", "s")
        rows = [dict(zip(names, key, strict=True)) for key in {one.key for one in repeated}]
        self._connection.register("wanted", self._table(names, rows))
        found = self._connection.execute(f"SELECT {_COLUMNS} FROM record SEMI JOIN wanted USING (site, node, b, s)")
        copies: dict[Key, list[Record]] = {}
        for row in found.fetchall():
            record = Record(**dict(zip(RECORD, row, strict=True)))
            copies.setdefault(record.key, []).append(record)
        self._connection.unregister("wanted")
        return copies

    def _stored(self, message: Message) -> bool:
        """Whether a message that may have come before has done so."""
        if not (message.repeated or message.stamped):
            return False
        query = "SELECT count(*) FROM message WHERE topic = ? AND body IS NOT DISTINCT FROM ? AND (? OR received = ?)"
        about = [message.topic, message.body, message.repeated, message.received]
        return self._connection.execute(query, about).fetchone()[0] > 0

    def _write(self, changes: Changes) -> None:
        for table, names, rows in (
            ("record", RECORD, changes.fresh),
            ("message", MESSAGE, changes.messages),
            ("rejected", REJECTED, changes.rejected),
        ):
            if rows:
                self._with_rows(names, rows, f"INSERT INTO {table} SELECT {', '.join(names)} FROM incoming")
        if changes.better:
            self._with_rows(
                RECORD,
                changes.better,
                "UPDATE record SET ts = incoming.ts, tq = incoming.tq, tu = incoming.tu, h = incoming.h, "
                "retained = incoming.retained, body = incoming.body FROM incoming WHERE "
                + " AND ".join(f"record.{name} = incoming.{name}" for name in ("site", "node", "life", "b", "s")),
            )

    def _with_rows(self, names: tuple[str, ...], rows: list[Any], statement: str) -> None:
        self._connection.register("incoming", self._table(names, rows))
        self._connection.execute(statement)
        self._connection.unregister("incoming")

    def _table(self, names: tuple[str, ...], rows: list[Any]) -> Any:
        arrow = self._arrow
        types = {
            "b": arrow.int64(), "s": arrow.int64(), "tu": arrow.int64(), "life": arrow.int32(), "tq": arrow.int32(),
            "h": arrow.int32(), "ts": arrow.timestamp("us"), "received": arrow.timestamp("us"),
            "retained": arrow.bool_(), "payload": arrow.binary(),
        }  # fmt: skip
        columns = {}
        for name in names:
            values = [row[name] if isinstance(row, dict) else getattr(row, name) for row in rows]
            columns[name] = arrow.array(values, types.get(name, arrow.string()))
        return arrow.table(columns)
