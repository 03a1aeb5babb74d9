"""Carbon intensity by half-hour from a file: JSON as api.carbonintensity.org.uk answers it, or CSV."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ..documents import csv_source, text_file
from ..problems import ReportInputInvalid

HALF_HOUR = timedelta(minutes=30)
_MOST = 5000  # g/kWh; the dirtiest grid has a quarter of it
_CSV = "from, g_per_kwh"
_FORMATS = "docs/integrate/reports.md shows both formats."


@dataclass(frozen=True)
class Intensity:
    """values -- {half-hour of UTC: (g/kWh, kind)}, kind: actual, forecast or given."""

    values: dict[datetime, tuple[float, str]]
    source: str

    def kinds(self) -> set[str]:
        return {kind for _, kind in self.values.values()}


def read(path: Path) -> Intensity:
    """Raises ReportInputInvalid with all that is wrong. Half-hours that are missing are no fault of the file."""
    text = text_file.read(path, ReportInputInvalid)
    stamp = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    rows, wrong = _json_rows(text, path) if text.lstrip()[:1] in ("{", "[") else _csv_rows(text, path)
    values: dict[datetime, tuple[float, str]] = {}
    for where, begin, value, kind in rows:
        fault = _fault(begin, value)
        if not fault and begin in values and values[begin] != (value, kind):
            fault = f"{begin:%Y-%m-%dT%H:%MZ} is there twice with different values"
        if fault:
            wrong.append(f"{where}: {fault}.")
        elif value is not None:
            values[begin] = (float(value), kind)
    if not wrong and not values:
        wrong.append(f"{path}: there is no value in it.")
    if wrong:
        more = [f"... and {len(wrong) - 20} more"] if len(wrong) > 20 else []
        raise ReportInputInvalid(f"{path} has no usable carbon intensity.", _FORMATS, details=[*wrong[:20], *more])
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return Intensity(values, f"{path.name}, saved {stamp:%Y-%m-%d %H:%M} UTC, SHA-256 {digest}")


def _fault(begin: datetime, value: Any) -> str:
    if begin.minute not in (0, 30) or begin.second or begin.microsecond:
        return f"{begin:%Y-%m-%dT%H:%M:%SZ} is not the begin of a half-hour"
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MOST):
        return f"{value!r} is not an intensity from 0 to {_MOST} g/kWh"
    return ""


def _json_rows(text: str, path: Path) -> tuple[list[tuple[str, datetime, Any, str]], list[str]]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return [], [f"{path}: it is not JSON."]
    found: list[tuple[str, datetime, Any, str]] = []
    wrong: list[str] = []
    for number, row in enumerate(_entries(document), 1):
        where = f"{path}: entry {number}"
        begin = _utc(row.get("from"))
        said = row.get("intensity")
        if begin is None or not isinstance(said, dict):
            wrong.append(f"{where}: it has no `from` in UTC or no `intensity`.")
            continue
        kind = "actual" if said.get("actual") is not None else "forecast"
        found.append((where, begin, said.get(kind), kind))
    return found, wrong


def _entries(document: Any) -> list[dict[str, Any]]:
    """The half-hours of a national or a regional answer."""
    data = document.get("data") if isinstance(document, dict) else document
    if isinstance(data, dict):
        return _entries(data)
    if not isinstance(data, list):
        return []
    rows = [one for one in data if isinstance(one, dict)]
    if len(rows) == 1 and isinstance(rows[0].get("data"), list):
        return _entries(rows[0])
    return rows


def _csv_rows(text: str, path: Path) -> tuple[list[tuple[str, datetime, Any, str]], list[str]]:
    table = csv_source.parse(text)
    wrong = [f"{path}:{line}: {cause}; {remedy}." for line, cause, remedy in table.errors]
    head = [cell.strip() for cell in table.rows[0][1]] if table.rows else []
    if "from" not in head or "g_per_kwh" not in head:
        return [], [*wrong, f"{path}:1: the first line must name the columns {_CSV}."]
    found: list[tuple[str, datetime, Any, str]] = []
    for line, cells in table.rows[1:]:
        row = dict(zip(head, (cell.strip() for cell in cells), strict=False))
        begin = _utc(row.get("from"))
        if begin is None:
            wrong.append(f"{path}:{line}: {row.get('from')!r} is not a time in UTC such as 2026-11-01T00:30Z.")
            continue
        said = row.get("g_per_kwh", "")
        value = csv_source.number(said, table.separator) if said else None
        found.append((f"{path}:{line}", begin, value if value is not None or not said else said, "given"))
    return found, wrong


def _utc(text: Any) -> datetime | None:
    """A time that ends in Z, without zone."""
    if not isinstance(text, str) or not text.endswith("Z"):
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None
