"""`lamplighter bridge kafka`: telemetry into a topic of Kafka."""

from __future__ import annotations

import contextlib
import time
from dataclasses import asdict
from pathlib import Path

import click

from .. import hosts, screen
from ..documents import secret_file
from .broker_access import FILE, BrokerAccess, SiteName, broker_options
from .metrics_option import metrics_option, serving_metrics

PASSWORD = "LAMPLIGHTER_KAFKA_PASSWORD"


class Servers(click.ParamType):
    """HOST:PORT, or several of one cluster."""

    name = "servers"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[tuple[str, int], ...]:
        from ..store.sources.kafka_link import PORT

        try:
            return tuple(hosts.split(one, PORT) for one in value.split(","))
        except hosts.HostWrong as wrong:
            self.fail(f"{wrong}.", param, ctx)


@click.command("kafka")
@broker_options
@click.option("--to", "servers", type=Servers(), required=True, metavar="HOST:PORT",
              help="A broker of the Kafka cluster, or several: HOST:PORT,HOST:PORT.")  # fmt: skip
@click.option("--topic", default="lamppost", show_default=True, help="Topic of Kafka; it must exist.")
@click.option("--to-user", metavar="NAME", help="User at Kafka (SCRAM-SHA-512).")
@click.option("--to-password-file", type=FILE, metavar="FILE", help=f"File with its password; else ${PASSWORD}.")
@click.option("--to-tls", is_flag=True, help="Use TLS and check the certificates of Kafka.")
@click.option("--to-ca", type=FILE, metavar="FILE", help="CA certificate to trust at Kafka (implies --to-tls).")
@click.option("--site", "sites", type=SiteName(), multiple=True, metavar="SITE",
              help="Only this site; may be given several times.")  # fmt: skip
@metrics_option
@click.option("--json", "as_json", is_flag=True, help="One object a second.")
def command(
    access: BrokerAccess, servers: tuple[tuple[str, int], ...], topic: str, to_user: str | None,
    to_password_file: Path | None, to_tls: bool, to_ca: Path | None, sites: tuple[str, ...],
    listen: tuple[str, int] | None, as_json: bool,
) -> None:  # fmt: skip
    """Forward all telemetry to a topic of Kafka, for `lamplighter store --from kafka://...` and other consumers.

    The key of a message is SITE/NODE, its value the payload, unchanged; the headers are its MQTT topic, the time of
    its arrival and whether it was retained or repeated. The MQTT broker must speak MQTT 5.0. A message is acknowledged
    to it only after Kafka has acknowledged it: stop or kill the bridge at any moment, and start it again.

    Example: lamplighter bridge kafka --host broker.lan --to kafka.lan:9092
    """
    from ..bridge.kafka import KafkaProducer
    from ..store.ingest import Counts, Store
    from ..store.sources.kafka_link import KafkaAccess
    from ..store.sources.subscriptions import Subscriptions
    from ..telemetry import metrics
    from ..telemetry.broker_problems import tls_context

    password = secret_file.read(to_password_file, PASSWORD) if to_user else None
    if to_user and password is None:
        raise click.UsageError(f"--to-user needs a password: --to-password-file FILE, or ${PASSWORD}.")
    kafka = KafkaAccess(servers, to_user, password, tls_context(to_ca or to_tls, None))
    producer = KafkaProducer(kafka, topic)

    def show(counts: Counts) -> None:
        if as_json:
            screen.result(asdict(counts))
        else:
            screen.text(f"{time.strftime('%H:%M:%S')}  {counts.records + counts.rejected} messages forwarded")

    with contextlib.closing(producer), contextlib.suppress(KeyboardInterrupt):
        producer.open()
        with contextlib.closing(Subscriptions(producer, 0, sites, access.kept_session, screen.note)) as subscriptions:
            subscriptions.start()
            screen.note(f"Forwarding to {producer.where} from {subscriptions.where}. Ctrl-C ends.")
            store = Store(subscriptions, producer, screen.note, show)
            with serving_metrics(listen, lambda: metrics.of_store(store, "bridge")):
                store.run()
