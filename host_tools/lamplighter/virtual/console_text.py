"""Stores the node's serial output."""

from __future__ import annotations

import re
import threading
import time


class ConsoleText:
    """The text so far; `listeners` are called with each new piece of bytes."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._news = threading.Condition()
        self.mark = 0  # where wait_for() looks from

    def take(self, data: bytes) -> None:
        with self._news:
            self._bytes += data
            self._news.notify_all()

    @property
    def text(self) -> str:
        with self._news:
            return self._bytes.decode("utf-8", "replace")

    def forget(self) -> None:
        """From now on wait_for() looks only at what is new."""
        with self._news:
            self.mark = len(self._bytes)

    def wait_for(self, pattern: str, timeout: float = 60.0) -> re.Match[bytes]:
        """Wait until `pattern` (a regular expression) is there; the next search begins behind it.

        Raises TimeoutError with the last lines said.
        """
        wanted = re.compile(pattern.encode())
        end = time.monotonic() + timeout
        with self._news:
            while True:
                found = wanted.search(self._bytes, self.mark)
                if found:
                    self.mark = found.end()
                    return found
                if not self._news.wait(end - time.monotonic()):
                    last = self._bytes[-600:].decode("utf-8", "replace")
                    raise TimeoutError(f"no {pattern!r} within {timeout} s; the node said last:\n{last}")
