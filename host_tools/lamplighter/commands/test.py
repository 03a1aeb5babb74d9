"""`lamplighter test`: the node's self-test, as a table of measured values with limits, and one verdict."""

from __future__ import annotations

import json
from collections.abc import Callable
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
    "silent": "Check its supply, its two data wires (TX and RX crossed?), `address` and `baud` in its configuration.",
    "garbled": "Check the wires for length, shield and a common ground.",
    "refused": "The part refuses: check its model and address.",
    "foreign": "Another part or address answers: compare with the configuration.",
    "range": "The value is outside its limits: look at what the part measures, then replace the part.",
    "backwards": "Swap the two wires of the meter's current path, or turn the current transformer round.",
    "signal": "Clean the sensor's window, and look at what it looks at.",
    "warming": "Wait a minute, and run the test again.",
    "unset": "The clock is set by the first time server that the node believes: bring it into its network once.",
    "bus": "Check for a short circuit and for the pull-up resistors.",
    "nowifi": "Check the WiFi name and password, and that the access point is in reach.",
    "timeout": "Check that the access point is in reach and lets the node in.",
    "badlogin": "Check the WiFi password of the configuration.",
}
# the same for the checks that are no parts and fail by their limit
OF_THE_NODE = {
    "node": "Restart the node; if it stays, bring the firmware again with `lamplighter flash`.",
    "journal": "The journal partition is too small: bring the firmware again with `lamplighter flash`.",
    "wifi": "The signal is weak: move the antenna or the access point.",
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
            screen.out.print(f"{row['check']} {row['what']}: {row['word']}. {_remedy(row)}", markup=False)
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

# as people at a pole read them: UCUM unit -> (unit on the screen, divisor)
SHOWN = {"mV": ("V", 1000), "mA": ("A", 1000), "mW": ("W", 1000), "mHz": ("Hz", 1000), "Cel": ("°C", 1),
         "ug/m3": ("µg/m³", 1), "1": ("", 1), "B": ("kB", 1000)}  # fmt: skip
NAMES = {"u_mv": "voltage", "i_ma": "current", "p_mw": "power", "f_mhz": "frequency", "pf": "factor",
         "d_mm": "distance", "t": "air temp", "rh": "humidity", "p": "pressure", "pm2_5": "PM2.5", "pm10": "PM10",
         "pm1": "PM1", "pm4": "PM4", "heap_free": "free heap", "rssi": "signal"}  # fmt: skip


def _show(row: dict[str, Any]) -> None:
    unit, divisor = SHOWN.get(row["unit"], (row["unit"], 1))
    decimals = _decimals(row["what"])

    def number(value: int | None) -> str:
        if value is None:
            return ""
        places = decimals if divisor == 1 else 1
        return f"{value / divisor / 10**decimals:.{places}f}"

    cells = {"check": row["check"], "what": NAMES.get(row["what"], row["what"]), "unit": unit, "word": row["word"]}
    cells |= {key: number(row.get(key)) for key in ("value", "low", "high")}
    cells["value"] = cells["value"] or "–"
    screen.row({**cells, "mark": "✓" if row["ok"] else "✗"}, WIDTHS, None if row["ok"] else "bold red")


def _decimals(what: str) -> int:
    from ..firmware import importable

    importable()
    from lamppost.core.quantity import decimals

    return decimals(what)


def _remedy(row: dict[str, Any]) -> str:
    if row["word"] == "range" and row["check"] in OF_THE_NODE:
        return OF_THE_NODE[row["check"]]
    return REMEDIES.get(row["word"], "See docs/reference/faults.md.")
