"""A DuckDB file as the store's database.

DuckDB lets one process in at a time. So the file is open only while a batch is written: in between, anybody may
query it. A lock file beside it keeps a second store away.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ..problems import FileRefused, StoreBusy, StoreUnusable
from .batch import Changes, Key
from .dialect import DUCKDB
from .extra import needed
from .messages import Message, Record, Rejected
from .one_store import OneStore, arrow_table, runs, unrepresentable
from .schema import MESSAGE, RECORD, REJECTED, digest, first_line, migrations, refuse_newer
from .seen import Boot
from .target import Committed, TargetBusy
from .views import views

_COLUMNS = ", ".join(RECORD)


class DuckDBFile(OneStore):
    """The lock of open() keeps other stores away."""

    name = "A DuckDB file"
    dialect = DUCKDB
    what = "the database"

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.session = ""
        self.where = str(path)
        self._duckdb = needed("duckdb")
        self._connection: Any = None
        self._lock = FileLock(f"{path}.lock")

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

    def commit(self, batch: list[Record | Message | Rejected]) -> Committed:
        if not self.path.exists():
            raise StoreUnusable(f"{self.path} was removed while the store wrote to it.", "Start the store again.")
        try:
            self._connect()
            batch = self._parsable(batch)
            changes = self.decide(batch)
            self._connection.begin()
            self._write(changes)
            self._connection.commit()
        except self._duckdb.Error as wrong:
            # a failed write can leave the connection unusable, and what was taken for seen was not written
            self.rest()
            self.forget()
            raise TargetBusy(first_line(wrong)) from None
        return Committed(len(changes.fresh), changes.repeats, len(changes.rejected))

    def fill(self, table: str, pieces: Iterable[Any]) -> None:
        """Append Arrow tables with the columns of a table, unchecked. Raises StoreUnusable."""
        self._connect()
        try:
            for piece in pieces:
                self._insert(table, tuple(piece.column_names), piece)
        except self._duckdb.Error as wrong:
            raise StoreUnusable(f"{self.path} cannot be written: {first_line(wrong)}") from None

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
            assert not isinstance(one, Rejected)
            batch = [*batch[:i], unrepresentable(one), *batch[i + 1 :]]
        return batch

    def stored_lives(self) -> Iterable[tuple[str, str, int]]:
        rows = self._connection.execute("SELECT site, node, max(life) FROM record WHERE life > 0 GROUP BY ALL")
        return rows.fetchall()

    def load_runs(self, boots: list[Boot]) -> Iterator[tuple[Boot, int, int]]:
        self._connection.register("wanted", arrow_table(("site", "node", "b"), boots))
        rows = self._connection.execute(runs("record SEMI JOIN wanted USING (site, node, b)")).fetchall()
        self._connection.unregister("wanted")
        return (((site, node, b), first, last) for site, node, b, first, last in rows)

    def load_copies(self, keys: list[Key]) -> Iterable[tuple[Any, ...]]:
        self._connection.register("wanted", arrow_table(("site", "node", "b", "s"), keys))
        found = self._connection.execute(f"SELECT {_COLUMNS} FROM record SEMI JOIN wanted USING (site, node, b, s)")
        rows = found.fetchall()
        self._connection.unregister("wanted")
        return rows

    def is_stored(self, message: Message) -> bool:
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
                self._insert(table, names, arrow_table(names, rows))
        if changes.better:
            self._with_rows(
                arrow_table(RECORD, changes.better),
                "UPDATE record SET ts = incoming.ts, tq = incoming.tq, tu = incoming.tu, h = incoming.h, "
                "retained = incoming.retained, body = incoming.body FROM incoming WHERE "
                + " AND ".join(f"record.{name} = incoming.{name}" for name in ("site", "node", "life", "b", "s")),
            )

    def _insert(self, table: str, names: tuple[str, ...], rows: Any) -> None:
        self._with_rows(rows, f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(names)} FROM incoming")

    def _with_rows(self, rows: Any, statement: str) -> None:
        self._connection.register("incoming", rows)
        self._connection.execute(statement)
        self._connection.unregister("incoming")
