"""A recorded trace: a CSV file with a column of times, checked whole before anything is made of it."""

from __future__ import annotations

import datetime
import difflib
import statistics
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..documents import csv_source, text_file
from ..documents.csv_source import Table
from ..problems import TraceInvalid
from . import refused

MISSING = -(1 << 31)  # stands for an empty cell
_LINES = 5  # lines of refused values that are named
_SHOWN = 12  # errors of cells that are named one by one
_GAP_S = 30.0
_TIMES = ("t_s", "t_ms", "time")  # seconds or ISO 8601, milliseconds, ISO 8601
_NO_TIME = {
    "t_s": "neither a number nor a time like 2026-03-01T12:00:00Z", "t_ms": "no number",
    "time": "no time like 2026-03-01T12:00:00Z; seconds belong in a column t_s",
}  # fmt: skip
_LATEST_S = 1e11  # the year 5138; beyond it are milliseconds
_LONGEST_S = 3660 * 86400
_LARGEST = 1e9


@dataclass(frozen=True)
class Column:
    """A column that is understood.

    scale -- how many of the node's units make one of the file's
    low, high -- where at least half of its values should be, or the unit is another one
    quantity -- of the node, whose limits hold for each value; "" for none
    """

    name: str
    scale: int = 1
    low: float = -1e6
    high: float = 1e6
    unit: str = ""
    quantity: str = ""


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
                self.lines.append(f"{self.name}: and {self.more} more errors of this kind.")
            raise TraceInvalid(f"{self.name} has {'1 error' if count == 1 else f'{count} errors'}.", details=self.lines)


def read(path: Path, known: Sequence[Column], groups: Sequence[tuple[str, ...]]) -> Trace:
    """Read and check. `groups`: of these at least one must be there, and each of them whole.

    Raises TraceInvalid with every error at once.
    """
    name = str(path)
    errors = _Errors(name)
    table = _table(path, errors)
    if not table.rows:
        errors.add("the file is empty; the first line names the columns, beginning with t_s")
        errors.done()
    heads = _heads(table)
    notes = _check_heads(heads, known, groups, errors)
    if len(table.rows) == 1:
        errors.add("there are no rows after the heading")
    errors.done()
    columns = [column for column in known if column.name in heads]
    places = [heads.index(column.name) for column in columns]
    trace = Trace(name, 0.0, [column.name for column in columns], array("q"), notes=notes)
    times = _fill(trace, table, _Clock(heads, table.separator, errors), columns, places, errors)
    errors.done()
    _find_gaps(trace, times)
    return trace


def states(path: Path, allowed: Sequence[str]) -> list[tuple[float, str]]:
    """The file with a column of times and a column state that --truth names. Raises TraceInvalid."""
    errors = _Errors(str(path))
    table = _table(path, errors)
    heads = _heads(table)
    if "state" not in heads or not set(heads) & set(_TIMES):
        lacking = "state" if set(heads) & set(_TIMES) else "t_s"
        errors.add(f"there is no column {lacking}; the columns of a truth file are t_s,state")
    elif len(table.rows) == 1:
        errors.add("there are no rows after the heading")
    errors.done()
    clock, rows = _Clock(heads, table.separator, errors), []
    for line, cells in table.rows[1:]:
        if len(cells) < len(heads):
            errors.add(f"{len(cells)} cells where the heading has {len(heads)}", line)
            continue
        t_s, state = clock.read(cells, line), cells[heads.index("state")].strip()
        if state not in allowed:
            errors.add(f"state is {state!r}; it must be one of {', '.join(allowed)}", line)
        rows.append((t_s or 0.0, state))
    errors.done()
    return rows


def _table(path: Path, errors: _Errors) -> Table:
    table = csv_source.parse(text_file.read(path, TraceInvalid))
    for line, cause, remedy in table.errors:
        errors.add(f"{cause}; {remedy}", line)
    return table


def _heads(table: Table) -> list[str]:
    return [head.strip() for head in table.rows[0][1]] if table.rows else []


class _Clock:
    """The times of a file's rows in seconds, which never go back."""

    def __init__(self, heads: list[str], separator: str, errors: _Errors) -> None:
        self._column = next(name for name in _TIMES if name in heads)
        self._place = heads.index(self._column)
        self._separator, self._errors = separator, errors
        self._last: float | None = None
        self._first: float | None = None
        self.local = False  # some time has no zone

    def read(self, cells: list[str], line: int) -> float | None:
        """The time of a row; None where it is none, which is an error then."""
        cell = cells[self._place].strip()
        wrong, t_s = "", self._seconds(cell)
        if t_s is None:
            wrong = f"{self._column} is {cell!r}, which is {_NO_TIME[self._column]}"
        elif abs(t_s) > _LATEST_S:
            wrong = f"{self._column} is {cell}, which is too large; name the column t_ms if these are milliseconds"
        elif self._last is not None and t_s < self._last:
            wrong = f"the time goes back from {self._last:.15g} to {t_s:.15g} s; sort the rows by {self._column}"
        elif self._first is not None and t_s - self._first > _LONGEST_S:
            wrong = f"{self._column} is {cell}, more than ten years after the first row; cut the file"
        if wrong:
            self._errors.add(wrong, line)
            return None
        self._last = t_s
        self._first = t_s if self._first is None else self._first
        return t_s

    def _seconds(self, cell: str) -> float | None:
        value = None if self._column == "time" else csv_source.number(cell, self._separator)
        if value is not None or self._column == "t_ms":
            return value if value is None or self._column == "t_s" else value / 1000
        try:
            moment = datetime.datetime.fromisoformat(cell)
            if moment.tzinfo is None:
                self.local = True
                moment = moment.replace(tzinfo=datetime.UTC)
            return moment.timestamp()
        except (ValueError, OverflowError):
            return None


