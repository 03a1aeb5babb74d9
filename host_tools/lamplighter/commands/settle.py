"""`lamplighter settle`: half-hourly energy of each lamp and the control file of a day, from the switching logs."""

from __future__ import annotations

import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from .. import screen
from ..problems import SettlementBroken
from .store import TO


@click.command("settle")
@TO
@click.option("--units", "inventory", type=click.Path(dir_okay=False, path_type=Path), required=True, metavar="FILE",
              help="CSV file: lamppost, unit, items, regime, charge_code.")  # fmt: skip
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Settlement day, local date.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, metavar="FOLDER",
              help="Folder for the files; versions of a day are counted there.")  # fmt: skip
@click.option("--administrator", required=True, metavar="NAME", help="Seven characters in the control file's name.")
@click.option("--zone", default="Europe/London", show_default=True, help="Time zone of the settlement day.")
@click.option("--json", "as_json", is_flag=True, help="The result as one object.")
def command(
    to: str, inventory: Path, day: datetime.datetime, out: Path, administrator: str, zone: str, as_json: bool
) -> None:
    """Write the half-hourly energy of each lamp, its switchings and the control file of a day.

    Reads the rows of evt/switching that `lamplighter store` keeps in --to, and checks their hash chain: a row that was
    changed stops the settlement. A row that has not arrived yet leaves its half hours empty; run the command again
    later: a day whose figures have changed is issued again with the next version. The body of the British event file
    is open: the switchings are written in a form that loses nothing.

    Example: lamplighter settle --to lamps.duckdb --units units.csv --day 2026-12-21 --out days --administrator ABCDEFG
    """
    from ..settlement import half_hours, issue, switchings, unit_list
    from ..store.reading import read

    if not (len(administrator) == 7 and administrator.isalnum() and administrator.isascii()):
        raise click.UsageError("--administrator must be seven letters or digits.")
    try:
        local = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise click.UsageError(f"There is no time zone {zone!r}; --zone is a name such as Europe/London.") from None
    known = unit_list.read(inventory)
    logs = read(to, lambda rows: switchings.logs(rows(switchings.QUERY)))
    broken = [f"{log.lamppost}: {words}." for log in logs if log.lamppost in known for words in log.broken]
    if broken:
        raise SettlementBroken("The switching log does not hold together; nothing was written.", details=broken)
    lamps = []
    for name, unit in known.items():
        devices = [log for log in logs if log.lamppost == name]
        lamps.append((unit, devices, half_hours.of_day(devices, day.date(), local)))
    done = issue.issue(out, day.date(), administrator, lamps)
    silent = [unit.lamppost for unit, devices, _ in lamps if not devices]
    if as_json:
        screen.result({
            "day": f"{day:%Y-%m-%d}", "version": done.version, "new": done.new, "lamps": len(known),
            "missing": done.missing, "energy_mwh": sum(half.mwh or 0 for _, _, halves in lamps for half in halves),
            "without_rows": silent,
            "files": [str(path) for path in done.files], "open": [issue.OPEN],
        })  # fmt: skip
        return
    what = f"issued as version {done.version:03}" if done.new else f"unchanged since version {done.version:03}"
    screen.text(f"{day:%Y-%m-%d}: {len(known)} lamps, {what}")
    for path in done.files:
        screen.text(f"  {path}")
    if done.missing:
        screen.note(f"{done.missing} half hours are not known yet; run this again when late records have arrived.")
    if silent:
        screen.note(f"No switchings in the store of {', '.join(silent[:5])}{' and more' if len(silent) > 5 else ''}.")
    screen.note(f"Not written: {issue.OPEN}. The layout of its body is open; the switchings file has all its facts.")
