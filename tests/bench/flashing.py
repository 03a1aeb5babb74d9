"""Flashing on paced lines: the first beside what the wire allows, the second with nothing to do, four at once."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

from lamplighter.boards import board_file
from lamplighter.image import build, simulated
from lamplighter.virtual.lamppost import VirtualLamppost

BOARD = "lamppost-esp32"
BAUDS = (921600, 460800, 115200)
APP = 1_545_000  # bytes, as MicroPython 1.28 with PSRAM has
DENSE = 0.3  # of them do not deflate, so that all of it comes to two thirds, as an official image does
SEVERAL = 4


def micropython(board: board_file.Board, folder: Path) -> Path:
    """A stand-in of a size and a compressibility like those of an official image: it holds a real program's bytes."""
    real = Path(sys.executable).resolve().read_bytes() + Path(zlib.__file__ or sys.executable).read_bytes()
    dense = b"".join(hashlib.sha256(b"%d" % block).digest() for block in range(int(APP * DENSE) // 32))
    path = folder / "micropython.bin"
    path.write_bytes(simulated.standin_bytes(board, (dense + real * (1 + APP // len(real)))[:APP]))
    return path


def compressed(board: board_file.Board, path: Path) -> int:
    """Bytes that must cross the wire: each segment deflated as well as esptool does it."""
    return sum(len(zlib.compress(segment.data, 9)) for segment in build.build(board, path).parts)


def _flash(ports: list[str], path: Path, baud: int) -> tuple[float, list[dict]]:
    """(seconds of the whole command, its results)."""
    named = [word for port in ports for word in ("--port", port)]
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "lamplighter", "flash", *named, "--board", BOARD, "--micropython", path,
         "--baud", str(baud), "--json"],
        capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    told = json.loads(done.stdout)
    return time.monotonic() - started, told if isinstance(told, list) else [told]


def measure(bauds: tuple[int, ...] = BAUDS) -> dict:
    board = board_file.load(BOARD)
    figures: dict = {"first": {}, "second_s": 0.0}
    with tempfile.TemporaryDirectory(prefix="bench-flash-") as scratch:
        folder = Path(scratch)
        path = micropython(board, folder)
        figures["compressed"] = compressed(board, path)
        for baud in bauds:
            with VirtualLamppost(BOARD, workdir=folder / str(baud), paced=True) as lamp:
                whole, (told,) = _flash([lamp.port], path, baud)
                least = figures["compressed"] * 10 / baud
                figures["first"][baud] = {
                    "wire_s": round(least, 1), "writing_s": told["writing_s"], "esptool_s": told["seconds"],
                    "whole_s": round(whole, 1), "share": round(least / told["writing_s"], 3),
                    "share_whole": round(least / whole, 3),
                }  # fmt: skip
                if baud == bauds[0]:
                    lamp.console.wait_for("no configuration")
                    figures["second_s"] = round(_flash([lamp.port], path, baud)[0], 2)
        lamps = [VirtualLamppost(BOARD, workdir=folder / f"of-{n}", paced=True).start() for n in range(SEVERAL)]
        try:
            several, _ = _flash([lamp.port for lamp in lamps], path, bauds[0])
        finally:
            for lamp in lamps:
                lamp.stop()
        figures["several_s"] = round(several, 1)
        figures["several_to_one"] = round(several / figures["first"][bauds[0]]["whole_s"], 2)
    return figures


def table(figures: dict) -> str:
    rows = [
        f"{figures['compressed']:,} bytes compressed: boot loader, table, MicroPython of {APP:,} bytes, file system",
        "     baud   the wire's   writing   share   with esptool's start   whole command   share",
    ]
    for baud, row in figures["first"].items():
        rows.append(
            f"  {baud:>7}{row['wire_s']:>11.1f} s{row['writing_s']:>8.1f} s{row['share']:>8.3f}"
            f"{row['esptool_s']:>21.1f} s{row['whole_s']:>14.1f} s{row['share_whole']:>8.3f}"
        )
    rows.append(f"  again with nothing changed: {figures['second_s']:.1f} s, the whole command")
    rows.append(f"  {SEVERAL} boards at once: {figures['several_s']:.1f} s, {figures['several_to_one']:.2f} times one")
    return "\n".join(rows)


if __name__ == "__main__":
    measured = measure()
    print(table(measured))
    print(json.dumps(measured))
