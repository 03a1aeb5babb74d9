"""Which street a lamppost belongs to: its site, or the street that a file names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..documents import csv_source, text_file
from ..problems import ReportInputInvalid
from .store_source import Source

_COLUMNS = ("site", "node", "street")


@dataclass(frozen=True)
class Lamppost:
    """lat, lon -- None where its info has no location, or never came."""

    site: str
    node: str
    street: str
    asset: str | None
    lat: float | None
    lon: float | None
    firmware: str | None
    state: str | None

    @property
    def name(self) -> str:
        return f"{self.site}/{self.node}"


def read(path: Path) -> dict[tuple[str, str], str]:
    """{(site, node): street} of a CSV file with the columns site, node, street. Raises ReportInputInvalid."""
    table = csv_source.parse(text_file.read(path, ReportInputInvalid))
    wrong = [f"{path}:{line}: {cause}; {remedy}." for line, cause, remedy in table.errors]
    head = [cell.strip() for cell in table.rows[0][1]] if table.rows else []
    missing = [name for name in _COLUMNS if name not in head]
    if missing:
        wrong.append(f"{path}:1: there is no column {', '.join(missing)}; the first line names the columns.")
        raise ReportInputInvalid(f"{path} does not name streets.", details=wrong)
    found: dict[tuple[str, str], str] = {}
    places = [head.index(name) for name in _COLUMNS]
    for line, cells in table.rows[1:]:
        values = [cells[place].strip() if place < len(cells) else "" for place in places]
        if not all(values):
            wrong.append(f"{path}:{line}: site, node or street is empty; fill it in.")
        elif (values[0], values[1]) in found:
            wrong.append(f"{path}:{line}: {values[0]}/{values[1]} is there twice; remove one.")
        else:
            found[values[0], values[1]] = values[2]
    if wrong:
        raise ReportInputInvalid(f"{path} has {len(wrong)} fault{'s' if len(wrong) > 1 else ''}.", details=wrong)
    return found


def lampposts(source: Source, streets: dict[tuple[str, str], str]) -> list[Lamppost]:
    """Every lamppost of the store, by street and name."""
    rows = source.rows(
        "SELECT site, node, asset, state, firmware, CAST(CAST(location AS JSON)->>'lat' AS DOUBLE PRECISION) "
        "AS lat, CAST(CAST(location AS JSON)->>'lon' AS DOUBLE PRECISION) AS lon FROM node"
    )
    found = [
        Lamppost(
            row["site"], row["node"], streets.get((row["site"], row["node"])) or row["site"], row["asset"], row["lat"],
            row["lon"], row["firmware"], row["state"],
        )
        for row in rows
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.street, one.site, one.node))
