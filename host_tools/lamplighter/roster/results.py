"""Writes the results of each lamppost to NAME.results.csv beside the roster, one row per asset."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from ..documents import atomic_file, csv_source, text_file
from ..problems import RosterInvalid
from .columns import colons
from .roster_file import Roster, Row

COLUMNS = (
    "asset", "state", "when", "mac", "node", "board", "firmware", "build", "config", "certificate", "checks", "broker",
    "register_mwh", "engineer", "record", "fingerprint", "before_mac", "problem",
)  # fmt: skip
DONE, POSTPONED, FAILED = "commissioned", "broker postponed", "failed"
_FREE = "Close the program that has it open, and run the same command again."


class Results:
    """Results(roster path).of(asset), .note(asset, **columns); several commissionings may write at once."""

    def __init__(self, roster: Path) -> None:
        self.path = roster.with_name(f"{roster.stem}.results.csv")

    def all(self) -> dict[str, dict[str, str]]:
        """asset -> its columns. Raises RosterInvalid."""
        if not self.path.exists():
            return {}
        table = csv_source.parse(text_file.read(self.path, RosterInvalid, _FREE))
        names = table.rows[0][1] if table.rows else []
        if table.errors:
            line, cause, remedy = table.errors[0]
            raise RosterInvalid(f"{self.path}:{line}: {cause}.", f"{remedy[0].upper()}{remedy[1:]}.")
        if "asset" not in names:
            raise RosterInvalid(f"{self.path} has no column asset.", "Move it: it is not a results file.")
        rows = [dict(zip(names, [*cells, *[""] * len(names)], strict=False)) for _, cells in table.rows[1:]]
        return {row["asset"]: {name: cell for name, cell in row.items() if name} for row in rows}

    def of(self, asset: str) -> dict[str, str]:
        return self.all().get(asset, {})

    def note(self, asset: str, **columns: str) -> None:
        """Set these columns of an asset; its others stay."""
        with atomic_file.locked(self.path.with_name(f".{self.path.name}.lock"), _FREE, RosterInvalid):
            rows = self.all()
            # a cell is one line: a sentence of an error may have more
            told = {name: " ".join(value.split()) for name, value in columns.items()}
            rows[asset] = {**rows.get(asset, {}), "asset": asset, **told}
            extra = sorted({key for row in rows.values() for key in row} - set(COLUMNS))
            text = io.StringIO(newline="")
            writer = csv.DictWriter(text, [*COLUMNS, *extra], restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows.values())
            atomic_file.write(self.path, text.getvalue().encode(), _FREE, 0o644, RosterInvalid)

    def of_mac(self, mac: str) -> str:
        """The asset that a node was installed as; empty when it was none of these."""
        wanted = colons(mac)
        return next((asset for asset, row in self.all().items() if mac and colons(row.get("mac", "")) == wanted), "")

    def unfinished(self, roster: Roster) -> list[Row]:
        """Rows that nobody has finished at the pole, in the roster's order."""
        rows = self.all()
        return [row for row in roster.rows if rows.get(row.asset, {}).get("state") not in (DONE, POSTPONED)]
