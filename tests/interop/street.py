"""A node under test: the real link in real MicroPython, as a process that the test talks to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

NODE = Path(__file__).with_name("node.py")
MICROPYTHON = Path(sys.executable).parent / "micropython"


class Node:
    """Started with the mqtt section of a configuration; what it says comes as dicts, in order, in `said`."""

    def __init__(self, mqtt: dict, **asked):
        asked["mqtt"] = {"host": "127.0.0.1", **mqtt}
        self.said: list[dict] = []
        self._changed = threading.Condition()
        self._process = subprocess.Popen(
            [MICROPYTHON, "-X", "heapsize=4M", NODE],
            env={**os.environ, "ASKED": json.dumps(asked)},  # MicroPython takes no argument of 256 bytes
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.wait(lambda said: said.get("ready"))

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            with self._changed:
                try:
                    self.said.append(json.loads(line))
                except ValueError:
                    self.said.append({"stray": line})
                self._changed.notify_all()

    def tell(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def wait(self, holds, within: float = 120.0, since: int = 0) -> dict:
        """The first thing said, from number `since` on, for which holds(dict) is true."""
        end = time.monotonic() + within
        with self._changed:
            while True:
                for said in self.said[since:]:
                    if holds(said):
                        return said
                left = end - time.monotonic()
                assert left > 0 and self._process.poll() is None, f"the node said only {self.said[since:][-20:]}"
                self._changed.wait(left)

    def wait_fault(self, word: str, within: float = 120.0, since: int = 0) -> dict:
        return self.wait(lambda said: said.get("fault") == word, within, since)

    def report(self) -> dict:
        since = len(self.said)
        self.tell("report")
        return self.wait(lambda said: "connections" in said, since=since)

    def close(self) -> None:
        """Ends the process and makes sure that nothing but what was meant was said."""
        if self._process.poll() is None:
            self.tell("quit")
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        self._reader.join(5)
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        stray = [said for said in self.said if "stray" in said]
        assert not stray, "".join(said["stray"] for said in stray)

    def kill(self) -> None:
        """As a power cut would."""
        self._process.kill()
        self._process.wait(5)
