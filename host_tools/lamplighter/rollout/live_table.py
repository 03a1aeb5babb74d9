"""A roll-out on the screen: a row for each group, the lampposts under way, and those that failed."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from ..fitting_table import fitting_table
from . import summary
from .engine import Rollout
from .member import DONE, FAILED, UNREACHED

_STYLES = {DONE: "green", FAILED: "bold red", UNREACHED: "yellow"}
_DROPPED_FIRST = ("not reached", "asked", "confirmed", "updating")


def live(rollout: Rollout, width: int, height: int) -> RenderableType:
    columns = ("group", "lampposts", *summary.COLUMNS.values())
    rows = []
    for group, found in summary.by_group(rollout):
        style = "bold" if group == rollout.progress.group else ""
        cells: dict[str, RenderableType] = {"group": Text(str(group), style), "lampposts": Text(str(found.total()))}
        for step, head in summary.COLUMNS.items():
            cells[head] = Text(str(found[step]) if found[step] else "", _STYLES.get(step, ""))
        rows.append(cells)
    parts: list[RenderableType] = [Text(summary.headline(rollout), "bold")]
    if rows:
        parts.append(fitting_table(columns, rows, width, _DROPPED_FIRST, right=columns))
    shown = [one for one in rollout.members if one.step == FAILED] + [one for one in rollout.members if one.under_way]
    room = max(3, height - len(rows) - 8)
    for one in shown[:room]:
        style = _STYLES.get(one.step, "")
        parts.append(Text(f"{one.name}  {summary.told(one)}", style, overflow="ellipsis", no_wrap=True))
    if len(shown) > room:
        parts.append(Text(f"and {len(shown) - room} more", "dim"))
    return Group(*parts)
