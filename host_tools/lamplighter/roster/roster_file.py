"""A street's list of lampposts as CSV: read whole, every error of every row at once, each row a configuration."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..documents import csv_source, text_file
from ..problems import AssetUnknown, RosterInvalid
from . import columns


@dataclass(frozen=True)
class Mistake:
    """One error: where, what, and what to do about it."""

    line: int
    column: str
    cause: str
    remedy: str = ""

    def told(self, name: str) -> str:
        end = f"; {self.remedy}" if self.remedy else ""
        return f"{name}:{self.line}: {self.column}: {self.cause}{end}."


@dataclass
class Row:
    """One lamppost. cells -- as they stand in the file, by column."""

    line: int
    cells: dict[str, str]
    base: dict[str, Any] = field(default_factory=dict)

    @property
    def asset(self) -> str:
        return self.cells["asset"]

    @property
    def board(self) -> str:
        return self.cells["board"]

    @property
    def name(self) -> str:
        """SITE/NODE: its place in the topics, and the name of its certificate."""
        return f"{self.cells['site']}/{self.cells['node']}"

    @property
    def place(self) -> str:
        """Its location in words; empty if the roster has none."""
        lat, lon = self.cells.get("lat"), self.cells.get("lon")
        return f"{lat}, {lon}" if lat and lon else ""

    @property
    def secured(self) -> bool:
        """True if it gets a certificate of its own."""
        return columns.secured(self.cells)

    def document(self) -> dict[str, Any]:
        """Its configuration; secrets from the environment stand as {"$env": NAME}."""
        return columns.document(self.cells, self.base)


@dataclass
class Roster:
    """A file's rows in their order, all that is wrong with them, and what is allowed and seldom meant."""

    path: Path
    rows: list[Row] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    remarks: list[Mistake] = field(default_factory=list)

    def row(self, asset: str) -> Row | None:
        return next((row for row in self.rows if row.asset.casefold() == asset.casefold()), None)

    def known(self, asset: str) -> Row:
        """The row of an asset. Raises AssetUnknown, with what is spelt like it."""
        row = self.row(asset)
        if row is None:
            near = self.near(asset)
            raise AssetUnknown(f"{self.path} has no lamppost {asset}.{f' Did you mean {near}?' if near else ''}")
        return row

    def near(self, asset: str) -> str:
        """Like this asset, for who has mistyped it."""
        return next(iter(difflib.get_close_matches(asset, [row.asset for row in self.rows], 1, 0.6)), "")


def read(path: Path, base: dict[str, Any] | None = None) -> Roster:
    """A roster without an error. base -- what all its configurations have in common. Raises RosterInvalid."""
    roster = examine(path, base)
    if roster.mistakes:
        count = len(roster.mistakes)
        raise RosterInvalid(
            f"{path} has {count} error{'s' if count > 1 else ''}.",
            details=[mistake.told(str(path)) for mistake in roster.mistakes],
        )
    return roster


def examine(path: Path, base: dict[str, Any] | None = None) -> Roster:
    """Every row and every mistake. Raises RosterInvalid only for a file that cannot be read."""
    roster = Roster(path)
    table = csv_source.parse(text_file.read(path, RosterInvalid, "Check its name and permissions."))
    if not table.rows and not table.errors:
        raise RosterInvalid(f"{path} is empty.", "docs/field/roster.md has an example.")
    roster.mistakes += [Mistake(line, "row", cause, remedy) for line, cause, remedy in table.errors]
    if not table.rows or (table.errors and table.errors[0][0] < table.rows[0][0]):
        return roster  # without its header no other line means anything
    first, names = table.rows[0]
    header, rest = [name.strip().lower() for name in names], table.rows[1:]
    wrong_columns = columns.header(header)
    roster.mistakes += [Mistake(first, *wrong) for wrong in wrong_columns]
    known = {column for column, *_ in wrong_columns}
    # a key that the configuration does not have is named once, and means nothing in a row
    left_out = {name for name in known if "." in name}
    for line, values in rest:
        if len(values) > len(header) and any(value.strip() for value in values[len(header) :]):
            cause = f"there are {len(values)} cells in a table of {len(header)} columns"
            roster.mistakes.append(Mistake(line, "row", cause, "put text that contains the separator into quotes"))
            continue
        cells = dict.fromkeys(header, "") | dict(zip(header, values, strict=False))
        roster.remarks += _blanks(line, cells)
        row = Row(line, {name: cell.strip() for name, cell in cells.items() if name not in left_out}, base or {})
        roster.rows.append(row)
        # what the header has said already is not said again for each row
        found = columns.check(row.cells, row.base)
        roster.mistakes += [Mistake(line, *wrong) for wrong in found if wrong[0] not in known]
        # a mistake of the common configuration is one, and not one of each lamppost
        known |= {column for column, *_ in found if column not in header}
    if not rest and not table.errors:
        roster.mistakes.append(Mistake(first, "file", "it lists no lampposts", "add a row for each lamppost"))
    roster.mistakes += _twice(roster.rows)
    roster.mistakes.sort(key=lambda mistake: mistake.line)
    return roster


def _blanks(line: int, cells: dict[str, str]) -> list[Mistake]:
    return [
        Mistake(line, name, "begins or ends with a blank, which is ignored")
        for name, cell in cells.items()
        if name in columns.BLANKS_COUNT and cell != cell.strip()
    ]


def _twice(rows: list[Row]) -> list[Mistake]:
    found = []
    for column, key, what in (
        ("asset", lambda row: row.cells.get("asset", "").casefold(), "asset id"),
        ("node", lambda row: "/".join(row.cells.get(name, "") for name in ("site", "node")), "node"),
        ("mac", lambda row: columns.mac(row.cells.get("mac", "")) or "", "MAC"),
    ):
        seen: dict[str, Row] = {}
        for row in rows:
            value = key(row)
            if not value.strip("/"):
                continue
            first = seen.setdefault(value, row)
            if first is not row:
                cause = f"line {first.line} has the {what} {value if column != 'asset' else row.asset} already"
                found.append(Mistake(row.line, column, cause, "give each lamppost its own"))
    return found
