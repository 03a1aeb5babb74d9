"""Charts as SVG, drawn by Matplotlib: one for wide pages and print, one for a phone."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ..store.extra import needed

WIDE, NARROW = 8.6, 3.7  # inches
INK, QUIET, LINE = "#14181d", "#5b6470", "#d5d9de"
BLUE, AMBER, GREY, RED, PALE = "#1f5f99", "#d98e04", "#b4bac2", "#b42318", "#9cc3e6"
_STYLE = {
    "svg.fonttype": "none", "font.family": "sans-serif", "font.sans-serif": ["Helvetica Neue", "Arial", "DejaVu Sans"],
    "font.size": 8.5, "axes.edgecolor": LINE, "axes.labelcolor": QUIET, "text.color": INK, "xtick.color": QUIET,
    "ytick.color": QUIET, "axes.spines.top": False, "axes.spines.right": False, "axes.spines.left": False,
    "axes.grid": True, "axes.grid.axis": "y", "grid.color": LINE, "grid.linewidth": 0.6, "axes.axisbelow": True,
    "xtick.major.size": 0, "ytick.major.size": 0, "legend.frameon": False, "figure.constrained_layout.use": True,
}  # fmt: skip


@dataclass
class Chart:
    """draw -- puts its marks on Matplotlib's axes; it gets (axes, narrow)."""

    name: str
    title: str
    draw: Callable[[Any, bool], None]
    method: str = ""
    height: float = 2.5
    _drawn: dict[bool, str] = field(default_factory=dict)

    def svg(self, narrow: bool = False) -> str:
        if narrow not in self._drawn:
            self._drawn[narrow] = _svg(self, narrow)
        return self._drawn[narrow]


def _svg(chart: Chart, narrow: bool) -> str:
    matplotlib = needed("matplotlib", "report")
    from matplotlib.figure import Figure

    shape = "narrow" if narrow else "wide"
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": f"{chart.name} {shape}"}):
        figure = Figure(figsize=(NARROW if narrow else WIDE, chart.height))
        axes = figure.add_subplot()
        chart.draw(axes, narrow)
        if len(axes.get_legend_handles_labels()[1]) > 1:
            columns = 2 if narrow else 4
            figure.legend(loc="outside upper left", ncols=columns, fontsize=8, handlelength=1, columnspacing=1.2)
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = drawn.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, count=1, flags=re.DOTALL)
    text = re.sub(r"\s*<!--.*?-->", "", text, flags=re.DOTALL)
    # two charts on one page may not share ids
    prefix = f"{chart.name}-{shape}-"
    text = re.sub(r'\bid="', f'id="{prefix}', text)
    text = re.sub(r'(href="|url\()#', rf"\1#{prefix}", text)
    return re.sub(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', r'<svg xmlns="http://www.w3.org/2000/svg" '
                  r'xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="\1" role="img">', text, count=1)  # fmt: skip


def day_bars(
    name: str, title: str, unit: str, days: Sequence[date], parts: Sequence[tuple[str, str, Sequence[float]]],
    method: str = "", line: tuple[str, str, Sequence[float | None]] | None = None,
) -> Chart:  # fmt: skip
    """Stacked bars, one a day. parts -- (label, colour, values); line -- the same, drawn as a line across the bars."""

    def draw(axes: Any, narrow: bool) -> None:
        base = [0.0] * len(days)
        for label, colour, values in parts:
            axes.bar(range(len(days)), values, 0.78, bottom=base, color=colour, label=label)
            base = [low + value for low, value in zip(base, values, strict=True)]
        if line:
            heights = [float("nan") if one is None else one for one in line[2]]
            axes.plot(range(len(days)), heights, color=line[1], label=line[0], marker="o", markersize=3, linewidth=1.4)
        _days_below(axes, days, narrow)
        axes.set_ylabel(unit)

    return Chart(name, title, draw, method)


def hour_profile(name: str, title: str, unit: str, lines: list[tuple[str, str, Sequence[float | None]]],
                 method: str = "", top: float | None = None) -> Chart:  # fmt: skip
    """Lines over the 24 hours of a day."""

    def draw(axes: Any, narrow: bool) -> None:
        for label, colour, values in lines:
            heights = [float("nan") if one is None else one for one in values]
            axes.plot(range(24), heights, color=colour, label=label, linewidth=1.8, marker="o", markersize=2.5)
        shown = range(0, 24, 6 if narrow else 3)
        axes.set_xticks(shown, [f"{hour:02}:00" for hour in shown])
        axes.set_xlim(-0.8, 23.5)
        axes.set_ylim(0, top)
        axes.set_ylabel(unit)

    return Chart(name, title, draw, method)


def heat(name: str, title: str, unit: str, days: Sequence[date], rows: list[list[float | None]],
         method: str = "") -> Chart:  # fmt: skip
    """A day a column, an hour of the day a row from the top; white where nothing is known. rows -- [hour][day]."""

    def draw(axes: Any, narrow: bool) -> None:
        numpy = needed("numpy", "report")
        values = numpy.array([[float("nan") if one is None else one for one in row] for row in rows], dtype=float)
        shown = axes.pcolormesh(values, cmap="YlGnBu", vmin=0, edgecolors="white", linewidth=0.3)
        axes.grid(False)
        axes.invert_yaxis()
        axes.set_yticks([0.5, 6.5, 12.5, 18.5], ["00:00", "06:00", "12:00", "18:00"])
        _days_below(axes, days, narrow, 0.5)
        axes.figure.colorbar(shown, ax=axes, label=unit, pad=0.02, aspect=12).outline.set_visible(False)

    return Chart(name, title, draw, method, 2.7)


def row_bars(name: str, title: str, unit: str, labels: Sequence[str], parts: Sequence[tuple[str, str, Sequence[float]]],
             method: str = "") -> Chart:  # fmt: skip
    """Stacked bars that lie, one a label, from top to bottom."""

    def draw(axes: Any, narrow: bool) -> None:
        left = [0.0] * len(labels)
        for label, colour, values in parts:
            axes.barh(range(len(labels)), values, 0.7, left=left, color=colour, label=label)
            left = [low + value for low, value in zip(left, values, strict=True)]
        axes.set_yticks(range(len(labels)), labels)
        axes.invert_yaxis()
        axes.grid(True, axis="x")
        axes.grid(False, axis="y")
        axes.set_xlabel(unit)

    return Chart(name, title, draw, method, 0.9 + 0.2 * len(labels))


def _days_below(axes: Any, days: Sequence[date], narrow: bool, middle: float = 0.0) -> None:
    most = 5 if narrow else 11
    step = max(1, -(-len(days) // most))
    places = range(0, len(days), step)
    axes.set_xticks([place + middle for place in places], [f"{days[place].day} {days[place]:%b}" for place in places])
