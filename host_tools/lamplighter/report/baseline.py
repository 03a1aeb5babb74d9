"""Baselines: what the lampposts would have used, by old lamps or without dimming. Each has a name and a source."""

from __future__ import annotations

import difflib
import functools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..documents import toml_source
from ..problems import ReportInputInvalid

OLD_LAMPS, FULL_POWER = "old-lamps", "full-power"
_LIT_SHARE = 0.1  # of full power, from which a window counts as lit unless lit_from_w says otherwise


@dataclass(frozen=True)
class Baseline:
    """watts -- of one lamp with its gear, or at full power; nodes -- {site/node: watts} of those that differ."""

    name: str
    kind: str
    watts: float
    source: str
    standby_w: float = 0.0
    lit_from_w: float = 0.0
    nodes: dict[str, float] = field(default_factory=dict)

    def of(self, node: str) -> float:
        return self.nodes.get(node, self.watts)

    @property
    def lit_mw(self) -> int:
        return round(1000 * (self.lit_from_w or _LIT_SHARE * self.watts))

    @property
    def column(self) -> str:
        """Its column of the table of hours."""
        return f"lit_{self.name.replace('-', '_')}_s"


@functools.cache
def schema() -> dict[str, Any]:
    return json.loads(Path(__file__).with_name("baseline.schema.json").read_text(encoding="utf-8"))


def read(path: Path, names: tuple[str, ...] = ()) -> list[Baseline]:
    """The baselines of a TOML file, or those with the names. Raises ReportInputInvalid with all that is wrong."""
    document = toml_source.load(path, ReportInputInvalid)
    document.check(schema())
    for name, row in document.data.items():
        if document.sound(name) and row["kind"] == OLD_LAMPS:
            for key in ("standby_w", "lit_from_w"):
                if key in row:
                    document.complain((name, key), "belongs to a baseline of the kind full-power", "remove it")
    document.refuse(ReportInputInvalid)
    unknown = [name for name in names if name not in document.data]
    if unknown:
        near = difflib.get_close_matches(unknown[0], document.data, 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        known = ", ".join(document.data)
        raise ReportInputInvalid(f"{path} has no baseline {unknown[0]}; it has {known}.{hint}")
    return [Baseline(name, **row) for name, row in document.data.items() if not names or name in names]
