"""Several boards at once: a process each, so that what one board does to its tools no other feels.

`python -m lamplighter.flash.parallel` is such a process: it takes its work from stdin and says one JSON object a line.
"""

from __future__ import annotations

import contextlib
import json
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..problems import Problem
from .job import Work, bring

Progress = Callable[[str, int, str], None]  # (port, bytes done, what)
Say = Callable[[str, str], None]  # (port, words)


@dataclass
class Ended:
    """The outcome for one port: a result, or cause and remedy with their exit code."""

    port: str
    result: dict[str, Any] | None = None
    exit_code: int = 0
    word: str = ""
    cause: str = ""
    remedy: str = ""


def bring_all(names: list[str], work: Work, progress: Progress, say: Say) -> list[Ended]:
    """Bring the same to every port, all at once; the outcomes in the order of the names."""
    workers = [_Worker(name, work, progress, say) for name in names]
    try:
        return [worker.end() for worker in workers]
    finally:
        for worker in workers:
            worker.stop()


class _Worker:
    def __init__(self, port: str, work: Work, progress: Progress, say: Say):
        self._port, self._progress, self._say = port, progress, say
        self._ended = Ended(port, None, 1, "problem", "It ended without a message.", "Run it again on this port alone.")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lamplighter.flash.parallel"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._thread = threading.Thread(target=self._listen, args=(pickle.dumps((port, work)),), daemon=True)
        self._thread.start()

    def _listen(self, job: bytes) -> None:
        assert self._process.stdin and self._process.stdout
        with contextlib.suppress(OSError):  # it died at once: it then says nothing either
            self._process.stdin.write(job)
            self._process.stdin.close()
        for line in self._process.stdout:
            told = json.loads(line)
            if "done" in told:
                self._progress(self._port, told["done"], told["what"])
            elif "say" in told:
                self._say(self._port, told["say"])
            else:
                self._ended = Ended(self._port, **told)

    def end(self) -> Ended:
        self._thread.join()
        self._process.wait()
        return self._ended

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()


def main() -> None:
    def tell(**told: Any) -> None:
        print(json.dumps(told), flush=True)

    port, work = pickle.load(sys.stdin.buffer)
    try:
        result = bring(port, work, lambda done, what: tell(done=done, what=what), lambda text: tell(say=text))
    except Problem as trouble:
        tell(exit_code=trouble.exit_code, word=trouble.word, cause=trouble.cause, remedy=trouble.remedy)
    except KeyboardInterrupt as stop:
        tell(exit_code=130, word="interrupted", cause="Interrupted.", remedy=str(stop) or "Run the same command again.")
    else:
        tell(result=result)


if __name__ == "__main__":
    main()
