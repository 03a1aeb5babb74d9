"""Does postponed broker checks from where the broker can be reached, and signs a new record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..pki.city import City
from ..problems import Problem, RecordTampered
from ..roster.results import DONE, POSTPONED, Results
from ..roster.roster_file import Roster, Row
from . import record_file, sign_off
from .broker_check import BrokerCheck, explained


def postponed(roster: Roster, results: Results) -> list[Row]:
    rows = results.all()
    return [row for row in roster.rows if rows.get(row.asset, {}).get("state") == POSTPONED]


def finish(
    row: Row, results: Results, city: City | None, signer: record_file.Signer, where: tuple[str, int] | None,
    seconds: float, say: Callable[[str], None],
) -> dict[str, Any]:  # fmt: skip
    """See the lamppost at its broker as it works now. Raises what keeps it from being seen."""
    path = Path(results.of(row.asset)["record"])
    envelope = record_file.read(path)
    record = record_file.verify(envelope, signer.ca).record
    if record["asset"] != row.asset:
        raise RecordTampered(f"{path} is not the record of {row.asset}.")
    say(f"{row.asset}: looking for {row.name}")
    with explained(), BrokerCheck.of_row(row, city, where) as check:
        seen = check.wait(record["config"], seconds, at_work=True)
    record |= {"broker": seen, "verdict": DONE, "signer": signer.name}
    written = sign_off.write(record, signer, path.parent)
    results.note(row.asset, **written.pop("columns"))
    return written


def all_of(
    rows: list[Row], one: Callable[[Row], dict[str, Any]], say: Callable[[str], None]
) -> tuple[list[dict[str, Any]], list[Problem]]:
    """One lamppost that cannot be seen does not keep the others from it."""
    done: list[dict[str, Any]] = []
    troubles: list[Problem] = []
    for row in rows:
        try:
            done.append({"asset": row.asset, **one(row)})
        except Problem as trouble:
            say(f"{row.asset}: {trouble.cause}")
            troubles.append(trouble)
    return done, troubles
