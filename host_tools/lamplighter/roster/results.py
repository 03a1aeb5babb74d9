"""What became of each lamppost: NAME.results.csv beside the roster, one row an asset; the roster is never written."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from ..documents import atomic_file
from ..problems import RosterInvalid
from .roster_file import Roster, Row

COLUMNS = (
    "asset", "state", "when", "mac", "node", "board", "firmware", "build", "config", "certificate", "checks", "broker",
    "register_mwh", "engineer", "record", "before_mac", "problem",
)  # fmt: skip
DONE, POSTPONED, FAILED = "commissioned", "broker postponed", "failed"
_FREE = "Close the program that has it open, and run the same command again."


class Results:
    """Results(roster path).of(asset), .note(asset, **columns); several commissionings may write at once."""

    def __init__(self, roster: Path) -> None:
        self.path = roster.with_name(f"{roster.stem}.results.csv")

    def all(self) -> dict[str, dict[str, str]]:
        """asset -> its columns. Raises RosterInvalid."""
        try:
            text = self.path.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError):
            raise RosterInvalid(f"{self.path} cannot be read.", _FREE) from None
        rows = csv.DictReader(io.StringIO(text, newline=""))
        if "asset" not in (rows.fieldnames or ()):
            remedy = "Move it away: it is no file of results, or was saved with other separators."
            raise RosterInvalid(f"{self.path} has no column asset.", remedy)
        return {row["asset"]: {key: value or "" for key, value in row.items() if key} for row in rows}

    def of(self, asset: str) -> dict[str, str]:
        return self.all().get(asset, {})

    def note(self, asset: str, **columns: str) -> None:
        """Set these columns of an asset; its others stay."""
        with atomic_file.alone(self.path.with_name(f".{self.path.name}.lock")):
            rows = self.all()
            rows[asset] = {**rows.get(asset, {}), "asset": asset, **columns}
            extra = sorted({key for row in rows.values() for key in row} - set(COLUMNS))
            text = io.StringIO(newline="")
            writer = csv.DictWriter(text, [*COLUMNS, *extra], restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows.values())
            atomic_file.write(self.path, text.getvalue().encode(), _FREE, 0o644, RosterInvalid)

    def of_mac(self, mac: str) -> str:
        """The asset that a node was installed as; empty when it was none of these."""
        return next((asset for asset, row in self.all().items() if mac and row.get("mac") == mac), "")

    def unfinished(self, roster: Roster) -> list[Row]:
        """Rows that nobody has finished at the pole, in the roster's order."""
        rows = self.all()
        return [row for row in roster.rows if rows.get(row.asset, {}).get("state") not in (DONE, POSTPONED)]
