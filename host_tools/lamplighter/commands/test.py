"""`lamplighter test`: the acceptance checks, as a table of measured values with limits, and one verdict."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .. import screen
from ..commissioning import check_sentences
from ..hosts import HostAndPort
from ..problems import IdentityMissing, SelftestFailed
from .finite import FiniteRange

if TYPE_CHECKING:
    from ..commissioning.broker_check import BrokerCheck
    from ..device.repl import Repl


@click.command("test")
@click.option("--port", required=True, metavar="PORT", help="Serial port, e.g. /dev/ttyUSB0.")
@click.option("--broker", type=HostAndPort(0), metavar="HOST[:PORT]",
              help="Then wait for its messages at this broker, as this computer reaches it.")  # fmt: skip
@click.option("--identity", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
              help="With --broker, if it requires certificates: the city's identity folder.")  # fmt: skip
@click.option("--within", type=FiniteRange(1, 3600), default=90, show_default=True, metavar="SECONDS",
              help="How long to wait for its messages.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: verdict and checks.")
def command(port: str, broker: tuple[str, int] | None, identity: Path | None, within: float, as_json: bool) -> None:
    """Check supply, app slots, files, every part, journal and network; exit code 42 if a check fails.

    With --broker the lamppost must be heard there too, as it is after its restart: an access list that denies its
    topics is found although MQTT 3.1.1 acknowledges what is denied.

    A bench runs the same checks with pytest (docs/reference/hil.md).

    Example: lamplighter test --port /dev/ttyUSB0
    """
    from ..acceptance import checks
    from ..device import ports, psram
    from ..device.repl import Repl

    half = "There is no result; the node restarts and keeps working. Run `lamplighter test` again."
    seen = None
    with screen.if_interrupted(half), ports.claim(port), contextlib.ExitStack() as stack:
        with Repl(port, screen.note) as node:
            psram.require(node)
            who = checks.begin(node)
            screen.note(f"{who}: testing")
            if not as_json:
                screen.row(HEADINGS, WIDTHS, "bold")
            rows = checks.run(node, (lambda row: None) if as_json else _show)
            failed = [row for row in rows if not row["ok"]]
            # open before the node restarts: what it says then is from now
            check = stack.enter_context(_at_broker(node, *broker, identity)) if broker and not failed else None
        if check:
            screen.note(f"{who}: waiting for its messages at {check.host}:{check.port}")
            seen = check.wait(None, within)
    if as_json:
        told = {"node": who, "verdict": "fail" if failed else "pass", "checks": rows}
        screen.result(told | ({"broker": seen} if seen else {}))
    else:
        screen.out.print()
        for row in failed:
            remedy = check_sentences.remedy(row)
            screen.out.print(f"{row['check']} {row['what']}: {row['word']}. {remedy}", markup=False)
    if failed:
        raise SelftestFailed(f"{who}: {len(failed)} of {len(rows)} checks failed.")
    if not as_json:
        heard = f", seen at the broker: {', '.join(seen['topics'])}" if seen else ""
        screen.out.print(f"[bold green]PASS[/] {who}: {len(rows)} checks{heard}.")


def _at_broker(node: Repl, host: str, port: int, identity: Path | None) -> BrokerCheck:
    """What waits for the node at its broker, with the node's own access. Raises IdentityMissing."""
    from ..commissioning.broker_check import BrokerCheck
    from ..device import node_files
    from ..pki.city import City

    doc = node_files.document(node, "/config.json") or {}
    mqtt, secured = doc["mqtt"], "tls" in doc["mqtt"]
    if secured and not identity:
        cause = "This broker requires the lamppost's certificate, which is in the city's identity folder."
        raise IdentityMissing(cause, "Name the city's identity folder with --identity.")
    city = City.load(identity) if secured and identity else None
    name, port = f"{doc['site']}/{doc['node']}", port or (8883 if secured else 1883)
    return BrokerCheck(name, host, port, secured, city, mqtt.get("user"), mqtt.get("password"))


HEADINGS = {
    "mark": " ", "check": "check", "what": "what", "value": "value", "low": "low", "high": "high", "unit": "unit",
    "word": "fault",
}  # fmt: skip
WIDTHS = {"mark": 1, "check": 9, "what": 9, "value": -8, "low": -7, "high": -7, "unit": 6, "word": 8}


def _show(row: dict[str, Any]) -> None:
    screen.row(check_sentences.cells(row), WIDTHS, None if row["ok"] else "bold red")
