"""Every word that the user reads goes through here: results to stdout, progress and problems to stderr."""

from __future__ import annotations

import json as _json
import sys
from typing import Any

from rich.console import Console

from .problems import Problem

out = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
err = Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


def result(value: Any) -> None:
    """One JSON value to stdout, for --json; a stream of results is one object a line."""
    print(_json.dumps(value, ensure_ascii=False, separators=(", ", ": ")), flush=True)


def problem(trouble: Problem, as_json: bool = False) -> None:
    """Cause, details and remedy of a problem to stderr; with --json an object to stdout as well."""
    for line in trouble.details:
        err.print(line, markup=False)
    err.print(f"[bold red]error:[/] {_plain(trouble.cause)}")
    if trouble.remedy:
        err.print(f"[bold]remedy:[/] {_plain(trouble.remedy)}")
    if as_json:
        result({"error": trouble.word, "cause": trouble.cause, "remedy": trouble.remedy, "details": trouble.details})


def _plain(text: str) -> str:
    return text.replace("[", r"\[")


def note(text: str) -> None:
    """A line about progress, to stderr."""
    err.print(text, markup=False)
