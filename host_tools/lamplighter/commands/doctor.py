"""`lamplighter doctor`: what is wrong with this machine or the lamppost, the likeliest cause first."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .. import screen
from ..problems import DoctorFound

if TYPE_CHECKING:
    from ..doctor.finding import Finding


@click.command("doctor")
@click.option("--port", metavar="PORT", help="Check the lamppost on this port too; it stops for half a minute.")
@click.option("--bundle", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.zip",
              help="Write a file for support, without passwords and keys.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print findings and ranked causes as JSON.")
def command(port: str | None, bundle: Path | None, as_json: bool) -> None:
    """Check this computer and, with --port, the lamppost: supply, last start, files, journal, clock, WiFi, DNS, TCP,
    TLS, MQTT and each part. Lists the causes, the likeliest first, each with its remedy; exit code 44 if one of them
    stops the lamppost from working.

    Example: lamplighter doctor --port /dev/ttyUSB0 --bundle lp-0042.zip
    """
    from ..device import ports
    from ..doctor import host, node
    from ..doctor.finding import BAD, ranked
    from ..doctor.support_file import write

    patient, findings = node.Patient(), []

    def found(one: Finding) -> None:
        findings.append(one)
        if not as_json:
            _show(one)

    if not as_json:
        screen.row(HEADINGS, WIDTHS, "bold")
    for one in host.look(port):
        found(one)
    if port and not any(one.kind == "port" and one.state == BAD for one in findings):
        with ports.claim(port):
            for one in node.look(port, patient, screen.note):
                found(one)
    causes = ranked(findings)
    if bundle:
        write(bundle, findings, patient)
        screen.note(f"{bundle} written for support, without passwords and keys")
    if as_json:
        screen.result({"findings": [one.as_dict() for one in findings], "causes": [one.as_dict() for one in causes]})
    else:
        _tell(causes)
    bad = sum(one.state == BAD for one in causes)
    if bad:
        words = "1 problem that stops" if bad == 1 else f"{bad} problems that stop"
        raise DoctorFound(f"Found {words} the lamppost from working.")


HEADINGS = {"mark": " ", "what": "what", "said": "how it is"}
WIDTHS = {"mark": 1, "what": 15, "said": 50}


def _show(one: Finding) -> None:
    from ..doctor.finding import BAD, MARKS

    cells = {"mark": MARKS[one.state], "what": one.what, "said": one.said}
    screen.row(cells, WIDTHS, "bold red" if one.state == BAD else None)


def _tell(causes: list[Finding]) -> None:
    screen.out.print()
    if not causes:
        screen.out.print("[bold green]No problems found.[/]")
        return
    screen.out.print("The likeliest cause first:", style="bold")
    for number, one in enumerate(causes, 1):
        for head, words in ((f"{number:2}. ", one.cause), ("    ", one.remedy)):
            width = screen.out.width if screen.out.is_terminal else 10_000
            for line in textwrap.wrap(words, max(20, width - 5)):
                screen.text(head + line)
                head = "    "
