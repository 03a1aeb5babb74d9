"""A table that leaves out whole columns where the screen is narrow: names and values are never cut."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table


def fitting_table(
    columns: Sequence[str], rows: Sequence[Mapping[str, RenderableType]], width: int,
    drop_first: Sequence[str] = (), right: Collection[str] = (), last: RenderableType | None = None,
) -> Table:  # fmt: skip
    """Columns by their headings; drop_first -- which go first, one by one, until the rest fits in width.

    right -- columns that are aligned to the right; last -- a closing row of one cell
    """
    kept = list(columns)
    for left_out in ("", *drop_first):
        kept = [name for name in kept if name != left_out]
        grid = _grid(kept, rows, right, last, gap=2 if len(kept) == len(columns) else 1)
        if Console(width=1000).measure(grid).maximum <= width:
            break
    return grid


def _grid(
    columns: Sequence[str], rows: Sequence[Mapping[str, RenderableType]], right: Collection[str],
    last: RenderableType | None, gap: int,
) -> Table:  # fmt: skip
    grid = Table(box=box.SIMPLE_HEAD, padding=(0, gap, 0, 0), pad_edge=False, header_style="bold")
    for name in columns:
        grid.add_column(name, justify="right" if name in right else "left", no_wrap=True)
    for row in rows:
        grid.add_row(*(row[name] for name in columns))
    if last is not None:
        grid.add_row(last)
    return grid
