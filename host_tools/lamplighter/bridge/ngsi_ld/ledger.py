"""What the bridge has sent: a SQLite file that outlives it, so that no value reaches the context broker twice.

A broker adds a value to its history at each write, also when the same value comes again. So the ledger holds the
number of each record that was sent, the last state of each entity, the entities whose last write may or may not have
arrived, and the late values that still wait for the history.
"""

from __future__ import annotations

import json
import sqlite3
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...problems import BridgeLedgerUnusable, FileRefused
from .entities import Attributes

KEPT_S = 90 * 86400  # a record's number: the broker's session and a lamppost's journal reach back less
_VERSION = 1
_TABLES = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE record (site TEXT, node TEXT, b INTEGER, s INTEGER, mark INTEGER, at INTEGER NOT NULL,
    PRIMARY KEY (site, node, b, s, mark)) WITHOUT ROWID;
CREATE INDEX record_at ON record (at);
CREATE TABLE lamppost (site TEXT, node TEXT, location TEXT, asset TEXT, PRIMARY KEY (site, node)) WITHOUT ROWID;
CREATE TABLE alarm (site TEXT, node TEXT, code TEXT, PRIMARY KEY (site, node, code)) WITHOUT ROWID;
CREATE TABLE entity (id TEXT PRIMARY KEY, kind TEXT NOT NULL, site TEXT NOT NULL, node TEXT NOT NULL,
    attributes TEXT NOT NULL, unsure TEXT) WITHOUT ROWID;
CREATE INDEX entity_of ON entity (site, node);
CREATE INDEX entity_unsure ON entity (id) WHERE unsure IS NOT NULL;
CREATE TABLE history (number INTEGER PRIMARY KEY, id TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
    attribute TEXT NOT NULL, unsure INTEGER NOT NULL DEFAULT 0);
