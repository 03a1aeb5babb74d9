"""A new app on a paced line at 115200 baud: `lamplighter update` beside `mpremote fs cp -r` of the same sources."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lamplighter.device import node_files
from lamplighter.device.repl import Repl
from lamplighter.image import build, littlefs, pack
from lamplighter.paths import folder as product_folder
from lamplighter.update import update
from lamplighter.virtual.lamppost import VirtualLamppost

BAUD = 115200
WIRE = BAUD / 10  # bytes a second
APP = 40_000  # bytes of .mpy that are new
BOARD = "lamppost-esp32"
DOC = {
    "v": 1, "site": "lisbon", "node": "lp-0042", "wifi": {"ssid": "lamplighter"}, "mqtt": {"host": "broker.lan"},
    "parts": [{"id": "meter", "part": "pzem004t", "bus": "meter"}], "energy": {"part": "meter"},
}  # fmt: skip


class Counted:
    """The bytes that cross a line, both ways."""

    def __init__(self, lamp: VirtualLamppost):
        self.there = self.back = 0
        machine, line = lamp._machine, lamp._machine._line
        assert line
        heard, say = machine._heard, line.say

        def count_heard(data: bytes) -> None:
            self.there += len(data)
            heard(data)

        def count_said(data: bytes) -> None:
            self.back += len(data)
            say(data)

        line._heard, line.say = count_heard, count_said  # type: ignore[method-assign]

    def start(self) -> None:
        self.there = self.back = 0


def _edited(source: Path, target: Path) -> tuple[list[str], list[str]]:
    """A working copy in which all sources of so many files are edited as make APP bytes of .mpy: paths of sources,
    and of the .mpy."""
    shutil.copytree(source, target)
    app, total, paths, changed = littlefs.compile_app(source), 0, [], []
    for module, members in app.functions.items():
        name = f"{module.replace('.', '/')}.mpy"
        if total >= APP:
            break
        sources = [f"{member.replace('.', '/')}.py" for member in members]
        found = [path for path in sources if path in paths or _edit(target / path)]
        if found:
            total += len(app.modules[name])
            paths += [path for path in found if path not in paths]
            changed.append(name)
    return paths, changed


def _edit(path: Path) -> bool:
    """Give a source one more function; False where there is none, or nothing to see a change by."""
    text = path.read_text() if path.is_file() else ""
    if "\ndef " not in text and "\nclass " not in text:
        return False
    more = f"\n\ndef patched_{path.stem}(value):\n    return value * {len(text)} + len({path.stem!r})\n"
    path.write_text(text + more)
    return True


def _lamp(folder: Path) -> VirtualLamppost:
    lamp = VirtualLamppost(BOARD, workdir=folder, paced=True)
    lamp.flash_image(build.build(lamp.board, build.standin(lamp.board)))
    lamp.start()
    lamp.console.wait_for("Ctrl-C within")
    with Repl(lamp.port) as node:
        node_files.adopt(node, json.dumps(DOC).encode())
    lamp.console.wait_for("app: ")
    return lamp


def _update(lamp: VirtualLamppost, counted: Counted, wanted: bytes, old: bytes | None) -> dict[str, float]:
    """As the verb does it, without the restart at its end."""
    counted.start()
    started = time.monotonic()
    with Repl(lamp.port) as node:
        entered = time.monotonic()
        before = counted.there + counted.back
        there = update.look(node, wanted, lambda head: old)
        done = update.renew(node, wanted, there)
        bytes_both = counted.there + counted.back
        took = time.monotonic() - entered
        # half duplex: nothing is sent while the other side speaks, so both ways add up
        least = (bytes_both - before) / WIRE
    lamp.console.forget()
    lamp.console.wait_for("app: ")
    return {
        "bytes": bytes_both, "seconds": round(took, 2), "to_the_wire": round(took / least, 3), "blocks": done.sent,
        "changed": done.changed, "whole_s": round(time.monotonic() - started, 2),
    }  # fmt: skip


def measure() -> dict:
    source = product_folder("firmware")
    with tempfile.TemporaryDirectory(prefix="bench-update-") as scratch:
        folder = Path(scratch)
        paths, changed = _edited(source, folder / "edited")
        now, new = littlefs.compile_app(source), littlefs.compile_app(folder / "edited")
        # only the edited modules, so that it is an update of APP bytes: other names move their substitutes too
        modules = {**now.modules, **{name: new.modules[name] for name in changed}}
        old, wanted = littlefs.slot(now), pack.build({**modules, "lamppost/made.mpy": b""})
        size = sum(len(modules[name]) for name in changed)
        lamp = _lamp(folder / "lamp")
        try:
            counted = Counted(lamp)
            known = _update(lamp, counted, wanted, old)
            with Repl(lamp.port) as node:
                node.run("import json;json.dump({'active':'a'},open('/state.json','w'));import machine\n"
                         "machine.RTC().memory(b'');import os;os.remove('/b.app')")
            lamp.console.forget()
            lamp.console.wait_for("app: ")
            unknown = _update(lamp, counted, wanted, None)
            sources = folder / "sources"
            for path in paths:
                (sources / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source / path, sources / path)
            counted.start()
            started = time.monotonic()
            subprocess.run(
                [sys.executable, "-m", "mpremote", "connect", lamp.port,
                 "fs", "cp", "-r", f"{sources}/lamppost", ":/new"],
                check=True, capture_output=True, timeout=300,
            )  # fmt: skip
            usual = {"bytes": counted.there + counted.back, "seconds": round(time.monotonic() - started, 2)}
        finally:
            lamp.stop()
    return {
        "baud": BAUD, "modules": len(changed), "mpy": size, "known": known, "unknown": unknown, "mpremote": usual,
        "faster": round(usual["seconds"] / known["seconds"], 1),
        "faster_whole": round(usual["seconds"] / known["whole_s"], 1),
        "faster_unknown": round(usual["seconds"] / unknown["seconds"], 1),
    }  # fmt: skip


def table(figures: dict) -> str:
    rows = [
        f"{figures['modules']} modules with {figures['mpy']:,} bytes of .mpy at {figures['baud']} baud",
        "                                                 bytes   seconds   to the wire's   with restart",
    ]
    for name, row in (
        ("update, this computer built the old app", figures["known"]),
        ("update, the old app is not known here", figures["unknown"]),
    ):
        rows.append(f"  {name:<44}{row['bytes']:>8,}{row['seconds']:>10.2f}{row['to_the_wire']:>14.3f}"
                    f"{row['whole_s']:>15.2f}")  # fmt: skip
    usual = figures["mpremote"]
    rows.append(f"  {'mpremote fs cp -r of their sources':<44}{usual['bytes']:>8,}{usual['seconds']:>10.2f}")
    rows.append(
        f"  update is {figures['faster']} times faster ({figures['faster_unknown']} where the old app is not known; "
        f"{figures['faster_whole']} with entering and restart)"
    )
    return "\n".join(rows)


if __name__ == "__main__":
    measured = measure()
    print(table(measured))
    print(json.dumps(measured))
