"""The state of a roll-out in a SQLite file beside its plan, so that the computer may be closed at any moment."""

from __future__ import annotations

import contextlib
import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..problems import RolloutBusy, RolloutStateWrong
from .engine import MODES, Progress
from .member import KEPT, STEPS, Member
from .plan_file import Plan

SUFFIX = ".rollout.sqlite"
_FORM = "1"
_TABLES = (
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value)",
    "CREATE TABLE members ({}, PRIMARY KEY (name))".format(", ".join(f'"{name}"' for name in KEPT)),
    "CREATE TABLE log (at REAL NOT NULL, text TEXT NOT NULL)",
)
_LOG_SOUND = "typeof(at) = 'real' AND at BETWEEN 0 AND 2e10 AND typeof(text) = 'text'"


class RolloutState:
    """`with RolloutState(path) as state: members, progress = state.open(plan)`; save() keeps what has changed."""

    def __init__(self, path: Path, durable: bool = True) -> None:
        """durable -- False: what was kept last may be lost when this computer's power goes"""
        self.path = path
        self._durable = durable
        self._saved: dict[str, dict[str, Any]] = {}

    @classmethod
    def of(cls, plan: Path, durable: bool = True) -> RolloutState:
        return cls(plan.with_name(plan.name.removesuffix(".toml") + SUFFIX), durable)

    def __enter__(self) -> RolloutState:
        with self._guarded():
            self._db = sqlite3.connect(self.path, timeout=10)
            self._db.row_factory = sqlite3.Row
            self._db.execute(f"PRAGMA synchronous={'FULL' if self._durable else 'OFF'}")
            if not self._db.execute("SELECT 1 FROM sqlite_master").fetchone():
                with self._db:
                    for statement in _TABLES:
                        self._db.execute(statement)
                    self._set("form", _FORM)
            if self._fact("form") != _FORM:
                raise RolloutStateWrong(f"{self.path} was written by another version of lamplighter.")
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    @property
    def begun(self) -> bool:
        return bool(self._fact("id"))

    def open(self, plan: Plan) -> tuple[list[Member], Progress]:
        """Members in the roster's order. Raises RolloutStateWrong if it was begun with another release."""
        with self._guarded():
            if not self.begun:
                with self._db:
                    self._set("id", f"{plan.name}-{uuid.uuid4().hex[:6]}")
                    self._set("release", plan.release.sha256)
            elif self._fact("release") != plan.release.sha256:
                raise RolloutStateWrong(f"{self.path} is of a roll-out of another release than {plan.release.build}.")
            progress = Progress(**{name: self._fact(name, value) for name, value in asdict(Progress("")).items()})
            found = [dict(row) for row in self._db.execute("SELECT * FROM members")]
        if not all(map(_sound, found)) or not _sound_progress(progress):
            raise RolloutStateWrong(f"{self.path} is not the state of a roll-out: it holds what no roll-out writes.")
        rows = {row["name"]: row for row in found}
        self._saved = rows
        members = [Member(**rows.get(place.name, {"name": place.name}), place=place) for place in plan.places]
        for one in members:
            if progress.group and one.name not in rows:  # new in the roster
                one.group = max((row["group"] for row in rows.values()), default=1)
        return members, progress

    def save(self, members: list[Member], progress: Progress, news: list[str], utc: float) -> None:
        """Keep all that has changed, in one step."""
        changed = [row for row in (one.row() for one in members) if self._saved.get(row["name"]) != row]
        with self._guarded(), self._db:
            marks = ", ".join("?" * len(KEPT))
            self._db.executemany(f"REPLACE INTO members VALUES ({marks})", [tuple(row.values()) for row in changed])
            for name, value in asdict(progress).items():
                if self._fact(name) != value:
                    self._set(name, value)
            self._db.executemany("INSERT INTO log VALUES (?, ?)", [(utc, text) for text in news])
        self._saved.update({row["name"]: row for row in changed})

    def order(self, word: str) -> None:
        """Leave an order for the command that carries the roll-out out."""
        with self._guarded(), self._db:
            self._set("order", word)

    def next_order(self) -> str:
        """The order that was left, once."""
        with self._guarded():
            word = str(self._fact("order", ""))
            if word:
                with self._db:
                    self._set("order", "")
        return word

    def log(self) -> list[tuple[float, str]]:
        with self._guarded():
            rows = self._db.execute(f"SELECT at, text FROM log WHERE {_LOG_SOUND} ORDER BY rowid")
            return [(row["at"], row["text"]) for row in rows]

    @contextlib.contextmanager
    def held(self) -> Iterator[bool]:
        """True for the one command that carries the roll-out out; False while another does."""
        import filelock

        lock = filelock.FileLock(self.path.with_name(f".{self.path.name}.lock"))
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            yield False
            return
        except OSError as error:
            raise RolloutStateWrong(f"{lock.lock_file} cannot be written: {error.strerror}.") from None
        try:
            yield True
        finally:
            lock.release()

    def _fact(self, name: str, default: Any = None) -> Any:
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return row["value"] if row else default

    def _set(self, name: str, value: Any) -> None:
        self._db.execute("REPLACE INTO facts VALUES (?, ?)", (name, value))

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise RolloutBusy(f"{self.path} is in use by another program.") from None
            raise RolloutStateWrong(f"{self.path} cannot be used: {error}.") from None
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            raise RolloutStateWrong(f"{self.path} is not the state of a roll-out: {error}.") from None


def _sound(row: dict[str, Any]) -> bool:
    """Whether a row holds what a Member takes: a file is not trusted because it has the right name."""
    kinds = {name: type(value) for name, value in Member("").row().items()}
    right = row.keys() == kinds.keys() and all(isinstance(row[name], kind) for name, kind in kinds.items())
    return right and row["step"] in STEPS


def _sound_progress(progress: Progress) -> bool:
    kinds = {name: type(value) for name, value in asdict(Progress("")).items()}
    right = all(isinstance(value, kinds[name]) for name, value in asdict(progress).items())
    return right and progress.mode in MODES and progress.direction in ("release", "back")
