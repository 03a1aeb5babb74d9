"""A report as files: HTML, JSON, a CSV for each table, and the charts as SVG."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from ..documents import atomic_file
from .document import Figure, Report, Table
from .page import page

_REMEDY = "Name another folder with --out."
# what a spreadsheet would take for a formula
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def files(report: Report, made: str) -> dict[str, bytes]:
    """{name below the folder: content}."""
    found = {f"{report.kind}.html": page(report, made), f"{report.kind}.json": _json(report, made)}
    found |= {f"{table.name}.csv": _csv(table) for table in report.tables}
    found |= {f"{chart.name}.svg": chart.svg() + "\n" for chart in report.charts}
    return {name: text.encode() for name, text in found.items()}


def write(report: Report, folder: Path, made: str) -> list[Path]:
    """Each file whole or not at all. Raises FileRefused."""
    written = []
    for name, content in files(report, made).items():  # all are made before the first is written
        atomic_file.write(folder / name, content, _REMEDY)
        written.append(folder / name)
    return written


def document(report: Report, made: str) -> dict[str, Any]:
    """The report for machines."""
    period = report.period
    return {
        "report": report.kind,
        "from": period.begin.isoformat() + "Z",
        "to": period.end.isoformat() + "Z",
        "zone": period.zone.key,
        "made": made,
        "sources": report.sources,
        "cautions": report.cautions,
        "figures": {figure.name: _figure(figure) for figure in report.figures},
        "tables": {
            table.name: {
                "method": table.method,
                "columns": {column.name: column.unit for column in table.columns},
                "rows": [{column.name: row.get(column.name) for column in table.columns} for row in table.rows],
            }
            for table in report.tables
        },
    }


def _json(report: Report, made: str) -> str:
    return json.dumps(document(report, made), indent=1, ensure_ascii=False) + "\n"


def _figure(figure: Figure) -> dict[str, Any]:
    value = round(figure.value, 4) if isinstance(figure.value, float) else figure.value
    return {"label": figure.label, "value": value, "unit": figure.unit, "method": figure.method}


def _csv(table: Table) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(column.name for column in table.columns)
    writer.writerows([_cell(row.get(column.name)) for column in table.columns] for row in table.rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
