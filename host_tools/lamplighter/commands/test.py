"""`lamplighter test`: the node's self-test, as a table of measured values with limits, and one verdict."""

from __future__ import annotations

import json
from typing import Any

import click

from .. import screen
from ..problems import NodeSaidNo, SelftestFailed

SELFTEST = """
from lamppost import app
app.selftest()
"""

# word of a failed check -> what to do about it, in one sentence
REMEDIES = {
    "silent": "Check the part's supply and its two data wires (TX and RX crossed?).",
    "garbled": "Check the wires for length, shield and a common ground.",
    "refused": "The part refused: check its model and address.",
    "foreign": "Another part or address answers: compare with the configuration.",
    "range": "The part measures nonsense: replace it.",
    "signal": "Clean the sensor's window, and check what it looks at.",
    "warming": "Wait a minute, and run the test again.",
    "bus": "Check for a short circuit and the pull-up resistors.",
    "nowifi": "Check the WiFi name and password, and that the access point is in reach.",
    "weak": "Move the antenna or the access point: the signal is too weak.",
    "badlogin": "Check the user and password of the configuration.",
    "nodns": "Check the spelling of the broker's name and the network's DNS.",
    "timeout": "Check that the network lets the node reach the broker.",
    "heap": "Restart the node; if it stays, bring the firmware again with `lamplighter flash`.",
}


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
        who = (node_files.document(node, "/config.json") or {}).get("node", "node without configuration")
        screen.note(f"{who}: testing")
        rows, verdict = _run(node)
    failed = [row for row in rows if not row["ok"]]
    if as_json:
        screen.result({"node": who, "verdict": verdict, "checks": rows})
    else:
        screen.table(HEADINGS, [_cells(row) for row in rows], right=("value", "low", "high"))
        screen.out.print()
        for row in failed:
            remedy = REMEDIES.get(row["word"], "See docs/reference/faults.md.")
            word = row["word"] or "outside its limits"
            screen.out.print(f"{row['check']} {row['what']}: {word}. {remedy}", markup=False)
    if verdict != "pass" or failed:
        raise SelftestFailed(f"{who}: {len(failed)} of {len(rows)} checks failed.")
    if not as_json:
        screen.out.print(f"[bold green]PASS[/] {who}: {len(rows)} checks.")


def _run(node: Any) -> tuple[list[dict[str, Any]], str]:
    """The rows as the node prints them; a part may take ten seconds to warm up."""
    lines: list[str] = []

    def heard(line: str) -> None:
        lines.append(line)

    node.run(SELFTEST, within=60, on_line=heard)
    rows, verdict = [], ""
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            continue  # a line for the console log
        if isinstance(row, dict) and "verdict" in row:
            verdict = row["verdict"]
        elif isinstance(row, dict) and "check" in row:
            rows.append(row)
    if not verdict:
        raise NodeSaidNo("The self-test ended without a verdict.")
    return rows, verdict


HEADINGS = {
    "mark": "", "check": "check", "what": "what", "value": "value", "unit": "unit", "low": "low", "high": "high",
    "word": "fault",
}  # fmt: skip


def _cells(row: dict[str, Any]) -> dict[str, str]:
    cells = {key: "" if row.get(key) is None else str(row[key]) for key in HEADINGS}
    if row.get("value") is None:
        cells["value"] = "–"
    return {**cells, "mark": "✓" if row["ok"] else "✗", "style": "" if row["ok"] else "bold red"}
