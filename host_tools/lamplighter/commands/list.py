"""`lamplighter list`: what is plugged in, and with --ask who it is."""

from __future__ import annotations

import click

from .. import ports, screen
from ..problems import Problem

WHO = """
import os,machine,binascii
print(binascii.hexlify(machine.unique_id()).decode())
print(os.uname().release)
"""


@click.command("list")
@click.argument("names", nargs=-1, metavar="[PORT]...")
@click.option("--ask", is_flag=True, help="Ask each node who it is: it is stopped for that, and restarted.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array to stdout.")
def command(names: tuple[str, ...], ask: bool, as_json: bool) -> None:
    """Show the ports that a lamppost may be on; other ports are never touched.

    A virtual lamppost or a network port is shown when it is named.

    Example: lamplighter list --ask
    """
    found = ports.plugged_in()
    known = {port.device for port in found}
    for name in names:
        if not ports.is_network(name):
            ports.check_named(name)
        if name not in known:
            found.append(ports.named(name))
    rows = []
    for port in found:
        row = port.as_dict()
        if ask and port.state == "free":
            screen.note(f"{port.device}: asking")
            row.update(_asked(port.device))
        rows.append(row)
    if as_json:
        screen.result(rows)
    elif not rows:
        screen.note("No lamppost is plugged in. Known bridges: CP210x, CH340, CH9102, FTDI, PL2303, USB-JTAG.")
    else:
        _show(rows, ask)


def _asked(device: str) -> dict[str, str]:
    from .. import node_files
    from ..repl import Repl

    try:
        with Repl(device) as node:
            facts = node.run(WHO).split()
            board = node_files.document(node, "/board.json") or {}
            build = node_files.document(node, "/build.json") or {}
            doc = node_files.document(node, "/config.json")
    except Problem as trouble:
        return {"state": trouble.word}
    return {
        "state": "running" if doc else "not configured",
        "id": facts[0],
        "micropython": facts[1],
        "chip": board.get("chip", ""),
        "board": board.get("board", ""),
        "firmware": str(build.get("version", "")),
        "node": "/".join(str(doc[key]) for key in ("site", "node") if key in doc) if doc else "",
        "asset": (doc or {}).get("asset", ""),
    }


def _show(rows: list[dict[str, str]], asked: bool) -> None:
    columns = {"device": "port", "state": "state", "bridge": "bridge", "place": "USB", "serial": "serial"}
    if asked:
        columns |= {key: key for key in ("chip", "board", "firmware", "node", "asset", "id")}
    screen.table(columns, rows)
