"""A recorded trace: a CSV file with a column t_s, checked whole before anything is made of it."""

from __future__ import annotations

import csv
import difflib
import math
import statistics
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..problems import TraceInvalid

MISSING = -(1 << 31)  # stands for an empty cell
_SHOWN = 12  # errors of cells that are named one by one
_GAP_S = 30.0


@dataclass(frozen=True)
class Column:
    """A column that is understood: how many of its units make one of the file's, and what is plausible there."""

    name: str
    scale: int = 1
    low: float = -1e6
    high: float = 1e6
    unit: str = ""


@dataclass
class Trace:
    """rows -- t in ms since the first row, then each of `columns` scaled to an integer or MISSING, row after row"""

    name: str
    start_s: float
    columns: list[str]
    rows: array[int]
    gaps: list[tuple[float, float]] = field(default_factory=list)  # (from, to) in the file's seconds
    notes: list[str] = field(default_factory=list)

    @property
    def width(self) -> int:
        return len(self.columns) + 1

    @property
    def end_s(self) -> float:
        return self.start_s + self.rows[len(self.rows) - self.width] / 1000


class _Errors:
    def __init__(self, name: str):
        self.name = name
        self.lines: list[str] = []
        self.more = 0

    def add(self, cause: str, line: int | None = None) -> None:
        if len(self.lines) < _SHOWN:
            stop = "" if cause.endswith("?") else "."
            self.lines.append(f"{self.name}{f':{line}' if line else ''}: {cause}{stop}")
        else:
            self.more += 1

    def done(self) -> None:
        if self.lines:
            count = len(self.lines) + self.more
            if self.more:
                self.lines.append(f"{self.name}: and {self.more} more of this kind.")
            raise TraceInvalid(f"{self.name} has {'1 error' if count == 1 else f'{count} errors'}.", details=self.lines)


def read(path: Path, known: Sequence[Column], groups: Sequence[tuple[str, ...]]) -> Trace:
    """Read and check. `groups`: of these at least one must be there, and each of them whole.

    Raises TraceInvalid with every error at once.
    """
    table = _table(path)
    name = str(path)
    errors = _Errors(name)
    if not table:
        errors.add("the file is empty; the first line names the columns, beginning with t_s")
        errors.done()
    heads = [head.strip() for head in table[0]]
    notes = _check_heads(heads, known, groups, errors)
    if len(table) == 1:
        errors.add("there are no rows after the heading")
    errors.done()
    columns = [column for column in known if column.name in heads]
    places = [heads.index(column.name) for column in columns]
    trace = Trace(name, 0.0, [column.name for column in columns], array("q"), notes=notes)
    times = _fill(trace, table, heads.index("t_s"), columns, places, errors)
    errors.done()
    _find_gaps(trace, times)
    return trace


def states(path: Path, allowed: Sequence[str]) -> list[tuple[float, str]]:
    """The file with columns t_s and state that --truth names. Raises TraceInvalid."""
    table = _table(path)
    errors = _Errors(str(path))
    heads = [head.strip() for head in table[0]] if table else []
    for head in ("t_s", "state"):
        if head not in heads:
            errors.add(f"there is no column {head}; the columns of a truth file are t_s,state")
    if not errors.lines and len(table) == 1:
        errors.add("there are no rows after the heading")
    errors.done()
    rows: list[tuple[float, str]] = []
    for line, cells in enumerate(table[1:], 2):
        if not cells:
            continue
        if len(cells) < len(heads):
            errors.add(f"{len(cells)} cells where the heading has {len(heads)}", line)
            continue
        t_s, state = _number(cells[heads.index("t_s")]), cells[heads.index("state")].strip()
        if t_s is None:
            errors.add(f"t_s is {cells[heads.index('t_s')].strip()!r}, which is no number", line)
        elif rows and t_s < rows[-1][0]:
            errors.add(f"the time goes back from {rows[-1][0]:g} to {t_s:g} s; sort the rows by t_s", line)
        if state not in allowed:
            errors.add(f"state is {state!r}; it must be one of {', '.join(allowed)}", line)
        rows.append((t_s or 0.0, state))
    errors.done()
    return rows