def _check_heads(
    heads: list[str], known: Sequence[Column], groups: Sequence[tuple[str, ...]], errors: _Errors
) -> list[str]:
    """Errors of the heading; returns notes about columns that are passed over."""
    time = next((name for name in _TIMES if name in heads), "t_s")
    names = [time, *(column.name for column in known)]
    strange = [head for head in heads if head not in names]
    if time not in heads:
        errors.add(f"there is no column t_s (the time in seconds){_meant('t_s', strange)}", 1)
    for head in dict.fromkeys(heads):
        if heads.count(head) > 1:
            errors.add(f"the column {head} appears twice; keep one", 1)
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
        errors.add(f"no usable column; at least one of {', '.join(wanted)} is needed{meant}", 1)
    return [f"{errors.name}: the column {head or 'without a name'} is not used{_near(head, names)}" for head in strange]


def _meant(name: str, strange: list[str]) -> str:
    near = difflib.get_close_matches(name, strange, 1, 0.6)
    return f"; is {near[0]} meant to be {name}?" if near else ""


def _near(head: str, names: list[str]) -> str:
    near = difflib.get_close_matches(head, names, 1, 0.7)
    return f"; did you mean {near[0]}?" if near else ""


def _fill(
    trace: Trace, table: Table, clock: _Clock, columns: list[Column], places: list[int], errors: _Errors
) -> list[float]:
    width = len(table.rows[0][1])
    times: list[float] = []
    rows = trace.rows
    refuses = {column.name: refused.by(column.quantity, column.scale) for column in columns if column.quantity}
    not_taken: dict[str, list[tuple[int, str]]] = {}
    for line, cells in table.rows[1:]:
        if len(cells) != width:
            errors.add(f"{len(cells)} cells where the heading has {width}", line)
            continue
        t_s = clock.read(cells, line)
        if t_s is None:
            continue
        times.append(t_s)
        rows.append(round(1000 * (t_s - times[0])))
        for column, place in zip(columns, places, strict=True):
            cell = cells[place].strip()
            value = csv_source.number(cell, table.separator) if cell else None
            if value is None or abs(value) > _LARGEST:
                rows.append(MISSING)
                if cell:
                    errors.add(f"{column.name} is {cell!r}, which is not a number; leave it empty if missing", line)
            elif column.name in refuses and refuses[column.name](round(column.scale * value)):
                rows.append(MISSING)
                not_taken.setdefault(column.name, []).append((line, cell))
            else:
                rows.append(round(column.scale * value))
    if times:
        trace.start_s = times[0]
    if clock.local:
        trace.notes.append(f"{trace.name}: times without a zone are taken as UTC")
    for column in columns:
        if column.name in not_taken:
            trace.notes.append(_of_refused(trace.name, column, not_taken[column.name]))
    for place, column in enumerate(columns, 1):
        values = sorted(value for value in rows[place :: len(columns) + 1] if value != MISSING)
        if not values:
            trace.notes.append(f"{trace.name}: the column {column.name} has no reading")
        elif not column.low <= values[len(values) // 2] / column.scale <= column.high:
            middle = values[len(values) // 2] / column.scale
            trace.notes.append(f"{trace.name}: half of {column.name} is above {middle:g}; is the unit {column.unit}?")
    return times


def _of_refused(name: str, column: Column, cells: list[tuple[int, str]]) -> str:
    """The note about cells that no node would have taken."""
    line, cell = cells[0]
    lines = ", ".join(str(line) for line, _ in cells[:_LINES])
    more = f" and {len(cells) - _LINES} more" if len(cells) > _LINES else ""
    where = f"lines {lines}{more}" if len(cells) > 1 else f"line {line}"
    low, high = (None if limit is None else limit / column.scale for limit in refused.limits(column.quantity))
    unit = f" {column.unit}" if column.unit else ""
    return (
        f"{name}:{line}: {column.name} is {cell}, which a node does not accept (it accepts {low:g} to {high:g}{unit}): "
        f"missing, in {where}"
    )


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
