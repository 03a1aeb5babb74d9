"""docs/integrate/store-dictionary.md: every view and column of the store's database, from the contract."""

from __future__ import annotations

from lamplighter.store.views import HEAD as ENVELOPE
from lamplighter.store.views import View, views

from .table import table

HEAD = """# The columns of the store's database

`lamplighter store` makes these views from the contract; [store.md](store.md) shows how to query them. The same words
stand in the database as comments: `SELECT column_name, data_type, comment FROM duckdb_columns()`, or `\\d+ energy` in
psql, or `DESCRIBE TABLE energy` in ClickHouse. The types are DuckDB's; in PostgreSQL DOUBLE is DOUBLE PRECISION and
JSON is JSONB; in ClickHouse BIGINT is Int64, DOUBLE is Float64, VARCHAR and JSON are String.

Units are in the names as the contract has them: `_mv` mV, `_ma` mA, `_mw` mW, `_mwh` mWh, `_mhz` mHz, `_mm` mm, `_s` s,
`_ut` µT. A missing value is `NULL`, and `q` has the letter that says why.

"""


def content() -> str:
    shared = table(("column", "type", "what"), (
        (f"`{column.name}`", column.type, column.comment) for column in views()[0].columns if column.name in ENVELOPE
    ))  # fmt: skip
    return f"{HEAD}## In every view of records\n\n{shared}" + "".join(_section(view) for view in views())


def _section(view: View) -> str:
    rows = [
        (f"`{column.name}`", column.type, column.comment)
        for column in view.columns
        if column.name not in ENVELOPE or view.name in ("node", "seen")
    ]
    return f"\n## {view.name}\n\n{view.comment}.\n\n{table(('column', 'type', 'what'), rows)}"
