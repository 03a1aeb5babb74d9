"""An example of every message, normal and with missing values, as recorded from a run (`make examples`)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from .topics import Kind, parse_topic

FILE = Path(__file__).with_name("examples.json")


@cache
def files() -> dict[str, dict[str, Any]]:
    """{name: {"name", "summary", "topic", "payload"}}; payload None stands for the empty one that clears an alarm."""
    rows = json.loads(FILE.read_text(encoding="utf-8"))
    return {row["name"]: row for row in rows}


def of(kind: Kind) -> list[dict[str, Any]]:
    return [row for row in files().values() if parse_topic(row["topic"]).kind == kind]
