"""`lamplighter list`: what is plugged in, who it is, and what stands in the way of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .. import screen
from ..problems import Problem

if TYPE_CHECKING:
    from ..device.identify import Answer
    from ..device.ports import Port

WHO = """
import os,machine,binascii
print(binascii.hexlify(machine.unique_id()).decode())
print(os.uname().release)
"""
COLUMNS = {"device": "port", "state": "state", "bridge": "bridge", "place": "USB", "serial": "serial"}
DROPPED_FIRST = ("serial", "place", "config", "bridge", "reset", "chip", "board", "firmware", "mac", "asset", "state")
FACTS = ("mac", "asset", "node", "chip", "board", "firmware", "config", "reset")


@click.command("list")
@click.argument("names", nargs=-1, metavar="[PORT]...")
@click.option("--no-ask", is_flag=True, help="Open no port; show only what the operating system knows.")
@click.option("--ask", is_flag=True, help="If a node does not identify itself, stop it, ask its REPL and restart it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def command(names: tuple[str, ...], no_ask: bool, ask: bool, as_json: bool) -> None:
    """List the ports with a USB serial bridge, and the lamppost on each; other ports are never opened.

    A running node is asked at its console and keeps working. A virtual lamppost or a network port is listed only if you
    name it.

    Example: lamplighter list
    """
    from concurrent.futures import ThreadPoolExecutor

    from ..device import identify, ports

    if ask and no_ask:
        raise click.UsageError("--ask and --no-ask exclude each other.")
    found = ports.plugged_in()
    known = {ports.real(port.device) for port in found}
    for name in names:
        if not ports.is_network(name):
            ports.check_named(name)
        if ports.real(name) not in known:
            found.append(ports.named(name))
    if no_ask:
        answers: list[Answer | None] = [None for _ in found]
    else:
        with ThreadPoolExecutor(max(1, len(found))) as pool:
            answers = list(pool.map(lambda port: identify.ask(port.device), found))
    rows, remedies = [], []
    for port, answer in zip(found, answers, strict=True):
        row, trouble = _row(port, answer)
        if ask and answer and not answer.facts and port.state == "free":
            screen.note(f"{port.device}: stopping the app to ask the REPL")
            row |= _asked(port.device)
        elif trouble:
            row["trouble"] = f"{trouble.cause} {trouble.remedy}"
            remedies.append(row["trouble"])
        rows.append(row)
    if as_json:
        screen.result(rows)
    elif not rows:
        screen.note("No lamppost is connected. Known bridges: CP210x, CH340, CH9102, FTDI, PL2303, USB-JTAG.")
    else:
        screen.table(COLUMNS | {key: key for key in FACTS}, rows, DROPPED_FIRST)
        for line in remedies:
            screen.note(line)


def _row(port: Port, answer: Answer | None) -> tuple[dict[str, str], Problem | None]:
    from ..device import identify, ports
    from ..flash import preserve

    row = port.as_dict()
    if answer is None:
        try:
            ports.check(port.device)
        except Problem as trouble:
            return row, trouble
        return row, None
    row["state"] = "locked" if answer.facts.get("locked") else answer.state
    row.update({"mac": answer.mac} if answer.mac else {})
    row.update({key: str(answer.facts[key]) for key in FACTS if answer.facts.get(key)})
    if answer.state == identify.NOT_CONFIGURED and preserve.kept_for(answer.mac):
        return row, preserve.no_configuration(answer.mac)
    return row, answer.trouble


def _asked(device: str) -> dict[str, str]:
    from ..device import node_files
    from ..device.repl import Repl

    try:
        with Repl(device) as node:
            facts = node.run(WHO).split()
            board = node_files.document(node, "/board.json") or {}
            build = node_files.made(node)
            doc = node_files.document(node, "/config.json")
    except Problem as trouble:
        return {"state": trouble.word}
    return {
        "state": "running" if doc else "not configured",
        "mac": facts[0],
        "micropython": facts[1],
        "chip": board.get("chip", ""),
        "board": board.get("board", ""),
        "firmware": build.get("version", ""),
        "node": "/".join(str(doc[key]) for key in ("site", "node") if key in doc) if doc else "",
        "asset": (doc or {}).get("asset", ""),
    }