def _table(path: Path) -> list[list[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
    except FileNotFoundError:
        raise TraceInvalid(f"There is no file {path}.") from None
    except (UnicodeDecodeError, csv.Error):
        raise TraceInvalid(f"{path} is not a CSV file in UTF-8.") from None
    except OSError as error:
        raise TraceInvalid(f"{path} cannot be read: {error.strerror}.") from None
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _check_heads(
    heads: list[str], known: Sequence[Column], groups: Sequence[tuple[str, ...]], errors: _Errors
) -> list[str]:
    """Errors of the heading; returns notes about columns that are passed over."""
    names = ["t_s", *(column.name for column in known)]
    strange = [head for head in heads if head not in names]
    if "t_s" not in heads:
        errors.add(f"there is no column t_s (the time in seconds){_meant('t_s', strange)}", 1)
    for head in dict.fromkeys(heads):
        if heads.count(head) > 1:
            errors.add(f"the column {head} is there twice; keep one", 1)
    judged = False
    for group in groups:
        there = [name for name in group if name in heads]
        judged = judged or bool(there)
        if there and len(there) < len(group):
            absent = [name for name in group if name not in heads]
            errors.add(f"{' and '.join(there)} cannot be used without {' and '.join(absent)}", 1)
    if not judged:
        wanted = [name for group in groups for name in group]
        meant = "".join(_meant(name, strange) for name in wanted)
        errors.add(f"there is no column to judge by; at least one of {', '.join(wanted)} is needed{meant}", 1)
    return [f"{errors.name}: the column {head or 'without a name'} is not used{_near(head, names)}" for head in strange]


def _meant(name: str, strange: list[str]) -> str:
    near = difflib.get_close_matches(name, strange, 1, 0.6)
    return f"; is {near[0]} meant to be {name}?" if near else ""


def _near(head: str, names: list[str]) -> str:
    near = difflib.get_close_matches(head, names, 1, 0.7)
    return f"; did you mean {near[0]}?" if near else ""


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _fill(
    trace: Trace, table: list[list[str]], at_time: int, columns: list[Column], places: list[int], errors: _Errors
) -> list[float]:
    width = len(table[0])
    times: list[float] = []
    rows = trace.rows
    for line, cells in enumerate(table[1:], 2):
        if not cells:
            continue  # a blank line
        if len(cells) != width:
            errors.add(f"{len(cells)} cells where the heading has {width}", line)
            continue
        t_s = _number(cells[at_time])
        if t_s is None:
            errors.add(f"t_s is {cells[at_time].strip()!r}, which is no number", line)
            continue
        if times and t_s < times[-1]:
            errors.add(f"the time goes back from {times[-1]:.15g} to {t_s:.15g} s; sort the rows by t_s", line)
            continue
        times.append(t_s)
        rows.append(round(1000 * (t_s - times[0])))
        for column, place in zip(columns, places, strict=True):
            cell = cells[place]
            try:
                rows.append(round(column.scale * float(cell)))
                continue
            except (ValueError, OverflowError):
                rows.append(MISSING)
            if cell.strip():
                errors.add(f"{column.name} is {cell.strip()!r}, which is no number; leave it empty if missing", line)
    if times:
        trace.start_s = times[0]
    for place, column in enumerate(columns, 1):
        values = sorted(value for value in rows[place :: len(columns) + 1] if value != MISSING)
        if not values:
            trace.notes.append(f"{trace.name}: the column {column.name} holds no reading")
        elif not column.low <= values[len(values) // 2] / column.scale <= column.high:
            middle = values[len(values) // 2] / column.scale
            trace.notes.append(f"{trace.name}: half of {column.name} is beyond {middle:g}; is that {column.unit}?")
    return times


def _find_gaps(trace: Trace, times: list[float]) -> None:
    steps = [late - early for early, late in zip(times, times[1:], strict=False)]
    if not steps:
        return
    longest = max(_GAP_S, 20 * statistics.median(steps))
    trace.gaps = [(times[i], times[i + 1]) for i, step in enumerate(steps) if step > longest]
    for early, late in trace.gaps[:3]:
        trace.notes.append(f"{trace.name}: a gap of {late - early:.0f} s after t_s {early:.15g}")
    if len(trace.gaps) > 3:
        trace.notes.append(f"{trace.name}: and {len(trace.gaps) - 3} more gaps")
