"""The files of a settlement day, with a version: late records change what is known, and the day is issued again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from ..documents import atomic_file
from ..problems import FileRefused
from .half_hours import MISSING, HalfHour
from .switchings import EPOCH, SwitchingLog
from .unit_list import Unit

LAST = 999  # the version has three digits
OPEN = "events<MA><YYYYMMDD>.log"  # body of the event file: BSCP520 4.6.3.3 (b) ff.
_REMEDY = "Name another folder with --out."


@dataclass(frozen=True)
class Issued:
    """version -- of the day; new -- False: nothing has changed since; missing -- half hours without a value"""

    version: int
    new: bool
    missing: int
    files: tuple[Path, ...]


def issue(
    folder: Path, day: date, administrator: str, lamps: Iterable[tuple[Unit, list[SwitchingLog], list[HalfHour]]]
) -> Issued:
    """Write the day, if anything has changed since its last version.

    administrator -- seven letters of the meter administrator, the name of the control file
    """
    rows = sorted(lamps, key=lambda row: row[0].unit)
    stem = f"{day:%Y%m%d}"
    energy, events = _energy(rows), _events(rows)
    missing = sum(half.quality == MISSING for _, _, halves in rows for half in halves)
    control = folder / f"control{administrator}{stem}.log"
    version, before = _last(folder, stem)
    names = (folder / f"halfhours{stem}V{version:03}.csv", folder / f"switchings{stem}V{version:03}.csv")
    if version and before == (energy, events) and control.is_file():
        units = _control(rows, administrator, stem, version)
        if control.read_bytes() == units:
            return Issued(version, False, missing, (*names, control))
    version += 1
    if version > LAST:
        cause = f"{stem} was issued {LAST} times; the version has three digits."
        raise FileRefused(cause, "Start a new folder with --out.")
    names = (folder / f"halfhours{stem}V{version:03}.csv", folder / f"switchings{stem}V{version:03}.csv")
    atomic_file.write(names[1], events, _REMEDY)
    atomic_file.write(control, _control(rows, administrator, stem, version), _REMEDY)
    atomic_file.write(names[0], energy, _REMEDY)  # last: it marks the version as whole
    return Issued(version, True, missing, (*names, control))


def _last(folder: Path, stem: str) -> tuple[int, tuple[bytes, bytes]]:
    """The newest version of a day and its two tables; 0 where there is none."""
    versions = sorted(folder.glob(f"halfhours{stem}V[0-9][0-9][0-9].csv"))
    if not versions:
        return 0, (b"", b"")
    events = versions[-1].with_name(versions[-1].name.replace("halfhours", "switchings"))
    return int(versions[-1].stem[-3:]), (versions[-1].read_bytes(), events.read_bytes() if events.is_file() else b"")


def _energy(rows: list[tuple[Unit, list[SwitchingLog], list[HalfHour]]]) -> bytes:
    lines = ["unit,lamppost,period,begins,energy_mwh,quality"]
    for unit, _, halves in rows:
        for half in halves:
            energy = "" if half.mwh is None else str(half.mwh)
            lines.append(f"{unit.unit},{unit.lamppost},{half.period},{_utc(half.begin)},{energy},{half.quality}")
    return ("\r\n".join(lines) + "\r\n").encode()


def _events(rows: list[tuple[Unit, list[SwitchingLog], list[HalfHour]]]) -> bytes:
    """Every row whose moment lies in the day, without a loss."""
    lines = ["unit,lamppost,n,utc,level,p_mw,imp_mwh,cause,since,time_quality,hash"]
    for unit, logs, halves in rows:
        for row, at, digest in (one for log in logs for one in zip(log.rows, log.at, log.hashes, strict=True)):
            if at is not None and halves[0].begin <= at < halves[-1].begin + 1800:
                since = row.since_s and _utc(row.since_s)
                values = (row.n, _utc(at), row.level, row.p_mw, row.imp_mwh, row.cause, since, row.tq, digest)
                lines.append(",".join([unit.unit, unit.lamppost, *("" if one is None else str(one) for one in values)]))
    return ("\r\n".join(lines) + "\r\n").encode()


def _control(
    rows: list[tuple[Unit, list[SwitchingLog], list[HalfHour]]], administrator: str, stem: str, version: int
) -> bytes:
    """Header: administrator, day, version; a line a unit: reference 12, items 6, regime 3, charge code 13; trailer."""
    body = [f"{unit.unit:<12}{unit.items:06}{unit.regime}{unit.charge_code}" for unit, _, _ in rows]
    lines = [f"H{administrator}{stem}{version:03}", *body, f"T{len(body) + 2:06}"]
    return ("\r\n".join(lines) + "\r\n").encode()


def _utc(seconds: int) -> str:
    return f"{EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"
