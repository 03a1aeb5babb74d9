"""Recorded series: columns of a CSV file become the compact file that a simulated part reads record by record."""

from __future__ import annotations

import contextlib
import csv
import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .parts.series import MISSING, SCALE

FOLDER = Path(__file__).parent / "series"
_LARGEST = 0x7FFFFFFF


def locate(file: str, beside: Path | None) -> Path | None:
    """The file beside the scenario, or the one of that name that comes with Lamplighter."""
    for folder in ([beside] if beside else []) + [FOLDER]:
        with contextlib.suppress(OSError, ValueError):  # of a name that no file can have
            if (folder / file).is_file():
                return folder / file
    return None


def faults(path: Path, columns: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, list[str]]]:
    """(quantity, cause, names to choose from) of each column that cannot be played."""
    try:
        yield from _faults(path, columns)
    except (OSError, UnicodeDecodeError, csv.Error):
        yield "", f"{path.name} is not a CSV file in UTF-8", []


def _faults(path: Path, columns: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, list[str]]]:
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        names = next(reader, [])
        wanted = {}
        for quantity, column in columns.items():
            if column["column"] in names:
                wanted[quantity] = column
            else:
                yield quantity, f"{path.name} has no column {column['column']}", names
        number = 1
        for number, row in enumerate(_rows(names, reader), 2):
            for quantity, column in list(wanted.items()):
                try:
                    _value(row.get(column["column"]), column)
                except ValueError:
                    yield quantity, f"line {number} of {path.name} has {row[column['column']]!r}, not a number", []
                    del wanted[quantity]
        if number < 2:
            yield "", f"{path.name} has no rows", []


def compact(path: Path, columns: dict[str, dict[str, Any]], target: Path) -> None:
    """Write one record a row: a 32-bit integer of thousandths for each quantity, in the order of `columns`."""
    record = struct.Struct(f"<{len(columns)}i")
    with path.open(newline="", encoding="utf-8") as source, target.open("wb") as file:
        reader = csv.reader(source)
        for row in _rows(next(reader), reader):
            file.write(record.pack(*(_value(row.get(column["column"]), column) for column in columns.values())))


def _rows(names: list[str], reader: Iterator[list[str]]) -> Iterator[dict[str, str]]:
    """Rows by column. An empty line among them is a row of missing values: what comes after it keeps its time."""
    empty = 0
    for cells in reader:
        if not cells:
            empty += 1
            continue
        yield from ({} for _ in range(empty))
        empty = 0
        yield dict(zip(names, cells, strict=False))


def _value(text: str | None, column: dict[str, Any]) -> int:
    if not text:
        return MISSING
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    value = round((number * column.get("scale", 1) + column.get("add", 0)) * SCALE)
    if abs(value) > _LARGEST:
        raise ValueError(text)
    return value
