"""`lamplighter test`: the acceptance checks, as a table of measured values with limits, and one verdict."""

from __future__ import annotations

from typing import Any

import click

from .. import screen
from ..commissioning import check_sentences
from ..problems import SelftestFailed


@click.command("test")
@click.option("--port", required=True, metavar="PORT", help="Serial port, e.g. /dev/ttyUSB0.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: verdict and checks.")
def command(port: str, as_json: bool) -> None:
    """Check supply, app slots, files, every part, journal and network; exit code 42 if a check fails.

    A bench runs the same checks with pytest (docs/reference/hil.md).

    Example: lamplighter test --port /dev/ttyUSB0
    """
    from ..acceptance import checks
    from ..device import ports, psram
    from ..device.repl import Repl

    half = "There is no result; the node restarts and keeps working. Run `lamplighter test` again."
    with screen.if_interrupted(half), ports.claim(port), Repl(port, screen.note) as node:
        psram.require(node)
        who = checks.begin(node)
        screen.note(f"{who}: testing")
        if not as_json:
            screen.row(HEADINGS, WIDTHS, "bold")
        rows = checks.run(node, (lambda row: None) if as_json else _show)
    failed = [row for row in rows if not row["ok"]]
    if as_json:
        screen.result({"node": who, "verdict": "fail" if failed else "pass", "checks": rows})
    else:
        screen.out.print()
        for row in failed:
            remedy = check_sentences.remedy(row)
            screen.out.print(f"{row['check']} {row['what']}: {row['word']}. {remedy}", markup=False)
    if failed:
        raise SelftestFailed(f"{who}: {len(failed)} of {len(rows)} checks failed.")
    if not as_json:
        screen.out.print(f"[bold green]PASS[/] {who}: {len(rows)} checks.")


HEADINGS = {
    "mark": " ", "check": "check", "what": "what", "value": "value", "low": "low", "high": "high", "unit": "unit",
    "word": "fault",
}  # fmt: skip
WIDTHS = {"mark": 1, "check": 9, "what": 9, "value": -8, "low": -7, "high": -7, "unit": 6, "word": 8}


def _show(row: dict[str, Any]) -> None:
    screen.row(check_sentences.cells(row), WIDTHS, None if row["ok"] else "bold red")
