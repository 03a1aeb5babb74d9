"""`lamplighter store`: telemetry into a database, each record once, and a proof that none is missing."""

from __future__ import annotations

import contextlib
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from .. import screen
from ..contract import ROOT
from ..problems import SourceUnusable, StoreIncomplete
from .broker_access import BrokerAccess, SiteName, source_options
from .metrics_option import metrics_option, serving_metrics

if TYPE_CHECKING:
    from ..store.sources.origin import Origin

SHOWN = 20  # gaps
SESSION = "SELECT max(value) AS value FROM setting WHERE name = 'session'"
TO = click.option(
    "--to", required=True, metavar="DATABASE",
    help="A DuckDB file such as lamps.duckdb, or postgresql://USER@HOST/DATABASE, or clickhouse://USER@HOST/DATABASE.",
)  # fmt: skip


class _RunUnlessNamed(click.Group):
    """`lamplighter store --host ...` stands for `lamplighter store run --host ...`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0].startswith("-") and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group("store", cls=_RunUnlessNamed)
def command() -> None:
    """Write the telemetry of all lampposts to a database, each record once, and prove that none is missing.

    Without the name of an action it runs: `lamplighter store --host broker.lan --to lamps.duckdb`. `lamplighter store
    run --help` has the options.

    Example: lamplighter store check --to lamps.duckdb
    """


@command.command("run")
@source_options
@TO
@click.option(
    "--share", default=0, metavar="N", type=click.IntRange(0, 64),
    help="Share the subscription among N stores on one PostgreSQL database; give each of them the same N.",
)
@click.option(
    "--site", "sites", type=SiteName(), multiple=True, metavar="SITE",
    help="Store the lampposts of this site only; may be given several times. Start other stores for the other sites.",
)
@metrics_option
@click.option("--json", "as_json", is_flag=True, help="One object a second.")
def run(
    access: BrokerAccess, origin: Origin | None, to: str, share: int, sites: tuple[str, ...],
    listen: tuple[str, int] | None, as_json: bool,
) -> None:  # fmt: skip
    """Store until stopped; a line a second tells the counts since the start.

    The broker must speak MQTT 5.0. It keeps the store's session for seven days, and a record is acknowledged only
    after it was committed: stop or kill the store at any moment, and start it again. A DuckDB file is free for queries
    between two commits. The broker's password comes from --password-file, from $LAMPLIGHTER_MQTT_PASSWORD, or is asked
    for; that of PostgreSQL from ~/.pgpass or $PGPASSWORD, that of ClickHouse from $CLICKHOUSE_PASSWORD.

    Example: lamplighter store --host broker.lan --to lamps.duckdb
    """
    from ..store.databases import target
    from ..store.ingest import Counts, Store, until_free
    from ..store.sources.origin import source as source_of
    from ..store.sources.subscriptions import Subscriptions, free_place
    from ..telemetry import metrics

    def show(counts: Counts) -> None:
        if as_json:
            screen.result(asdict(counts))
        else:
            words = f"{counts.records} records, {counts.repeats} repeated, {counts.rejected} rejected"
            screen.text(f"{time.strftime('%H:%M:%S')}  {words}")

    if origin and (share or sites):
        raise click.UsageError("--share and --site go with --host: any number of stores may read one --from.")
    if share and sites:
        raise click.UsageError("--share and --site exclude each other: stores of different sites share nothing.")
    database = target(to)
    until_free(database.open, screen.note)
    with contextlib.closing(database), contextlib.suppress(KeyboardInterrupt):
        if origin:
            if not database.many_stores:
                until_free(lambda: free_place(database, [0], screen.note), screen.note)
            source = source_of(
                origin, database.session, screen.note, access.user, access.password, access.tls, access.identity
            )
        else:
            shares = 0 if sites else until_free(lambda: database.shares(share), screen.note)
            source = Subscriptions(database, shares, sites, access.kept_session, screen.note)
        with contextlib.closing(source):
            until_free(source.start, screen.note)
            what = f"the sites {', '.join(sites)}" if sites else f"{ROOT}/#"
            screen.note(f"Storing {what} from {source.where} in {database.where}. Ctrl-C ends.")
            store = Store(source, database, screen.note, show)
            with serving_metrics(listen, lambda: metrics.of_store(store)):
                store.run()


@command.command("unsubscribe")
@source_options
@TO
def unsubscribe(access: BrokerAccess, origin: Origin | None, to: str) -> None:
    """End the subscription of a database that is given up: a NATS server keeps everything for it until then.

    Stop its stores first, and run this while the database is still there. An MQTT broker ends the session of a store
    after seven days by itself, Kafka that of a consumer group as it is set to.

    Example: lamplighter store unsubscribe --from nats://nats.lan --to lamps.duckdb
    """
    from ..store.reading import read
    from ..store.sources.jetstream import JetStream
    from ..store.sources.origin import source as source_of

    if not origin or origin.kind != "nats":
        raise click.UsageError("Name the server with --from nats://HOST: other brokers end a subscription themselves.")
    session = read(to, lambda rows: [row["value"] for row in rows(SESSION)])[0]
    source = source_of(origin, session, screen.note, access.user, access.password, access.tls, access.identity)
    assert isinstance(source, JetStream)
    with contextlib.closing(source):
        removed = source.remove()
        if not removed:
            raise SourceUnusable(f"{source.where} keeps nothing for {to}: it has no consumer {session}.")
        screen.out.print(f"Removed the consumer {session} of {', '.join(removed)}.", markup=False)


@command.command("check")
@TO
@click.option("--json", "as_json", is_flag=True, help="The result as one object.")
def check(to: str, as_json: bool) -> int:
    """Prove that no record is missing, or name each gap and the records beside it. Exit code 0 only when complete.

    Example: lamplighter store check --to lamps.duckdb
    """
    from ..store import completeness
    from ..store.reading import read

    found = read(to, completeness.report)
    complete = completeness.complete(found)
    if as_json:
        screen.result(found)
        return 0 if complete else StoreIncomplete.exit_code
    counts = f"{found['records']} records of {found['nodes']} lampposts, {found['rejected']} messages rejected"
    if complete:
        screen.out.print(f"Complete: {counts}.", markup=False)
        return 0
    gaps = found["gaps"]
    missing = sum(gap["to"] - gap["from"] + 1 for gap in gaps)
    cause = f"{missing} records are missing in {len(gaps)} gaps, {found['duplicates']} are there twice; {counts}."
    if not found["records"]:
        cause = f"The database holds no record yet; {counts}."
    more = [f"... and {len(gaps) - SHOWN} more gaps: --json lists all"] if len(gaps) > SHOWN else []
    raise StoreIncomplete(cause, details=[*map(completeness.sentence, gaps[:SHOWN]), *more])
