"""Updates over the air as a table: each lamppost's phase, bytes, and why it waits or has failed."""

from __future__ import annotations

from collections import Counter

from rich.console import RenderableType
from rich.text import Text

from ..fitting_table import fitting_table
from .updating import AirUpdate

COLUMNS = ("lamppost", "phase", "fetched", "runs", "")
_STYLES = {
    "confirmed": "green", "reverted": "bold red", "rejected": "bold red", "withdrawn": "yellow", "waiting": "yellow",
    "trial": "cyan", "verified": "cyan", "downloading": "cyan",
}  # fmt: skip


def fetched(update: AirUpdate) -> str:
    """"12.0 of 34.5 kB"; empty while nothing has to be fetched."""
    return f"{update.done / 1000:.1f} of {update.total / 1000:.1f} kB" if update.total else ""


def counts(updates: list[AirUpdate]) -> str:
    """"20 lampposts: 12 confirmed, 8 trial"."""
    phases = Counter(update.phase or "not answered" for update in updates)
    told = ", ".join(f"{number} {phase}" for phase, number in phases.most_common())
    return f"{len(updates)} lamppost{'s' if len(updates) > 1 else ''}: {told}"


def table(updates: list[AirUpdate], width: int, rows: int = 1000) -> RenderableType:
    """Those that have not ended come first where there are more than rows."""
    shown = updates if len(updates) <= rows else sorted(updates, key=lambda update: (update.ok, update.ended))[:rows]
    cells = [dict[str, RenderableType](zip(COLUMNS, _row(update), strict=True)) for update in shown]
    last = Text(f"and {len(updates) - rows} more", "dim") if len(updates) > rows else None
    return fitting_table(COLUMNS, cells, width, ("runs", "fetched"), right=("fetched",), last=last)


def why(update: AirUpdate) -> str:
    """The lamppost's own word and sentence; of a silent one what the broker knows."""
    if update.phase:
        return f"{update.word}: {update.sentence}" if update.word else update.sentence
    if not update.state:
        return "The broker has no message from it."
    if update.state == "online":
        return "It is online and has not answered yet."
    return f"It is {update.state}; the broker keeps the update for it."


def _runs(update: AirUpdate) -> str:
    """"ce00484cfb0a on 1.28.0": the build, and the MicroPython below it."""
    return f"{update.runs} on {update.micropython}" if update.runs and update.micropython else update.runs


def _row(update: AirUpdate) -> list[RenderableType]:
    phase = update.phase or "–"
    return [
        Text(update.node, "bold"), Text(phase, _STYLES.get(phase, "dim")), Text(fetched(update)),
        Text(_runs(update), "dim"), Text(why(update)),
    ]  # fmt: skip
