"""`lamplighter watch`: live telemetry of a street, checked and counted."""

from __future__ import annotations

import time
from pathlib import Path

import click
from rich.live import Live

from .. import screen
from ..contract import ROOT
from ..problems import ContractBroken, TelemetryGaps
from ..telemetry import metrics, panel
from ..telemetry.state import Seen, Telemetry, clock_text
from ..telemetry.subscriber import Connection, Incoming, Subscriber
from .broker_access import BrokerAccess, TopicLevel, broker_options
from .finite import FiniteRange
from .metrics_option import metrics_option, serving_metrics

SILENT_S = 10.0  # nothing heard for so long: say why that may be


@click.command()
@broker_options
@click.option("--site", type=TopicLevel(), default="+", help="Show only this site.")
@click.option("--node", type=TopicLevel(), default="+", help="Show only this node.")
@click.option("--seconds", type=FiniteRange(min=0, min_open=True), help="Stop after this many seconds.")
@click.option("--count", type=click.IntRange(min=1), help="Stop after this many messages.")
@click.option(
    "--strict", is_flag=True, help="Exit code 53 on an invalid message, 54 on gaps or duplicates, or if nothing came."
)
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), hidden=True, help="Picture of the last screen.")
@metrics_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per message, then the summary.")
def command(
    access: BrokerAccess,
    site: str,
    node: str,
    seconds: float | None,
    count: int | None,
    strict: bool,
    svg: Path | None,
    listen: tuple[str, int] | None,
    as_json: bool,
) -> None:
    """Subscribe to telemetry and show it live; check every message against the contract, and count gaps and
    duplicates by (node, b, s).

    Unknown fields, which a later version of the contract may add, are ignored; --strict reports them as invalid. The
    password comes from --password-file or $LAMPLIGHTER_MQTT_PASSWORD, or is asked for. Stop with Ctrl-C.

    Example: lamplighter watch --host broker.lan --site lisbon --seconds 60 --strict
    """
    telemetry = Telemetry(strict=strict)
    topic = f"{ROOT}/{site}/{node}/#"
    with access.subscriber([topic]) as subscriber:
        show = _Json() if as_json else _Live(telemetry, subscriber.where) if screen.out.is_terminal else _Lines()
        deadline = time.monotonic() + seconds if seconds else None
        try:
            with serving_metrics(listen, lambda: metrics.of_watch(telemetry)), show:
                _follow(subscriber, telemetry, show, topic, deadline, count)
        except KeyboardInterrupt:
            pass  # the usual way to end
    if svg:
        panel.screenshot(telemetry, f"{ROOT} at {subscriber.where}", svg)
    summary = telemetry.summary()
    if as_json:
        screen.result({"summary": summary})
    elif not isinstance(show, _Live):  # whose last line it is already
        screen.out.print(panel.closing(summary), markup=False)
    if strict:
        _judge(telemetry, topic)


def _follow(
    subscriber: Subscriber, telemetry: Telemetry, show: _Json, topic: str, deadline: float | None, count: int | None
) -> None:
    silent_at = time.monotonic() + SILENT_S
    while True:
        if not telemetry.messages and time.monotonic() > silent_at:
            show.silent(topic)
            silent_at = float("inf")
        left = 0.25 if deadline is None else min(0.25, deadline - time.monotonic())
        if left <= 0:
            return
        arrived = subscriber.next(left)
        if isinstance(arrived, Incoming):
            show.message(telemetry.take(arrived.topic, arrived.payload, arrived.retained))
            if count and telemetry.messages >= count:
                return
        elif isinstance(arrived, Connection):
            if not arrived.up:
                telemetry.interrupted()
            show.connection(arrived)


def _judge(telemetry: Telemetry, topic: str) -> None:
    summary = telemetry.summary()
    if not summary["messages"]:
        raise TelemetryGaps(
            f"No message came on {topic}: nothing is proven.", "Check --site and --node, and listen for longer."
        )
    if summary["invalid"]:
        cause = f"{summary['invalid']} of {summary['messages']} messages violate the contract."
        raise ContractBroken(cause, details=list(telemetry.complaints)[-20:])
    if summary["gaps"] or summary["duplicates"]:
        raise TelemetryGaps(
            f"{summary['gaps']} sequence numbers are missing, {summary['duplicates']} came twice.",
            details=telemetry.gaps()[:20],
        )


def _silence(topic: str) -> str:
    """Possible reasons why no message arrived."""
    filtered = "" if topic == f"{ROOT}/+/+/#" else " There may be no lamppost with that --site or --node."
    return (
        f"Nothing received on {topic} yet; still listening. The lampposts may have no power or use another broker, "
        f"or the broker's access list does not let this user read {ROOT}/#.{filtered}"
    )


class _Json:
    """One object a message."""

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...

    def message(self, seen: Seen) -> None:
        place = seen.place
        screen.result(
            {
                "topic": seen.topic,
                "node": place.node if place else None,
                "kind": place.kind.name if place else None,
                "verdict": seen.verdict,
                "retained": seen.retained,
                "errors": seen.errors,
                "message": seen.message,
            }
        )

    def silent(self, topic: str) -> None:
        screen.note(_silence(topic))

    def connection(self, change: Connection) -> None:
        screen.note("connected again" if change.up else f"connection lost ({change.reason}); reconnecting")


class _Lines(_Json):
    """One line a message, where no terminal is."""

    def message(self, seen: Seen) -> None:
        if not seen.unknown_alarm:
            screen.out.print(panel.line(seen, time.time()))


class _Live(_Json):
    """The live screen."""

    def __init__(self, telemetry: Telemetry, where: str) -> None:
        self._telemetry = telemetry
        self._where = where
        self._note = ""
        self._live = Live(
            get_renderable=self._render, console=screen.out, refresh_per_second=4, vertical_overflow="crop"
        )

    def __enter__(self) -> None:
        self._live.__enter__()

    def __exit__(self, *about: object) -> None:
        self._live.__exit__(*about)  # type: ignore[arg-type]

    def _render(self):
        title = f"{ROOT} at {self._where}{self._note}"
        return panel.live(self._telemetry, title, screen.out.width, screen.out.height)

    def message(self, seen: Seen) -> None:
        self._note = ""

    def silent(self, topic: str) -> None:
        self._note = f"\n{_silence(topic)}"

    def connection(self, change: Connection) -> None:
        self._note = "" if change.up else f" – connection lost at {clock_text(time.time())}, reconnecting"
