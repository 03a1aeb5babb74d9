"""`lamplighter report`: what a city reads from the store, as pages, tables and pictures."""

from __future__ import annotations

import functools
import zoneinfo
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .. import __version__, screen
from .finite import FiniteRange

if TYPE_CHECKING:
    from ..report.document import Report
    from ..report.period import Period
    from ..report.store_source import Source

FILE = click.Path(dir_okay=False, path_type=Path)
DAY = click.DateTime(["%Y-%m-%d"])


class Zone(click.ParamType):
    """An IANA name such as Europe/Lisbon."""

    name = "zone"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> zoneinfo.ZoneInfo:
        if isinstance(value, zoneinfo.ZoneInfo):
            return value
        try:
            return zoneinfo.ZoneInfo(value)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            self.fail(f"there is no time zone {value!r}; use a name such as Europe/Lisbon", param, ctx)


def report_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command gets (store, period, streets, out, as_json)."""

    @functools.wraps(command)
    def with_period(first: datetime, last: datetime, zone: zoneinfo.ZoneInfo, **rest: Any) -> Any:
        if last < first:
            raise click.UsageError(f"--to {last:%Y-%m-%d} is before --from {first:%Y-%m-%d}.")
        return command(period=_period(first.date(), last.date(), zone), **rest)

    for option in reversed((
        click.option("--from", "first", type=DAY, required=True, help="First day of the report."),
        click.option("--to", "last", type=DAY, required=True, help="Last day of the report, included."),
        click.option("--store", required=True, metavar="DATABASE", help="The store: FILE or URL of its --to."),
        click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Output folder."),
        click.option("--zone", type=Zone(), default="UTC", show_default=True, help="Time zone of days and hours."),
        click.option("--streets", type=FILE, help="CSV with site, node, street. [default: the site is the street]"),
        click.option("--json", "as_json", is_flag=True, help="The figures as one object on standard output."),
    )):  # fmt: skip
        with_period = option(with_period)
    return with_period


def _period(first: date, last: date, zone: zoneinfo.ZoneInfo) -> Period:
    from ..report.period import Period

    return Period(first, last, zone)


@click.group("report")
def command() -> None:
    """Write a report from the store: a page that prints, CSV, JSON and pictures. The method stands under each figure.

    Example: lamplighter report energy --from 2026-11-01 --to 2026-11-30 --store lamps.duckdb --out november
    """


def _run(store: str, period: Period, streets: Path | None, out: Path, as_json: bool,
         build: Callable[[Source, Period, list[Any]], Report]) -> None:  # fmt: skip
    from ..report import streets as streets_file
    from ..report import write
    from ..report.page import text
    from ..report.store_source import Source, some
    from ..store.databases import target
    from ..store.report_copy import read_for_report

    known = streets_file.read(streets) if streets else {}

    def act(rows: Any, dialect: Any) -> Report:
        source = Source(rows, target(store).where, dialect)
        lamps = streets_file.lampposts(source, known)
        made = build(source, period, lamps)
        if strangers := sorted(f"{site}/{node}" for site, node in set(known) - {(one.site, one.node) for one in lamps}):
            made.cautions.append(f"Named in {streets}, but unknown to the store: {some(strangers)}.")
        return made

    report = read_for_report(store, act)
    made = f"Made {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by lamplighter {__version__}."
    files = write.write(report, out, made)
    if as_json:
        screen.result(write.document(report, made))
        return
    for figure in report.figures:
        screen.text(f"{figure.label}: {text(figure.value, figure)} {figure.unit}".rstrip())
    for caution in report.cautions:
        screen.note(caution)
    screen.note(f"{len(files)} files written to {out}; open {out / f'{report.kind}.html'}")


@command.command("energy")
@report_options
@click.option("--baselines", type=FILE, help="TOML file with baselines, each with name and source.")
@click.option("--baseline", "names", multiple=True, metavar="NAME", help="Only this one of them; may be repeated.")
def energy(store: str, period: Period, streets: Path | None, out: Path, as_json: bool, baselines: Path | None,
           names: tuple[str, ...]) -> None:  # fmt: skip
    """Report energy by lamppost, street and hour, and what was saved against named baselines.

    Hours that were not measured stand apart and never count as saved.

    Example: lamplighter report energy --from 2026-11-01 --to 2026-11-30 --store lamps.duckdb --out november
    """
    from ..report import baseline, energy_report

    if names and not baselines:
        raise click.UsageError("--baseline needs the file that --baselines names.")
    known = baseline.read(baselines, names) if baselines else []
    _run(store, period, streets, out, as_json,
         lambda source, days, lamps: energy_report.build(source, days, lamps, known))  # fmt: skip


@command.command("carbon")
@report_options
@click.option("--factor", type=FiniteRange(0, 5, min_open=True), metavar="KG_PER_KWH", help="Factor of the year.")
@click.option("--factor-source", metavar="TEXT", help="Where the factor is from; it stands under the figure.")
@click.option("--intensity", type=FILE, help="Intensity by half-hour: JSON of api.carbonintensity.org.uk, or CSV.")
def carbon(store: str, period: Period, streets: Path | None, out: Path, as_json: bool, factor: float | None,
           factor_source: str | None, intensity: Path | None) -> None:  # fmt: skip
    """Report carbon by a yearly factor, and by the intensity of the grid in each half-hour.

    Energy of half-hours without an intensity stands apart.

    Example: lamplighter report carbon --from 2026-11-01 --to 2026-11-30 --store l.duckdb --intensity gb.json --out .
    """
    from ..report import carbon_report
    from ..report import intensity as intensity_file

    if factor is None and intensity is None:
        raise click.UsageError("Give --factor, --intensity, or both.")
    if (factor is None) != (factor_source is None):
        raise click.UsageError("--factor and --factor-source go together: a figure needs its source.")
    yearly = (factor, factor_source) if factor is not None and factor_source is not None else None
    values = intensity_file.read(intensity) if intensity else None
    _run(store, period, streets, out, as_json,
         lambda source, days, lamps: carbon_report.build(source, days, lamps, yearly, values))  # fmt: skip


@command.command("parking")
@report_options
def parking(store: str, period: Period, streets: Path | None, out: Path, as_json: bool) -> None:
    """Report occupancy, turnover and length of stay of each bay, with the share of unknown.

    Example: lamplighter report parking --from 2026-11-01 --to 2026-11-30 --store lamps.duckdb --out november
    """
    from ..report import parking_report

    _run(store, period, streets, out, as_json, parking_report.build)


@command.command("air")
@report_options
def air(store: str, period: Period, streets: Path | None, out: Path, as_json: bool) -> None:
    """Report the air by day with its data capture and index; flagged hours are left out and counted.

    Example: lamplighter report air --from 2026-11-01 --to 2026-11-30 --store lamps.duckdb --out november
    """
    from ..report import air_report

    _run(store, period, streets, out, as_json, air_report.build)


@command.command("street")
@report_options
def street(store: str, period: Period, streets: Path | None, out: Path, as_json: bool) -> None:
    """Report the availability of each lamppost, its starts, missing records and alarms.

    Example: lamplighter report street --from 2026-11-01 --to 2026-11-30 --store lamps.duckdb --out november
    """
    from ..report import street_report

    _run(store, period, streets, out, as_json, street_report.build)


@command.command("simulate")
@click.option("--store", required=True, metavar="DATABASE", help="A store of its own: FILE or URL.")
@click.option("--from", "first", type=DAY, required=True, help="First day, of UTC.")
@click.option("--to", "last", type=DAY, required=True, help="Last day, included.")
@click.option("--nodes", type=click.IntRange(1, 9999), default=100, show_default=True, help="Number of lampposts.")
def simulate(store: str, first: datetime, last: datetime, nodes: int) -> None:
    """Fill a new store with simulated lampposts of the site `simulated`, to try the reports on.

    Example: lamplighter report simulate --nodes 100 --from 2026-11-01 --to 2026-11-30 --store simulated.duckdb
    """
    import contextlib

    from ..fleet import month
    from ..problems import StoreUnusable
    from ..store.databases import target

    if last < first:
        raise click.UsageError(f"--to {last:%Y-%m-%d} is before --from {first:%Y-%m-%d}.")
    database = target(store)
    database.open()
    with contextlib.closing(database):
        with database.reader() as rows:
            held = next(rows("SELECT count(*) AS n FROM record"))["n"]
        if held:
            raise StoreUnusable(f"{store} holds {held} records.", "Name a new database: simulated ones stand apart.")
        days = (last - first).days + 1
        count = month.write(database, nodes, first.date(), days, lambda n: screen.note(f"{n} records"))
    screen.text(f"{count} records of {nodes} simulated lampposts in {store}")
