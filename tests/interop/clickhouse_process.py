"""ClickHouse's engine as a process of its own on a free port."""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from brokers import free_port


def has_clickhouse() -> bool:
    return importlib.util.find_spec("chdb") is not None


class ClickHouseProcess:
    """start(); kill() with -9, which loses nothing that it answered; remove()."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lamplighter-ch-"))
        self.port = free_port()
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        script = Path(__file__).with_name("clickhouse_engine.py")
        self._process = subprocess.Popen(
            [sys.executable, script, str(self.port), self.folder / "data"], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout and self._process.stdout.readline() == "ready\n"

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def execute(self, query: str) -> str:
        return self._post("", query)

    def lose_answer(self, words: str) -> None:
        """Of the next statement with these words: it is run, and the connection is cut in the middle of its answer."""
        self._post(f"?{urllib.parse.urlencode({'cut': words})}", "")

    def _post(self, about: str, query: str) -> str:
        headers = {"Authorization": "Basic ZGVmYXVsdDo="}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/{about}", query.encode(), headers)
        with urllib.request.urlopen(request) as answer:
            return answer.read().decode()

    def url(self, database: str = "default") -> str:
        return f"clickhouse://default@127.0.0.1:{self.port}/{database}"

    def create(self, database: str) -> str:
        """Its URL."""
        self.execute(f"CREATE DATABASE {database}")
        return self.url(database)


@contextlib.contextmanager
def running_clickhouse() -> Iterator[ClickHouseProcess]:
    process = ClickHouseProcess()
    try:
        process.start()
        yield process
    finally:
        process.remove()
