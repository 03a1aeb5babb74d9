"""The store's connection to PostgreSQL, made again when it was lost, with what the process has reserved on it."""

from __future__ import annotations

import time
import urllib.parse
from typing import Any

from ..problems import StoreBusy, StoreUnusable
from .extra import needed
from .schema import first_line
from .target import TargetBusy

CONNECT_S = 10
TAKEN_S = 30.0  # so long a lost connection may keep its reservations on the server
# the reservations of one store: its schema in the database, and a number each
_NUMBER = "hashtext('lamplighter store ' || current_schema()), %s"
_LOCK = f"SELECT pg_try_advisory_lock({_NUMBER})"
_UNLOCK = f"SELECT pg_advisory_unlock({_NUMBER})"
_WAITING = -1  # the number that all share who wait for a place
# a store that vanished with its machine frees its reservations within half a minute
_ALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
_PASSING = (
    "starting up", "shutting down", "too many", "remaining connection slots", "recovery", "terminating",
    "not accepting", "not yet accepting",
)  # fmt: skip


class PostgresLink:
    """where -- the database without its password, for sentences."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._psycopg = needed("psycopg")
        self._connection: Any = None
        self._met = False  # the database let this process in
        self._claims: set[int] = set()
        self._taken_since: float | None = None
        self.where = _without_password(url)

    @property
    def lost(self) -> bool:
        return self._connection is None or self._connection.closed

    def connected(self) -> Any:
        """Raises StoreUnusable, StoreBusy, TargetBusy."""
        if self.lost:
            connection = self._connect()
            self._met = True
            self._claim_again(connection)
            self._connection = connection
        return self._connection

    def drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def claim(self, number: int) -> bool:
        """Reserve a number of this database for this process, over lost connections too."""
        if number in self._claims:
            return True
        free = _locked(self.connected(), number)
        if free:
            self._claims.add(number)
        return free

    def release(self, number: int) -> None:
        self._claims.discard(number)
        self.connected().execute(_UNLOCK, (number,))

    def wait(self) -> None:
        self.connected().execute(f"SELECT pg_advisory_lock_shared({_NUMBER})", (_WAITING,))

    def stop_waiting(self) -> None:
        self.connected().execute(f"SELECT pg_advisory_unlock_shared({_NUMBER})", (_WAITING,))

    def somebody_waits(self) -> bool:
        """Who waits has the number together with others; nobody can have it alone then."""
        connection = self.connected()
        alone = _locked(connection, _WAITING)
        if alone:
            connection.execute(_UNLOCK, (_WAITING,))
        return not alone

    def _claim_again(self, connection: Any) -> None:
        try:
            taken = any(not _locked(connection, number) for number in self._claims)
        except self._psycopg.Error as wrong:
            connection.close()
            raise TargetBusy(first_line(wrong)) from None
        if not taken:
            self._taken_since = None
            return
        connection.close()
        self._taken_since = self._taken_since or time.monotonic()
        if time.monotonic() - self._taken_since > TAKEN_S:
            raise StoreBusy(f"While {self.where} was away, another store took this one's place.")
        raise TargetBusy(f"Another store has this one's place at {self.where}.")

    def _connect(self) -> Any:
        try:
            connection = self._psycopg.connect(self._url, autocommit=True, connect_timeout=CONNECT_S, **_ALIVE)
        except self._psycopg.ProgrammingError as wrong:
            raise StoreUnusable(f"{self.where} is no PostgreSQL address: {first_line(wrong)}.") from None
        except self._psycopg.OperationalError as wrong:
            said = first_line(wrong)
            # a store that works waits whatever is wrong: somebody will put it right, and nothing is lost meanwhile
            if not self._met and "FATAL" in said and not any(word in said for word in _PASSING):
                raise StoreUnusable(
                    f"{self.where}: {said.partition('FATAL:')[2].strip()}.",
                    "Check user, password and database; an administrator makes them with CREATE USER, CREATE DATABASE.",
                ) from None
            raise TargetBusy(said) from None
        try:
            for name, value in _ALIVE.items():
                connection.execute(f"SET tcp_{name} = {value}")
            connection.execute("SET application_name = 'lamplighter store'")
            connection.execute("SET client_min_messages = 'warning'")
        except self._psycopg.Error as wrong:
            connection.close()
            raise TargetBusy(first_line(wrong)) from None
        return connection


def _locked(connection: Any, number: int) -> bool:
    return connection.execute(_LOCK, (number,)).fetchone()[0]


def _without_password(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    place = parts.netloc.rpartition("@")[2] or urllib.parse.parse_qs(parts.query).get("host", [""])[0]
    return f"{parts.scheme}://{place}{parts.path}"
