"""Checks `parking` of a configuration beyond its schema: which parts may observe a bay together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Error = tuple[tuple, str]
SENSES = ("distance", "magnetic field", "presence")


def watching(bay: dict[str, Any]) -> list[tuple[tuple, str]]:
    """(where it is named within the row, part id) of each part of a bay."""
    found: list[tuple[tuple, str]] = [(("part",), bay["part"])] if "part" in bay else []
    return found + [(("parts", index), name) for index, name in enumerate(bay.get("parts", []))]


def errors(
    rows: list[dict[str, Any]],
    senses: dict[str, str],
    measures: Callable[[tuple, str, dict[str, str], str], list[Error]],
) -> list[Error]:
    """senses -- {part id: what it measures}; measures -- says what is wrong with a part that does not measure it"""
    found: list[Error] = []
    seen: dict[str, str] = {}
    for index, bay in enumerate(rows):
        here = ("parking", index)
        parts = watching(bay)
        if len({path[0] for path, _ in parts}) != 1:
            missing = "is missing (the id of a part that observes the bay)"
            cause = "has both part and parts; keep one" if parts else missing
            found.append(((*here, "part"), cause))
        for path, name in parts:
            if senses.get(name) not in SENSES:
                found += measures((*here, *path), name, senses, "distance")
            if seen.get(name, bay["bay"]) != bay["bay"] or name in seen:
                found.append(((*here, *path), f"{name} already observes bay {seen[name]}"))
            seen.setdefault(name, bay["bay"])
        found += _together(here, bay, [senses.get(name, "") for _, name in parts])
    return found


def _together(here: tuple, bay: dict[str, Any], kinds: list[str]) -> list[Error]:
    key = "parts" if "parts" in bay else "part"
    if kinds and all(kind == "presence" for kind in kinds):
        return [((*here, key), "a radar detects people, not vehicles; add a range finder or a magnetometer")]
    found: list[Error] = []
    for kind in ("magnetic field", "presence"):
        if kinds.count(kind) > 1:
            found.append(((*here, key), f"{kinds.count(kind)} parts of this bay measure {kind}; keep one"))
    if "empty_mm" in bay and kinds and "distance" not in kinds and set(kinds) <= set(SENSES):
        found.append(((*here, "empty_mm"), "no part of this bay measures distance; leave it out"))
    return found
