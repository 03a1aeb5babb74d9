"""A row of a check: what was measured, and whether it keeps to its limits."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]  # check, what, value, unit, low, high, ok, word: as the node's self-test prints them
Limits = dict[str, tuple[float | None, float | None]]  # "meter.u_mv" -> (low, high), where a bench has its own


def row(
    check: str, what: str, value: float | None, unit: str = "", low: float | None = None, high: float | None = None
) -> Row:
    """Judged by its limits; a value that is missing has failed."""
    return judged({"check": check, "what": what, "value": value, "unit": unit, "low": low, "high": high, "word": ""})


def judged(one: Row, limits: Limits | None = None) -> Row:
    """The row by other limits, where there are some for it. A fault of its own (`silent`, ...) stays."""
    low, high = (limits or {}).get(f"{one['check']}.{one['what']}", (one["low"], one["high"]))
    value = one["value"]
    word = one["word"] if one["word"] != "range" else ""
    if not word and (value is None or (low is not None and value < low) or (high is not None and value > high)):
        word = "range"
    return {**one, "low": low, "high": high, "ok": not word, "word": word}
