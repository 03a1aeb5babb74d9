"""What all databases of the store have in common: the columns of their tables, and numbered migrations."""

from __future__ import annotations

import hashlib
from importlib import resources

from ..problems import StoreNewer

RECORD = ("site", "node", "life", "b", "s", "topic", "kind", "parameter", "ts", "tq", "tu", "h", "received",
          "retained", "body")  # fmt: skip
MESSAGE = ("site", "node", "topic", "kind", "parameter", "received", "body")
REJECTED = ("received", "topic", "reason", "payload")


def migrations(engine: str) -> list[str]:
    """Of an engine such as `duckdb`, numbered from 1, without gaps; one that was released is never changed."""
    folder = resources.files(__name__.rpartition(".")[0]) / "migrations" / engine
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    return [file.read_text(encoding="utf-8") for file in files]


def refuse_newer(version: int, known: int, where: str) -> None:
    """Raises StoreNewer."""
    if version > known:
        raise StoreNewer(f"{where} has schema version {version}, but this lamplighter knows up to {known}.")


def digest(statements: list[str]) -> str:
    """Tells whether the views must be made anew."""
    return hashlib.sha256("\n".join(statements).encode()).hexdigest()


def first_line(wrong: Exception) -> str:
    return str(wrong).strip().partition("\n")[0]
