"""A TimescaleDB of our own, in a process of Node.js: PostgreSQL compiled to WebAssembly, for one connection at a time.

It has no background workers, so nothing runs a policy but `CALL run_job(...)`.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
FETCHED = ROOT / ".cache" / "timescale"


class Timescale:
    """`with Timescale(folder) as database:`; skips the test where Node.js or the build is missing."""

    def __init__(self, folder: Path) -> None:
        node = shutil.which("node")
        if not node or not (FETCHED / "installed").is_file():
            pytest.skip("Node.js is missing, or TimescaleDB was not fetched: `make timescale` does")
        (folder / "node_modules").symlink_to(FETCHED / "node_modules")
        script = shutil.copy(Path(__file__).with_name("timescale_server.mjs"), folder)
        self._said = (folder / "timescale.log").open("wb")
        self._process = subprocess.Popen([node, script], stdout=subprocess.PIPE, stderr=self._said, text=True)
        assert self._process.stdout
        port = self._process.stdout.readline().strip()
        assert port, (folder / "timescale.log").read_text()
        self.url = f"postgresql://postgres:password@127.0.0.1:{port}/postgres?sslmode=disable"

    def __enter__(self) -> Timescale:
        return self

    def __exit__(self, *_: Any) -> None:
        self._process.kill()
        self._process.wait(20)
        assert self._process.stdout
        self._process.stdout.close()
        self._said.close()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Of any SQL, on a connection of its own."""
        import psycopg

        with psycopg.connect(self.url, autocommit=True) as connection:
            found = connection.execute(query.encode())
            return found.fetchall() if found.description else []
