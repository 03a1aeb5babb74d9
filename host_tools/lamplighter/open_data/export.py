"""Writes an export: Parquet files, schemas, SHA256SUMS and the catalogue, which comes last."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from ..documents import atomic_file
from ..problems import NothingToReport
from ..report.period import Period
from ..report.store_source import Source
from ..store.views import views
from . import dcat, parquet
from .dcat import Exported, Publisher

CATALOGUE, SUMS = "catalogue.jsonld", "SHA256SUMS"
_REMEDY = "Name another folder with --out."


def write(source: Source, period: Period, folder: Path, publisher: Publisher, now: str) -> list[Exported]:
    """Raises NothingToReport where the period has no record, FileRefused."""
    chosen = [view for view in views(source.dialect) if view.name in parquet.KINDS]
    files: list[Exported] = []
    for view in chosen:
        for day in period.days:
            content, rows = parquet.day(source, view, day, period)
            if not rows:
                continue
            name = f"{view.name}/{day}.parquet"
            atomic_file.write(folder / name, content, _REMEDY)
            digest = hashlib.sha256(content).hexdigest()
            files.append(Exported(name, view.name, str(day), rows, len(content), digest))
    if not files:
        raise NothingToReport(f"{source.name} has no records of {period.words}.")
    titles = {view.name: view.comment for view in chosen}
    kinds = {file.kind for file in files}
    for view in chosen:
        if view.name in kinds:
            schema = {"kind": view.name, "title": view.comment, "columns": parquet.columns(view)}
            _json(folder / f"schema/{view.name}.json", schema)
    sums = "".join(f"{file.sha256}  {file.name}\n" for file in files)
    atomic_file.write(folder / SUMS, sums.encode(), _REMEDY)
    _json(folder / CATALOGUE, dcat.catalogue(files, titles, period, publisher, now))
    return files


def _json(path: Path, document: Any) -> None:
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    atomic_file.write(path, text.encode(), _REMEDY)
