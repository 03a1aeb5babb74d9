"""The inventory: which lamppost is which unit of the central management system, and how it is charged."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ..documents import csv_source, text_file
from ..problems import UnitsInvalid

COLUMNS = {
    "lamppost": (r"[a-z0-9-]{1,32}/[a-z0-9-]{1,32}", "SITE/NODE"),
    "unit": (r"[A-Za-z0-9]{1,12}", "1 to 12 letters and digits"),
    "items": (r"[1-9][0-9]{0,5}", "a number from 1 to 999999"),
    "regime": (r"99[89]", "998 or 999"),
    "charge_code": (r"[0-9]{13}", "13 digits"),
}


@dataclass(frozen=True)
class Unit:
    lamppost: str
    unit: str
    items: int
    regime: str
    charge_code: str


def read(file: Path) -> dict[str, Unit]:
    """{lamppost: Unit}. Raises UnitsInvalid with every error."""
    table = csv_source.parse(text_file.read(file, UnitsInvalid))
    wrong = [f"{file.name}:{line}: {cause}; {remedy}." for line, cause, remedy in table.errors]
    head = [cell.strip() for cell in table.rows[0][1]] if table.rows else []
    absent = [name for name in COLUMNS if name not in head]
    if absent:
        raise UnitsInvalid(f"{file} lacks the columns {', '.join(absent)}.")
    found: dict[str, Unit] = {}
    taken: dict[str, int] = {}
    for line, cells in table.rows[1:]:
        row = dict(zip(head, [cell.strip() for cell in cells], strict=False))
        bad = [name for name, (pattern, _) in COLUMNS.items() if not re.fullmatch(pattern, row.get(name, ""))]
        wrong += [f"{file.name}:{line}: {name}: {row.get(name, '')!r} is not {COLUMNS[name][1]}." for name in bad]
        if bad:
            continue
        for name in ("lamppost", "unit"):
            if row[name] in taken:
                wrong.append(f"{file.name}:{line}: {name}: {row[name]} stands on line {taken[row[name]]} already.")
            taken.setdefault(row[name], line)
        found[row["lamppost"]] = Unit(
            row["lamppost"], row["unit"], int(row["items"]), row["regime"], row["charge_code"]
        )  # fmt: skip
    if wrong:
        raise UnitsInvalid(f"{file} has {len(wrong)} error{'s' if len(wrong) > 1 else ''}.", details=wrong)
    return found
