"""A PostgreSQL of our own: a private cluster in a temporary folder, reached by a socket in it."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path


def find_postgres() -> Path | None:
    """The folder of its programs, of the newest version that is installed."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: -int(one.parent.name)):
        if (folder / "initdb").exists():
            return folder
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def _user() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid():
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    return None


class PostgresCluster:
    """start(), kill() as a power cut of its process would, stop(), remove().

    durable -- flush each commit to the disk; a killed process loses nothing without it, a dead machine does
    """

    def __init__(self, durable: bool = False, settings: dict[str, str] | None = None) -> None:
        programs = find_postgres()
        assert programs, "PostgreSQL is missing: apt-get install postgresql"
        self._programs = programs
        self._as = {"user": _user()} if _user() else {}
        # a socket's name must be short, so not in pytest's folder
        self.folder = Path(tempfile.mkdtemp(prefix="lamplighter-pg-"))
        if self._as:
            shutil.chown(self.folder, self._as["user"])
        self._process: subprocess.Popen[bytes] | None = None
        self._data = self.folder / "data"
        self._run("initdb", "-D", self._data, "-U", "lamps", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        lines = [
            "listen_addresses = ''",
            f"unix_socket_directories = '{self.folder}'",
            f"fsync = {'on' if durable else 'off'}",
            *(f"{name} = {value}" for name, value in (settings or {}).items()),
        ]
        with (self._data / "postgresql.conf").open("a") as file:
            file.write("\n".join(lines) + "\n")

    def url(self, database: str = "postgres", user: str = "lamps") -> str:
        return f"postgresql://{user}@/{database}?host={self.folder}"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        assert self._process is None
        with (self.folder / "postgres.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data], stdout=log, stderr=log, cwd=self.folder, **self._as
            )
        end = time.monotonic() + 60
        while subprocess.run(
            [self._programs / "pg_isready", "-q", "-h", self.folder], check=False, stdout=subprocess.DEVNULL
        ).returncode:
            assert self._process.poll() is None, (self.folder / "postgres.log").read_text()
            assert time.monotonic() < end, "PostgreSQL did not come up"
            time.sleep(0.05)

    def create(self, name: str) -> str:
        """A new schema, which costs less than a database; its URL."""
        self.execute(f'CREATE SCHEMA "{name}"')
        return f"{self.url()}&options=-csearch_path%3D{name}"

    def execute(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement)

    def kill(self) -> None:
        """The postmaster and all its backends at once, without a word."""
        process, self._process = self._process, None
        if process is None:
            return
        for child in _children(process.pid):
            _signal(child, signal.SIGKILL)
        process.kill()
        process.wait(10)

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGINT)  # fast shutdown: connections are closed
            process.wait(60)

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *words: object) -> None:
        done = subprocess.run(
            [self._programs / program, *map(str, words)], capture_output=True, text=True, cwd=self.folder, **self._as
        )
        assert done.returncode == 0, done.stderr


def _children(pid: int) -> list[int]:
    try:
        words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [int(word) for word in words]


def _signal(pid: int, which: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, which)


@contextlib.contextmanager
def running_cluster() -> Iterator[PostgresCluster]:
    """For a fixture: a cluster that is removed at the end; without PostgreSQL the tests are skipped."""
    import pytest

    if not find_postgres():
        pytest.skip("PostgreSQL is not installed")
    cluster = PostgresCluster()
    cluster.start()
    yield cluster
    cluster.remove()
