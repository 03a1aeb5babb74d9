"""Which database a --to names."""

from __future__ import annotations

from pathlib import Path

from ..problems import StoreUnusable
from .duckdb_file import DuckDBFile
from .target import Target


def target(url: str) -> Target:
    """Raises StoreUnusable for what is no database that the store can write."""
    scheme, _, rest = url.partition("://")
    if rest and scheme in ("postgresql", "postgres"):
        from .postgres import Postgres

        return Postgres(url)
    if rest and scheme in ("clickhouse", "clickhouses"):
        from .clickhouse import ClickHouse

        return ClickHouse(url)
    if rest and scheme != "duckdb":
        raise StoreUnusable(
            f"The store cannot write to {scheme}:// databases.",
            "Name a DuckDB file, --to lamps.duckdb, or postgresql://USER@HOST/DATABASE or clickhouse://USER@HOST/DATABASE.",
        )
    return DuckDBFile(Path(rest or url))
