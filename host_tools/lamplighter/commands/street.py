"""`lamplighter street`: thousands of simulated lampposts on one broker, to see what it bears."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from typing import Any

import click

from .. import hosts, screen
from ..hosts import Host
from ..problems import BrokerLoginRefused, BrokerNotFound, BrokerRefused
from .broker_access import FILE, password_of
from .finite import FiniteRange

LINE_S = 5
_LOGIN = ("badlogin", "notallowed")


@click.command()
@click.option("--host", type=Host(), required=True, metavar="HOST", help="The broker.")
@click.option("--port", type=click.IntRange(1, 65535), default=1883, show_default=True, help="Its port.")
@click.option("--user", help="User name at the broker, shared by all.")
@click.option("--password-file", type=FILE, help="File with the password.")
@click.option("--nodes", type=click.IntRange(1, 60000), default=100, show_default=True,
              help="Number of simulated lampposts.")  # fmt: skip
@click.option("--site", default="simulated", show_default=True, help="Site name, the third level of every topic.")
@click.option(
    "--backlog", type=click.IntRange(0, 10000), default=0, show_default=True,
    help="Records waiting in each journal at power-on.",
)  # fmt: skip
@click.option(
    "--every", "every_s", type=click.IntRange(0, 86400), default=60, show_default=True,
    help="Interval between new records of a lamppost in seconds; 0: none.",
)  # fmt: skip
@click.option("--spread", type=click.IntRange(0, 3600), default=60, show_default=True,
              help="mqtt.spread_s of every lamppost.")  # fmt: skip
@click.option(
    "--drain-spread", type=click.IntRange(0, 3600), default=60, show_default=True,
    help="mqtt.drain_spread_s of every lamppost.",
)  # fmt: skip
@click.option("--seconds", type=FiniteRange(min=0, min_open=True), help="Stop after this many seconds.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as one JSON object.")
def command(
    host: str, port: int, user: str | None, password_file: Any, nodes: int, site: str, backlog: int, every_s: int,
    spread: int, drain_spread: int, seconds: float | None, as_json: bool,
) -> None:  # fmt: skip
    """Connect many simulated lampposts to a broker: all power on in the same second and keep publishing.

    Only the MQTT side is simulated, without chip, parts and flash: the firmware's own MQTT session, publisher, spread
    and backoff, one TCP connection per lamppost, with messages that follow the contract. See `lamplighter virtual` for
    a complete lamppost. Use your own broker only: this is a load test.

    The password comes from --password-file or $LAMPLIGHTER_MQTT_PASSWORD, or is asked for. Stop with Ctrl-C.

    Example: lamplighter street --host localhost --nodes 2000 --backlog 96
    """
    from ..contract.topics import NAME
    from ..fleet import open_file_limit

    if not re.fullmatch(NAME, site):
        raise click.BadParameter("1 to 32 lower-case letters, digits and hyphens", param_hint="--site")
    _reach(host, port)
    open_file_limit.allow(nodes)
    mqtt: dict[str, Any] = {"host": host, "port": port, "spread_s": spread, "drain_spread_s": drain_spread}
    if user is not None:
        mqtt |= {"user": user, "password": password_of(user, password_file)}
    told: dict[str, Any] = {}
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_evening(nodes, mqtt, backlog, every_s, site, seconds, told))
    if as_json:
        screen.result(told)
    else:
        screen.out.print(_closing(told), markup=False)
    refused = [word for word in _LOGIN if word in told["faults"]]
    if refused and not told["sessions"]:
        where = hosts.joined(host, port)
        raise BrokerLoginRefused(f"The broker {where} refused every simulated lamppost ({refused[0]}).")


def _reach(host: str, port: int) -> None:
    """One look before thousands come. Raises BrokerNotFound, BrokerRefused."""
    try:
        socket.create_connection((host, port), 10).close()
    except socket.gaierror:
        raise BrokerNotFound(f"The broker's name {host!r} cannot be resolved.") from None
    except OSError as wrong:
        raise BrokerRefused(f"{hosts.joined(host, port)} cannot be reached: {wrong.strerror or wrong}.") from None


async def _evening(
    nodes: int, mqtt: dict[str, Any], backlog: int, every_s: int, site: str, seconds: float | None, told: dict[str, Any]
) -> None:
    from ..fleet.simulated_street import SimulatedStreet

    city = SimulatedStreet(nodes, mqtt, backlog, every_s, site)
    screen.note(f"{nodes} simulated lampposts power on now; broker {mqtt['host']}:{mqtt['port']}")
    try:
        await city.power_on()
        line = 0.0
        while seconds is None or city.figures.age < seconds:
            await asyncio.sleep(min(0.5, max(0.0, seconds - city.figures.age)) if seconds else 0.5)
            if city.figures.age - line >= LINE_S:
                line = city.figures.age
                screen.note(
                    f"{line:4.0f} s  {city.up} of {nodes} connected, {city.acknowledged} records acknowledged, "
                    f"{city.waiting} waiting"
                )
    finally:
        told |= _figures(city, nodes)
        await city.power_off()


def _figures(city: Any, nodes: int) -> dict[str, Any]:
    from ..fleet.figures import milliseconds, peak

    figures = city.figures
    connack = [took for _, took in figures.connack]
    return {
        "simulated": True,
        "nodes": nodes,
        "connected": city.up,
        "seconds": round(figures.age, 1),
        "sessions": len(connack),
        "connections_peak": peak(figures.attempts),
        "connack_p50_ms": milliseconds(connack, 0.5),
        "connack_p99_ms": milliseconds(connack, 0.99),
        "acknowledged": city.acknowledged,
        "waiting": city.waiting,
        "puback_p50_ms": milliseconds(figures.puback, 0.5),
        "puback_p99_ms": milliseconds(figures.puback, 0.99),
        "faults": dict(figures.faults),
    }


def _closing(told: dict[str, Any]) -> str:
    faults = ", ".join(f"{count} {word}" for word, count in told["faults"].items()) or "none"
    return (
        f"simulated street: {told['connected']} of {told['nodes']} connected after {told['seconds']} s, at most "
        f"{told['connections_peak']} in one second; CONNACK p50 {told['connack_p50_ms']} ms, p99 "
        f"{told['connack_p99_ms']} ms; {told['acknowledged']} records acknowledged, p99 {told['puback_p99_ms']} ms; "
        f"{told['waiting']} waiting; faults: {faults}"
    )
