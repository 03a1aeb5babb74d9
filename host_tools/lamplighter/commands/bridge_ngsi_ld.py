"""`lamplighter bridge ngsi-ld`: lampposts as entities of a context broker."""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import asdict
from pathlib import Path

import click

from .. import screen
from .broker_access import FILE, BrokerAccess, SiteName, broker_options
from .metrics_option import metrics_option, serving_metrics

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)


def _write_contexts(ctx: click.Context, _param: click.Parameter, folder: Path | None) -> None:
    """An option that needs no broker."""
    if folder is None or ctx.resilient_parsing:
        return
    from ..bridge.ngsi_ld import entity_context

    for path in entity_context.write(folder):
        screen.text(str(path))
    ctx.exit()


@click.command("ngsi-ld")
@broker_options
@click.option("--to", required=True, metavar="URL", help="The context broker, such as http://orion.lan:1026.")
@click.option("--tenant", metavar="NAME", help="Tenant of the context broker (NGSILD-Tenant).")
@click.option("--token-file", type=FILE, metavar="FILE",
              help="Token for the context broker; read again at each request.")  # fmt: skip
@click.option("--to-ca", type=FILE, metavar="FILE", help="CA certificate by which the context broker is checked.")
@click.option("--ledger", type=_FILE, default="ngsi-ld.sqlite", show_default=True, metavar="FILE",
              help="What was sent; one for each context broker and tenant.")  # fmt: skip
@click.option("--site", "sites", type=SiteName(), multiple=True, metavar="SITE",
              help="Only this site; may be given several times.")  # fmt: skip
@click.option("--history", is_flag=True, help="Write values that come late to the broker's history too.")
@click.option("--contexts", metavar="URL", help="Where the files of --write-contexts lie; else sent along.")
@click.option("--resend", is_flag=True, help="First write every entity whole, for a broker that lost its data.")
@click.option("--write-contexts", type=_FOLDER, metavar="FOLDER", is_eager=True, expose_value=False,
              callback=_write_contexts, help="Write the @context files there, and stop.")  # fmt: skip
@metrics_option
@click.option("--json", "as_json", is_flag=True, help="One object a second.")
def command(
    access: BrokerAccess, to: str, tenant: str | None, token_file: Path | None, to_ca: Path | None, ledger: Path,
    sites: tuple[str, ...], history: bool, contexts: str | None, resend: bool,
    listen: tuple[str, int] | None, as_json: bool,
) -> None:  # fmt: skip
    """Keep entities of a context broker up to date: Streetlight, ParkingSpot, OnStreetParking, AirQualityObserved,
    ACMeasurement of the Smart Data Models.

    The MQTT broker must speak MQTT 5.0. It keeps the bridge's session for seven days, and a message is acknowledged
    only after the context broker has taken it: stop or kill the bridge at any moment, and start it again. A token comes
    from --token-file or $LAMPLIGHTER_NGSI_TOKEN.

    Example: lamplighter bridge ngsi-ld --host broker.lan --to http://orion.lan:1026 --tenant lisbon
    """
    from ..bridge.ngsi_ld.client import Client
    from ..bridge.ngsi_ld.forwarding import Forwarding
    from ..bridge.ngsi_ld.ledger import Ledger
    from ..store.ingest import Counts, Store, until_free
    from ..store.sources.subscriptions import Subscriptions
    from ..telemetry import metrics

    if contexts is not None and not re.fullmatch(r"https?://[!-~]+", contexts):
        raise click.BadParameter(f"{contexts!r} is no http:// or https:// address.", param_hint="--contexts")
    client = Client(to, tenant, token_file, to_ca)
    forwarding = Forwarding(Ledger(ledger, client.where), client, screen.note, contexts, history)

    def show(counts: Counts) -> None:
        sent = forwarding.sent
        if as_json:
            screen.result({**asdict(counts), **asdict(sent)})
            return
        words = f"{counts.records} records, {counts.repeats} repeated, {counts.rejected} rejected"
        screen.text(f"{time.strftime('%H:%M:%S')}  {words}; {sent.entities} entities sent, {sent.refused} refused")

    with contextlib.closing(forwarding), contextlib.suppress(KeyboardInterrupt):
        forwarding.open()
        if resend:
            until_free(forwarding.resend, screen.note, what=forwarding.what)
        with contextlib.closing(Subscriptions(forwarding, 0, sites, access.kept_session, screen.note)) as subscriptions:
            subscriptions.start()
            screen.note(f"Sending to {forwarding.where} from {subscriptions.where}. Ctrl-C ends.")
            store = Store(subscriptions, forwarding, screen.note, show)
            with serving_metrics(listen, lambda: metrics.of_bridge(store, forwarding.sent)):
                store.run()
