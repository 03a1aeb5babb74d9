"""One verb of the command line, run as an engineer would: its JSON comes back, its Problem is raised here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

from . import problems
from .problems import Problem

_SAID_ANEW = ("error: ", "remedy: ")  # whoever catches the Problem says it


def run(*words: str, say: Callable[[str], None] = lambda line: None, stdin: str = "") -> list[Any]:
    """The JSON values that `lamplighter WORDS --json` prints; say(line) gets its progress. Raises its Problem.

    A verb that fails may have given results before: they are the Problem's `results`.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "lamplighter", *words, "--json"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    ) as process:  # fmt: skip
        assert process.stdin and process.stdout and process.stderr
        out: list[str] = []
        reading = threading.Thread(target=lambda: out.extend(process.stdout or ()), daemon=True)
        reading.start()
        try:
            process.stdin.write(stdin)
            process.stdin.close()
            for line in process.stderr:
                if not line.startswith(_SAID_ANEW):
                    say(line.rstrip())
            code = process.wait()
        except BaseException:
            process.terminate()  # it lets the port go, and leaves the node running
            raise
        reading.join()
    results = [json.loads(line) for line in out if line.strip()]
    if code:
        raise _problem(words[0], code, results)
    return results


def _problem(verb: str, code: int, results: list[Any]) -> Problem:
    told = results.pop() if results and isinstance(results[-1], dict) and "error" in results[-1] else {}
    known = [kind for kind in vars(problems).values() if isinstance(kind, type) and issubclass(kind, Problem)]
    kind = next((kind for kind in known if kind.word == told.get("error")), Problem)
    # its details have been shown on its stderr
    trouble = kind(told.get("cause") or f"`lamplighter {verb}` ended with exit code {code}.", told.get("remedy"))
    trouble.results = results
    return trouble
