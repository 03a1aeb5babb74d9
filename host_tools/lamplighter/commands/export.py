"""`lamplighter export`: the store's records as open data."""

from __future__ import annotations

import functools
import zoneinfo
from datetime import UTC, datetime
from pathlib import Path

import click

from .. import screen
from .report import DAY, Zone


@click.command("export")
@click.option("--store", required=True, metavar="DATABASE", help="The store: FILE or URL of its --to.")
@click.option("--from", "first", type=DAY, required=True, help="First day.")
@click.option("--to", "last", type=DAY, required=True, help="Last day, included.")
@click.option("--zone", type=Zone(), default="UTC", show_default=True, help="Time zone of the days.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Output folder.")
@click.option("--publisher", required=True, help="Name of the city or company that publishes the data.")
@click.option("--url", required=True, help="Address under which the folder will be published.")
@click.option("--licence", default="", metavar="URI", help="Licence of the data, as a URI.")
@click.option("--json", "as_json", is_flag=True, help="The files as one object.")
def command(store: str, first: datetime, last: datetime, zone: zoneinfo.ZoneInfo, out: Path, publisher: str, url: str,
            licence: str, as_json: bool) -> None:  # fmt: skip
    """Export records as Parquet, a file for each day and kind, with checksums and a DCAT-AP description.

    Example: lamplighter export --store lamps.duckdb --from 2026-11-01 --to 2026-11-30 --out open
    --publisher Lisbon --url https://data.example/lampposts
    """
    from ..open_data import export
    from ..open_data.dcat import Publisher
    from ..report.period import Period
    from ..report.store_source import Source
    from ..store.databases import target
    from ..store.reading import read

    if last < first:
        raise click.UsageError(f"--to {last:%Y-%m-%d} is before --from {first:%Y-%m-%d}.")
    for name, value in (("--url", url), ("--licence", licence)):
        wrong = not value.startswith(("http://", "https://")) or any(one in value for one in ' <>"{}|\\^`')
        if value and wrong:
            raise click.UsageError(f"{name} {value} is not an address that begins with http:// or https://.")
    period = Period(first.date(), last.date(), zone)
    database = target(store)
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    about = Publisher(publisher, url, licence)
    source = functools.partial(Source, name=database.where, dialect=database.dialect)
    files = read(store, lambda rows: export.write(source(rows), period, out, about, now))
    if as_json:
        listed = [{"name": one.name, "rows": one.rows, "bytes": one.size, "sha256": one.sha256} for one in files]
        screen.result({"folder": str(out), "files": listed})
        return
    rows = sum(one.rows for one in files)
    screen.text(f"{rows} rows in {len(files)} files in {out}; {export.CATALOGUE} describes them")
