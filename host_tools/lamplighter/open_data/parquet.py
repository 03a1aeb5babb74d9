"""A day of one view as a Parquet file; its schema says unit and meaning of each column."""

from __future__ import annotations

import io
import json
from datetime import date
from typing import Any

from ..contract import UNITS
from ..report.period import Period
from ..report.store_source import Source, within
from ..store.extra import needed
from ..store.views import View

KINDS = ("energy", "parking", "air", "light", "alarm", "event")
_LEFT_OUT = ("received", "retained", "life")  # of the store's own business


def columns(view: View) -> list[dict[str, str]]:
    """[{name, type, unit, description}]"""
    return [
        {"name": column.name, "type": column.type, "unit": UNITS.get(column.name, {}).get("ucum") or "",
         "description": column.comment}
        for column in view.columns if column.name not in _LEFT_OUT
    ]  # fmt: skip


def day(source: Source, view: View, of: date, period: Period) -> tuple[bytes, int]:
    """(the file, its rows); (b"", 0) where the day has none."""
    pyarrow = needed("pyarrow")
    parquet = needed("pyarrow.parquet")
    chosen = columns(view)
    names = ", ".join(f'"{column["name"]}"' for column in chosen)
    span = Period(of, of, period.zone)
    rows = source.rows(
        f'SELECT {names} FROM "{view.name}" WHERE {within("ts", span)} ORDER BY site, node, b, s'
    )
    if not rows:
        return b"", 0
    types = {"BIGINT": pyarrow.int64(), "INTEGER": pyarrow.int32(), "DOUBLE": pyarrow.float64(),
             "BOOLEAN": pyarrow.bool_(), "TIMESTAMP": pyarrow.timestamp("us", tz="UTC")}  # fmt: skip
    fields = [
        pyarrow.field(column["name"], types.get(column["type"], pyarrow.string()),
                      metadata={"unit": column["unit"], "description": column["description"]})
        for column in chosen
    ]  # fmt: skip
    schema = pyarrow.schema(fields, metadata={"title": view.comment, "kind": view.name})
    texts = [column["name"] for column in chosen if column["type"] not in types]
    for row in rows:
        for name in texts:
            row[name] = _text(row[name])
    file = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(rows, schema), file, compression="zstd")
    return file.getvalue(), len(rows)



def _text(value: Any) -> str | None:
    """JSON as text, also where the database gave it as objects."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
