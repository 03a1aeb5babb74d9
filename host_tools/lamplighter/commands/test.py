"""`lamplighter test`: the node's self-test, as a table of measured values with limits, and one verdict."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click

from .. import check_words, screen
from ..problems import NodeSaidNo, SelftestFailed

SELFTEST = """
from lamppost import app
app.selftest()
"""


@click.command("test")
@click.option("--port", required=True, metavar="PORT", help="Serial port, e.g. /dev/ttyUSB0.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: verdict and checks.")
def command(port: str, as_json: bool) -> None:
    """Run the node's self-test: every part, the journal, the network; exit code 42 if a check fails.

    Example: lamplighter test --port /dev/ttyUSB0
    """
    from .. import node_files, ports
    from ..repl import Repl

    with ports.claim(port), Repl(port, screen.note) as node:
        node.fresh()
        doc = node_files.document(node, "/config.json")
        if doc is None:
            raise NodeSaidNo("The node has no configuration yet.", "Give it one with `lamplighter configure`.")
        who = doc["node"]
        screen.note(f"{who}: testing")
        if not as_json:
            screen.row(HEADINGS, WIDTHS, "bold")
        rows, verdict = _run(node, (lambda row: None) if as_json else _show)
    failed = [row for row in rows if not row["ok"]]
    if as_json:
        screen.result({"node": who, "verdict": verdict, "checks": rows})
    else:
        screen.out.print()
        for row in failed:
            screen.out.print(f"{row['check']} {row['what']}: {row['word']}. {check_words.remedy(row)}", markup=False)
    if verdict != "pass" or failed:
        raise SelftestFailed(f"{who}: {len(failed)} of {len(rows)} checks failed.")
    if not as_json:
        screen.out.print(f"[bold green]PASS[/] {who}: {len(rows)} checks.")


def _run(node: Any, show: Callable[[dict[str, Any]], None]) -> tuple[list[dict[str, Any]], str]:
    """The rows as the node prints them, each shown at once; a part may take half a minute to warm up."""
    rows: list[dict[str, Any]] = []
    verdict = ""

    def heard(line: str) -> None:
        nonlocal verdict
        try:
            row = json.loads(line)
        except ValueError:
            return  # a line for the log
        if isinstance(row, dict) and "verdict" in row:
            verdict = row["verdict"]
        elif isinstance(row, dict) and "check" in row:
            rows.append(row)
            show(row)

    node.run(SELFTEST, within=60, on_line=heard)
    if not verdict:
        raise NodeSaidNo("The self-test ended without a verdict.")
    return rows, verdict


HEADINGS = {
    "mark": " ", "check": "check", "what": "what", "value": "value", "low": "low", "high": "high", "unit": "unit",
    "word": "fault",
}  # fmt: skip
WIDTHS = {"mark": 1, "check": 9, "what": 9, "value": -8, "low": -7, "high": -7, "unit": 6, "word": 8}


def _show(row: dict[str, Any]) -> None:
    screen.row(check_words.cells(row), WIDTHS, None if row["ok"] else "bold red")
