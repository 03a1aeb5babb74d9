"""`lamplighter watch` as a process, read line by line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from queue import Empty, Queue

LAMPLIGHTER = Path(sys.executable).with_name("lamplighter")


class Watch:
    """`with Watch(port, "--json") as watch:` is subscribed when the block begins: its first line has been read."""

    def __init__(self, port: int, *options: str, host: str = "127.0.0.1", env: dict[str, str] | None = None) -> None:
        command = [LAMPLIGHTER, "watch", "--host", host, "--port", str(port), *options]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(env or {})},
        )
        self.lines: list[str] = []
        self.errors = ""
        self._arrived: Queue[str] = Queue()
        self._readers = [threading.Thread(target=self._read), threading.Thread(target=self._read_errors)]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Watch:
        self.line()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self.end()

    def line(self, timeout: float = 120.0) -> str:
        """The next line."""
        try:
            return self._arrived.get(timeout=timeout)
        except Empty:
            raise AssertionError(f"no further line; so far {self.lines}, {self.errors}") from None

    def interrupt(self) -> None:
        """Ctrl-C."""
        self._process.send_signal(2)

    def end(self, timeout: float = 120.0) -> int:
        """Wait for the end; the exit code."""
        code = self._process.wait(timeout)
        for reader in self._readers:
            reader.join(5)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe:
                pipe.close()
        return code

    def objects(self) -> list[dict]:
        return [json.loads(line) for line in self.lines]

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))
            self._arrived.put(self.lines[-1])

    def _read_errors(self) -> None:
        assert self._process.stderr
        self.errors = self._process.stderr.read()
