"""`lamplighter web` as a process: its address, its complaints, its end."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

LAMPLIGHTER = Path(sys.executable).with_name("lamplighter")


class PageProcess:
    """PageProcess("--host", ...) listens when the constructor returns; address is its first line."""

    def __init__(self, *options: str, listen: str = "127.0.0.1:0", env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [LAMPLIGHTER, "web", "--listen", listen, *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env={**os.environ, **(env or {})},
        )  # fmt: skip
        assert self.process.stdout
        self.address = self.process.stdout.readline().strip()
        assert self.address.startswith("http"), self.process.communicate()[1]

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        """(status, body)."""
        request = urllib.request.Request(self.address + path.lstrip("/"), headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read()

    def interrupt(self) -> int:
        """Ctrl-C; the exit code."""
        self.process.send_signal(2)
        return self.process.wait(20)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(20)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()
