"""A table as spreadsheets save it: separated by commas, semicolons or tabs, each row in one line of the file.

A quote that is not closed in its own line would take the rows after it into one cell, so a cell never spans lines:
such a row is an error, and the rows after it are read.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field

_LINE_END = re.compile(r"\r\n|\n|\r")
_EXCEL = re.compile(r'"?sep=([,;\t|])"?[,;\t]*\Z', re.IGNORECASE)
_SEPARATORS = ",;\t"
_WRONG = {
    True: ("a quote is not closed on this line", "remove it, or write the whole cell on one line"),
    False: ("this is not CSV: text after a closing quote", 'double a quote inside a cell: ""'),
}


@dataclass
class Table:
    """rows -- (line, cells) of each line that holds something; errors -- (line, cause, remedy) of each that is none."""

    separator: str
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    errors: list[tuple[int, str, str]] = field(default_factory=list)


def parse(text: str) -> Table:
    """Every row of a text. Its first line may be Excel's `sep=;`."""
    lines = [(number, line) for number, line in enumerate(_LINE_END.split(text), 1) if line.strip()]
    named = _EXCEL.match(lines[0][1].strip(" ")) if lines else None
    if named:
        del lines[0]
    separator = named[1] if named else max(_SEPARATORS, key=lines[0][1].count) if lines else ","
    table = Table(separator)
    width, is_open = 0, False
    for number, line in lines:
        try:
            cells = _cells(line, separator)
        except csv.Error as error:
            is_open = "unexpected end" in str(error)
            cause, remedy = _WRONG[is_open]
            table.errors.append((number, cause, remedy))
            continue
        width = width or len(cells)
        if is_open and len(cells) < width:
            continue  # the rest of the cell whose quote is open, and no row
        is_open = False
        if any(cell.strip() for cell in cells):
            table.rows.append((number, cells))
    return table


def number(text: str, separator: str) -> float | None:
    """A cell as a number, with a decimal comma where commas separate no cells; None where it is none."""
    bare = text.strip()
    if separator != "," and bare.count(",") == 1 and "." not in bare:
        bare = bare.replace(",", ".")
    if not bare.isascii() or "_" in bare:
        return None
    try:
        value = float(bare)
    except ValueError:
        return None
    return value if abs(value) <= 1e18 else None  # no quantity is larger; also for nan and inf


def _cells(line: str, separator: str) -> list[str]:
    if '"' not in line:
        return line.split(separator)
    return next(csv.reader([line], delimiter=separator, strict=True), [])
