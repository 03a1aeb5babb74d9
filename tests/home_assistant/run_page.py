"""docs/integrate/home-assistant.md: its automations are tried, and the checks and the log are written into it."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from interop import page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "integrate" / "home-assistant.md"


def automations() -> str:
    """Those that the page tells, as one block of Home Assistant's configuration."""
    blocks = re.findall(r"^```yaml\nautomation:\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    return "automation:\n" + "".join(blocks)


def write(core: str, tests: list[str], history: list[list[dict[str, Any]]], prefix: str) -> None:
    """tests -- their names, in order; history -- of Home Assistant's recorder: a list of states an entity

    prefix -- of the entities' names, which all of them have
    """
    text = [
        f"Home Assistant core {core}, with no warning and no error about a lamppost in its log. Each of these passed:",
        "",
        *(f"- {sentence}" for sentence in dict.fromkeys(_sentence(name) for name in tests)),
        "",
        "What its recorder kept of the real lamppost meanwhile, abridged: of numbers in a row only the first.",
        "",
        "```text",
        *_changes(history, prefix),
        "```",
    ]
    page.write("\n".join(text), PAGE, "home-assistant")


def _sentence(name: str) -> str:
    return re.sub(r"\[.*", "", name).removeprefix("test_").replace("_", " ").replace("home assistant", "Home Assistant")


def _changes(history: list[list[dict[str, Any]]], prefix: str) -> list[str]:
    """A line for what came to the same state together."""
    rows = []
    for states in history:
        for number, same in groupby(states, lambda row: None if _number(row["state"]) else row["state"]):
            first = next(iter(same))
            unit = first["attributes"].get("unit_of_measurement", "") if number is None else ""
            entity = first["entity_id"].partition(".")[2].removeprefix(prefix)
            rows.append((datetime.fromisoformat(first["last_changed"]), f"{first['state']} {unit}".strip(), entity))
    rows.sort()
    start = rows[0][0]
    lines = []
    for (state, _), together in groupby(rows, lambda row: (row[1], round(row[0].timestamp()))):
        changes = list(together)
        seconds = (changes[0][0] - start).total_seconds()
        lines.append(f"{seconds:6.1f} s  {state:12} {', '.join(entity for _, _, entity in changes)}")
    return lines


def _number(state: str) -> bool:
    return re.fullmatch(r"-?[0-9.]+", state) is not None
