"""`lamplighter watch`: live telemetry of a street, checked and counted."""

from __future__ import annotations

import re
import time
from pathlib import Path

import click
from rich.live import Live

from .. import screen
from ..contract import ROOT
from ..contract.topics import NAME
from ..documents import secret_file
from ..hosts import Host
from ..problems import ContractBroken, TelemetryGaps
from ..telemetry import panel
from ..telemetry.state import Seen, Telemetry, clock_text
from ..telemetry.subscriber import Connection, Incoming, Subscriber

PASSWORD = "LAMPLIGHTER_MQTT_PASSWORD"
LONGEST = 65535  # bytes of a string of MQTT
NAMES = re.compile(rf"\+|{NAME}")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--host", type=Host(), required=True, metavar="HOST", help="The broker.")
@click.option("--port", type=click.IntRange(1, 65535), help="Its port.  [default: 1883, with --tls 8883]")
@click.option("--user", help="User name at the broker.")
@click.option("--password-file", type=FILE, help="Holds the password.")
@click.option("--tls", is_flag=True, help="Encrypt, and check the broker's certificate.")
@click.option("--ca", type=FILE, help="Authority to trust (implies --tls).")
@click.option("--site", default="+", help="Only this site.")
@click.option("--node", default="+", help="Only this node.")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), help="End after so many seconds.")
@click.option("--count", type=click.IntRange(min=1), help="End after so many messages.")
@click.option("--strict", is_flag=True, help="Exit code 53 on an invalid message, 54 on gaps or duplicates.")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), hidden=True, help="Picture of the last screen.")
@click.option("--json", "as_json", is_flag=True, help="One object a message, the summary last.")
def command(
    host: str,
    port: int | None,
    user: str | None,
    password_file: Path | None,
    tls: bool,
    ca: Path | None,
    site: str,
    node: str,
    seconds: float | None,
    count: int | None,
    strict: bool,
    svg: Path | None,
    as_json: bool,
) -> None:
    """Subscribe, show live telemetry, check every message against the contract, and count
    gaps and duplicates by (node, b, s).

    The password comes from --password-file, from $LAMPLIGHTER_MQTT_PASSWORD, or is asked for. Ctrl-C ends.

    Example: lamplighter watch --host broker.lan --site lisbon --seconds 60 --strict
    """
    for option, name in (("--site", site), ("--node", node)):
        if not NAMES.fullmatch(name):
            raise click.BadParameter("small letters, digits and hyphens, 1 to 32 of them", param_hint=option)
    secured = ca or tls
    port = port or (8883 if secured else 1883)
    password = password_of(user, password_file)
    telemetry = Telemetry()
    with Subscriber(host, port, [f"{ROOT}/{site}/{node}/#"], user, password, tls=secured) as subscriber:
        show = _Json() if as_json else _Live(telemetry, subscriber.where) if screen.out.is_terminal else _Lines()
        deadline = time.monotonic() + seconds if seconds else None
        try:
            with show:
                _follow(subscriber, telemetry, show, deadline, count)
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
        _judge(telemetry)


def password_of(user: str | None, file: Path | None) -> str | None:
    """From the file, the environment, or whoever sits at the terminal."""
    if user is None:
        return None
    secret_file.checked(user, "--user", LONGEST)
    given = secret_file.read(file, PASSWORD, LONGEST)
    if given is None:
        given = secret_file.asked("Password", default="", show_default=False)
    if given is None:
        raise click.UsageError(f"--user needs a password: --password-file FILE, or ${PASSWORD}.")
    return given


def _follow(
    subscriber: Subscriber, telemetry: Telemetry, show: _Json, deadline: float | None, count: int | None
) -> None:
    while True:
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


def _judge(telemetry: Telemetry) -> None:
    summary = telemetry.summary()
    if summary["invalid"]:
        cause = f"{summary['invalid']} of {summary['messages']} messages break the contract."
        raise ContractBroken(cause, details=list(telemetry.complaints)[-20:])
    if summary["gaps"] or summary["duplicates"]:
        raise TelemetryGaps(
            f"{summary['gaps']} numbers are missing, {summary['duplicates']} came twice.", details=telemetry.gaps()[:20]
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

    def connection(self, change: Connection) -> None:
        screen.note("connected again" if change.up else f"connection lost ({change.reason}); trying again")


class _Lines(_Json):
    """One line a message, where no terminal is."""

    def message(self, seen: Seen) -> None:
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

    def message(self, seen: Seen) -> None: ...

    def connection(self, change: Connection) -> None:
        self._note = "" if change.up else f" – connection lost at {clock_text(time.time())}, trying again"
