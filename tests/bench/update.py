"""A new app on a paced line at 115200 baud: `lamplighter update` beside `mpremote fs cp -r` of sources; and the time it
takes to compile the app from nothing."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lamplighter import paths
from lamplighter.device import node_files
from lamplighter.device.repl import Repl
from lamplighter.image import build, compile, littlefs
from lamplighter.update import update
from lamplighter.virtual.lamppost import VirtualLamppost

BAUD = 115200
WIRE = BAUD / 10  # bytes a second
SOME = 12  # modules that are edited, for an update of some
BOARD = "lamppost-esp32"
DOC = {
    "v": 1, "site": "lisbon", "node": "lp-0042", "wifi": {"ssid": "lamplighter"}, "mqtt": {"host": "broker.lan"},
    "parts": [{"id": "meter", "part": "pzem004t", "bus": "meter"}], "energy": {"part": "meter"},
}  # fmt: skip


def cold_build() -> float:
    """Seconds that compiling the app takes with an empty cache."""
    program = "import time;from lamplighter.image import littlefs;t=time.monotonic();littlefs.compile_app();"
    with tempfile.TemporaryDirectory() as empty:
        command = [sys.executable, "-c", program + "print(time.monotonic()-t)"]
        environment = {**os.environ, "XDG_CACHE_HOME": empty, "HOME": empty}
        return float(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


def edited(source: Path, target: Path, count: int) -> list[str]:
    """A copy of the firmware in which so many modules have one function more: their paths."""
    shutil.copytree(source, target)
    found = []
    for path in sorted((target / "lamppost").rglob("*.py")):
        if len(found) < count and "\ndef " in path.read_text():
            with path.open("a") as file:
                file.write(f"\n\ndef patched_{path.stem}(value):\n    return value + len({path.stem!r})\n")
            found.append(path.relative_to(target).as_posix())
    return found


def _lamp(folder: Path) -> VirtualLamppost:
    lamp = VirtualLamppost(BOARD, workdir=folder, paced=True)
    lamp.flash_image(build.build(lamp.board, build.standin(lamp.board)))
    lamp.start()
    lamp.console.wait_for("Ctrl-C within", 60)
    with Repl(lamp.port) as node:
        node_files.adopt(node, json.dumps(DOC).encode())
    lamp.console.wait_for("app: ", 60)
    return lamp


def _update(lamp: VirtualLamppost, app: compile.App, known: bool, nothing: bool = False) -> dict[str, float]:
    """As the verb does it; the restart at its end is in whole_s alone. nothing -- as if the node had no file of it."""
    started = time.monotonic()
    with Repl(lamp.port) as node:
        entered, before = time.monotonic(), lamp.line_bytes
        there = update.look(node)
        if nothing:
            there = dataclasses.replace(there, here=[], spare=[])
        done = update.renew(node, littlefs.slot(app), there, compile.Cache().modules() if known else ())
        crossed, took = lamp.line_bytes - before, time.monotonic() - entered
    lamp.console.forget()
    lamp.console.wait_for("app: ", 60)
    return {
        "bytes": crossed, "seconds": round(took, 2), "to_the_wire": round(took / (crossed / WIRE), 2),
        "blocks": done.sent, "changed": done.changed, "whole_s": round(time.monotonic() - started, 2),
    }  # fmt: skip


def measure() -> dict:
    source = paths.folder("firmware")
    cold_s = cold_build()
    with tempfile.TemporaryDirectory(prefix="bench-update-") as scratch:
        folder = Path(scratch)
        littlefs.compile_app()  # the cache holds what the node has
        apps = {}
        for count in (1, 2, SOME):
            changed = edited(source, folder / str(count), count)
            apps[count] = compile.compile_app(folder / str(count))
        lamp = _lamp(folder / "lamp")
        try:
            rows = {
                "one function more": _update(lamp, apps[1], known=True),
                "the same, old module unknown here": _update(lamp, apps[2], known=False),
                f"{SOME - 2} functions more in as many modules": _update(lamp, apps[SOME], known=True),
                "the whole app": _update(lamp, apps[1], known=False, nothing=True),
            }
            sources = folder / "sources"
            for path in changed:
                (sources / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source / path, sources / path)
            before, started = lamp.line_bytes, time.monotonic()
            subprocess.run(
                [sys.executable, "-m", "mpremote", "connect", lamp.port,
                 "fs", "cp", "-r", f"{sources}/lamppost", ":/new"],
                check=True, capture_output=True, timeout=300,
            )  # fmt: skip
            usual = {"bytes": lamp.line_bytes - before, "seconds": round(time.monotonic() - started, 2)}
        finally:
            lamp.stop()
    return {
        "baud": BAUD, "cold_build_s": round(cold_s, 2), "modules": len(apps[1].modules),
        "rows": rows, "mpremote": usual,
    }  # fmt: skip


def table(figures: dict) -> str:
    rows = [
        f"the app of {figures['modules']} modules compiles in {figures['cold_build_s']:.1f} s with an empty cache",
        f"update at {figures['baud']} baud: bytes both ways, with all that the node is told",
        "                                           files     bytes   seconds   to the wire's   with restart",
    ]
    for name, row in figures["rows"].items():
        rows.append(
            f"  {name:<38}{row['changed']:>8}{row['bytes']:>10,}{row['seconds']:>10.2f}"
            f"{row['to_the_wire']:>14.2f}{row['whole_s']:>15.2f}"
        )
    usual = figures["mpremote"]
    name = f"mpremote fs cp -r of {SOME} sources"
    rows.append(f"  {name:<38}{SOME:>8}{usual['bytes']:>10,}{usual['seconds']:>10.2f}")
    return "\n".join(rows)


if __name__ == "__main__":
    measured = measure()
    print(table(measured))
    print(json.dumps(measured))
