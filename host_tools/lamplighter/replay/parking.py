"""A recorded trace of a parking bay: the states that a node would have told, and how they compare with the truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import micropython, trace
from .trace import Column, Trace

COLUMNS = (
    Column("range_mm", 1, 100, 50000, "mm", "d_mm"),
    Column("strength", quantity="strength"),
    *(Column(name, 100, -300, 300, "µT", name) for name in ("mag_x_ut", "mag_y_ut", "mag_z_ut")),
    Column("presence", quantity="presence"),
    Column("temp_c", 1, -60, 100, "°C"),
)
GROUPS = (("range_mm",), ("mag_x_ut", "mag_y_ut", "mag_z_ut"), ("presence",))


@dataclass(frozen=True)
class Change:
    """A state as the node tells it, at the moment when it does."""

    t_s: float
    state: str
    confidence: int | None
    evidence: str = ""

    def as_dict(self) -> dict[str, Any]:
        t_s = round(self.t_s, 3)
        return {
            "t_s": int(t_s) if t_s == int(t_s) else t_s,
            "state": self.state, "confidence": self.confidence, "evidence": self.evidence,
        }  # fmt: skip


def read(path: Path) -> Trace:
    """Raises TraceInvalid."""
    return trace.read(path, COLUMNS, GROUPS)


def replay(recorded: Trace, empty_mm: int | None = None, kept: list[Any] | None = None) -> Iterator[Change]:
    """The published changes of the bay. Raises ToolMissing, VirtualFailed."""
    options: dict[str, Any] = {"bay": "1"}
    if empty_mm is not None:
        options["empty_mm"] = empty_mm
    facts = {"options": options, "kept": kept}
    for t_ms, state, confidence, evidence in micropython.run("node_parking.py", recorded, facts):
        yield Change(recorded.start_s + t_ms / 1000, state, confidence, evidence)
