"""Runs the firmware in a 32-bit MicroPython on a PC and counts what lives on its heap, byte for byte as on an ESP32.

The engine is MicroPython for WebAssembly: 32-bit words and the same 16-byte blocks. Its interpreter runs under node.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from lamplighter.boards import board_file
from lamplighter.image import pack
from lamplighter.paths import folder

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CACHE = ROOT / ".cache" / "bench" / "node"
PACKAGE = "@micropython/micropython-webassembly-pyscript"
VERSION = "1.27.0"
TWINS = ROOT / "host_tools" / "lamplighter" / "virtual" / "parts"
MISSING = "not counted: npm and node are needed, and a network for the first time"
COLLECT = "gc.collect()"
_NAME = 7  # bytes of a name's row in a pool: hash, length, address
_FIRST_POOL = 20  # names; each further pool is twice as large


def engine() -> Path | None:
    """The 32-bit MicroPython (WebAssembly, the same 16-byte blocks as on an ESP32); None without node and npm."""
    found = CACHE / "node_modules" / PACKAGE / "micropython.mjs"
    if not shutil.which("node"):
        return None
    if not found.exists() and shutil.which("npm"):
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", CACHE, f"{PACKAGE}@{VERSION}"]
        subprocess.run(command, capture_output=True, timeout=120)
    return found if found.exists() else None


def job(board: dict, config: dict, app: dict[str, bytes], steps: list[str]) -> dict:
    """What python32.mjs is to do: the file system of a node, the chip, and the steps."""
    source = folder("firmware")
    files = {"/a.app": pack.build(app)}
    files |= {f"/chip/parts/{path.name}": path.read_bytes() for path in TWINS.glob("*.py")}
    files["/chip/chip_in_ram.py"] = (HERE / "chip_in_ram.py").read_bytes()
    files |= {f"/{name}": (source / name).read_bytes() for name in ("boot.py", "main.py")}
    documents = {
        "board": board,
        "config": config,
        "build": {"version": "0.1.0", "build": "0123456789ab"},
        "state": {"active": "a", "trial": None, "tries": 0},
    }
    files |= {f"/{name}.json": json.dumps(document).encode() for name, document in documents.items()}
    return {"files": {name: base64.b64encode(content).decode() for name, content in files.items()}, "steps": steps}


def chip_steps(board: dict) -> list[str]:
    """The chip is there, its parts too, and nothing of the firmware yet."""
    rows = []
    for row in board["fitted"]:
        bus = board["buses"][row["bus"]]
        where = row["address"] if bus["kind"] == "i2c" else bus["tx"]
        rows.append(f"{where}: __import__('parts.{row['part']}', None, None, ('Twin',)).Twin({row!r})")
    return [
        "import sys, gc; sys.path[:] = ['/chip', '.frozen']",
        f"import chip_in_ram; chip_in_ram.install({{{', '.join(rows)}}})",
        "import micropython",
        "def live(what): print('\\x01' + what, gc.mem_alloc()); micropython.qstr_info()",
        "def execute(name):\n with open(name) as file: exec(compile(file.read(), name, 'exec'), globals())",
        COLLECT,
        "live('chip')",
    ]


def count(config: dict, app: dict[str, bytes], steps: list[str]) -> dict[str, int]:
    """Run the steps; {what: bytes beyond the chip's own} of each live(what)."""
    program = engine()
    assert program
    board = board_file.load("lamppost-esp32").node_document()
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "job.json")
        path.write_text(json.dumps(job(board, {**config, "parts": board["fitted"]}, app, chip_steps(board) + steps)))
        command = ["node", HERE / "python32.mjs", program, path]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise RuntimeError(done.stdout[-1000:] + done.stderr[-1000:])
    rows = re.findall(r"\x01(.+) (\d+)\nqstr pool: .*n_qstr=(\d+)", done.stdout)
    (_, chip, names), *rest = [(what, int(size), int(number)) for what, size, number in rows]
    return {
        what: size - chip - (_pools(number) - _pools(names)) + _pools(number - names) for what, size, number in rest
    }


def _pools(names: int) -> int:
    """Bytes of the pools that so many names are kept in: on a real chip they begin with the firmware's."""
    size, room = _FIRST_POOL, 0
    while room < names:
        room += size
        size *= 2
    return _NAME * room