CREATE TABLE refused (at INTEGER NOT NULL, id TEXT NOT NULL, reason TEXT NOT NULL, attributes TEXT NOT NULL);
"""


@dataclass
class Entity:
    """attributes -- as the context broker has them from this bridge"""

    id: str
    kind: str
    site: str
    node: str
    attributes: Attributes


@dataclass(frozen=True)
class Late:
    """A value that is older than what the entity shows. unsure -- it may have arrived already."""

    number: int
    id: str
    kind: str
    name: str
    attribute: dict[str, Any]
    unsure: bool


Key = tuple[str, str, int, int, int]  # site, node, b, s, mark of the values
Place = tuple[dict[str, float] | None, str | None]  # location, asset


class Ledger:
    def __init__(self, path: Path, target: str) -> None:
        """target -- what it belongs to: address and tenant of a context broker"""
        self.path, self._target = path, target
        self.session = ""
        self._file: sqlite3.Connection | None = None

    @property
    def _db(self) -> sqlite3.Connection:
        assert self._file is not None, "the ledger is not open"
        return self._file

    def open(self) -> None:
        """Raises FileRefused, BridgeLedgerUnusable."""
        if not self.path.parent.is_dir():
            raise FileRefused(f"The folder {self.path.parent} does not exist.", "Create it, or name another file.")
        try:
            self._file = sqlite3.connect(self.path, timeout=0, isolation_level=None)
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("BEGIN EXCLUSIVE")  # holds the file until close()
            self._make()
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as wrong:
            self.close()
            cause = f"{self.path} cannot be used: {wrong}."
            if "locked" in str(wrong):
                cause = f"Another bridge uses {self.path}."
            raise BridgeLedgerUnusable(cause) from None
        except sqlite3.DatabaseError:
            self.close()
            raise BridgeLedgerUnusable(f"{self.path} is not a ledger of this bridge.") from None
        except BridgeLedgerUnusable:
            self.close()
            raise

    def _make(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            raise BridgeLedgerUnusable(f"A later version of lamplighter wrote {self.path}.", "Update lamplighter.")
        if not version:
            if self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise BridgeLedgerUnusable(f"{self.path} is not a ledger of this bridge.")
            for statement in _TABLES.strip().split(";\n"):
                self._db.execute(statement)
            self._set("target", self._target)
            self._set("session", f"lamplighter-ngsi-ld-{uuid.uuid4().hex[:12]}")
            self._db.execute(f"PRAGMA user_version = {_VERSION}")
        self.session = self.setting("session") or ""
        if (target := self.setting("target")) != self._target:
            raise BridgeLedgerUnusable(f"{self.path} belongs to {target}, not to {self._target}.")
        self._db.execute("DELETE FROM record WHERE at < ?", (time.time() - KEPT_S,))

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def setting(self, name: str) -> str | None:
        row = self._db.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    @property
    def accepted(self) -> bool:
        """Whether the context broker has ever accepted entities."""
        return self.setting("accepted") is not None

    def remember(self, name: str, value: str) -> None:
        self._set(name, value)

    def sent(self, keys: Iterable[Key]) -> set[Key]:
        """Which of the records were sent before."""
        found = "SELECT 1 FROM record WHERE site = ? AND node = ? AND b = ? AND s = ? AND mark = ?"
        return {key for key in keys if self._db.execute(found, key).fetchone()}

    def place(self, site: str, node: str) -> Place:
        where = "SELECT location, asset FROM lamppost WHERE site = ? AND node = ?"
        row = self._db.execute(where, (site, node)).fetchone()
        return (json.loads(row[0]), row[1]) if row else (None, None)

    def alarms(self, site: str, node: str) -> set[str]:
        rows = self._db.execute("SELECT code FROM alarm WHERE site = ? AND node = ?", (site, node))
        return {code for (code,) in rows}

    def entity(self, id: str) -> Entity | None:
        return next(self._entities("id = ?", id), None)

    def entities_of(self, site: str, node: str) -> list[Entity]:
        return list(self._entities("site = ? AND node = ?", site, node))

    def all_ids(self) -> list[str]:
        return [id for (id,) in self._db.execute("SELECT id FROM entity ORDER BY id")]

    def unsure(self) -> dict[str, Attributes]:
        """By id the attributes of writes that may or may not have arrived."""
        rows = self._db.execute("SELECT id, unsure FROM entity WHERE unsure IS NOT NULL")
        return {id: json.loads(text) for id, text in rows}

    def begin(self, entities: Iterable[Entity], pending: dict[str, Attributes]) -> None:
        """Note before a write that it may arrive though its answer does not."""
        with self._db:
            self._db.execute("BEGIN")
            self._db.executemany(
                "INSERT INTO entity VALUES (?, ?, ?, ?, '{}', ?)"
                " ON CONFLICT (id) DO UPDATE SET unsure = excluded.unsure",
                [(one.id, one.kind, one.site, one.node, _text(pending[one.id])) for one in entities],
            )

    def undone(self, ids: Iterable[str]) -> None:
        """The write did certainly not arrive."""
        with self._db:
            self._db.execute("BEGIN")
            self._db.executemany("UPDATE entity SET unsure = NULL WHERE id = ?", [(id,) for id in ids])

    def settle(self, entities: Iterable[Entity], refused: dict[str, tuple[str, Attributes]]) -> None:
        """These entities were sent or refused; refused -- (reason, attributes) by id."""
        with self._db:
            self._db.execute("BEGIN")
            self._db.executemany(
                "UPDATE entity SET attributes = ?, unsure = NULL WHERE id = ?",
                [(_text(one.attributes), one.id) for one in entities],
            )
            self._db.executemany(
                "INSERT INTO refused VALUES (?, ?, ?, ?)",
                [(int(time.time()), id, reason, _text(sent)) for id, (reason, sent) in refused.items()],
            )
            self._set("accepted", "yes")

    def finish(
        self, keys: Iterable[Key], late: Iterable[tuple[str, str, str, dict[str, Any]]],
        places: dict[tuple[str, str], Place], alarms: dict[tuple[str, str], set[str]],
    ) -> None:  # fmt: skip
        """All of a batch was sent. late -- (id, kind, name, attribute) for the history."""
        now = int(time.time())
        with self._db:
            self._db.execute("BEGIN")
            rows = [(*key, now) for key in keys]
            self._db.executemany("INSERT OR IGNORE INTO record VALUES (?, ?, ?, ?, ?, ?)", rows)
            self._db.executemany(
                "INSERT INTO history (id, kind, name, attribute) VALUES (?, ?, ?, ?)",
                [(id, kind, name, _text(attribute)) for id, kind, name, attribute in late],
            )
            self._db.executemany(
                "INSERT OR REPLACE INTO lamppost VALUES (?, ?, ?, ?)",
                [(*where, _text(location), asset) for where, (location, asset) in places.items()],
            )
            for where, codes in alarms.items():
                self._db.execute("DELETE FROM alarm WHERE site = ? AND node = ?", where)
                self._db.executemany("INSERT INTO alarm VALUES (?, ?, ?)", [(*where, code) for code in sorted(codes)])

    def late(self, most: int) -> list[Late]:
        """The values of one entity that wait for the history, oldest first."""
        rows = self._db.execute(
            "SELECT number, id, kind, name, attribute, unsure FROM history"
            " WHERE id = (SELECT id FROM history ORDER BY number LIMIT 1) ORDER BY number LIMIT ?",
            (most,),
        )
        return [Late(number, id, kind, name, json.loads(text), bool(unsure))
                for number, id, kind, name, text, unsure in rows]  # fmt: skip

    def mark_late(self, late: Iterable[Late], unsure: bool) -> None:
        with self._db:
            self._db.execute("BEGIN")
            rows = [(unsure, one.number) for one in late]
            self._db.executemany("UPDATE history SET unsure = ? WHERE number = ?", rows)

    def drop_late(self, late: Iterable[Late]) -> None:
        with self._db:
            self._db.execute("BEGIN")
            self._db.executemany("DELETE FROM history WHERE number = ?", [(one.number,) for one in late])

    def _entities(self, where: str, *values: str):
        rows = self._db.execute(f"SELECT id, kind, site, node, attributes FROM entity WHERE {where}", values)
        for id, kind, site, node, text in rows:
            yield Entity(id, kind, site, node, json.loads(text))

    def _set(self, name: str, to: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, to))


def _text(of: Any) -> str:
    return json.dumps(of, ensure_ascii=False, separators=(",", ":"))
