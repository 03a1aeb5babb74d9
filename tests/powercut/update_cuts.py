"""The update of an app, prepared as the host does it, for the sweep that cuts at each of its flash operations."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import subprocess
import sys
from pathlib import Path

from lamplighter import paths
from lamplighter.image import compile
from lamplighter.update import delta, update

HERE = Path(__file__).parent
MICROPYTHON = Path(sys.executable).parent / "micropython"
BOOT = paths.folder("firmware") / "boot.py"


def app(build, count, changed=(), absent=()):
    """An app of `count` modules and a few: path -> bytes. They only have bytes; made.mpy says which build it is."""
    chance = random.Random(1)
    modules = {f"lamppost/m{n}.mpy": chance.randbytes(chance.randrange(200, 1400)) for n in range(count)}
    modules["lamppost/core/deep.mpy"] = chance.randbytes(300)
    for n in changed:
        modules[f"lamppost/m{n}.mpy"] = modules[f"lamppost/m{n}.mpy"][:150] + random.Random(n + 50).randbytes(400)
    modules["lamppost/made.mpy"] = compile.compile_module("lamppost/made.py", f"BUILD = {build!r}\n")
    modules["lamppost/__init__.mpy"] = compile.compile_module("lamppost/__init__.py", "")
    return {path: data for path, data in modules.items() if path not in absent}


def described(build, modules):
    return {
        "build": build,
        "files": {path: hashlib.sha256(data).hexdigest() for path, data in modules.items()},
        "content": {path: base64.b64encode(data).decode() for path, data in modules.items()},
    }


def job(path, count):
    """Write what update_on_micropython.py needs."""
    old, new = app("old", count), app("new", count, changed=(2, 5), absent=("lamppost/core/deep.mpy",))
    new["lamppost/added.mpy"] = b"\x03" * 40 + random.Random(3).randbytes(200)
    manifest = json.dumps(
        {"build": "new", "files": described("new", new)["files"], "version": "1"},
        separators=(",", ":"), sort_keys=True,
    )  # fmt: skip
    changed = ["lamppost/m2.mpy", "lamppost/m5.mpy"]
    blocks = {
        name: [base64.b64encode(delta.stuffed(body)).decode()
               for body, _ in delta.blocks([delta.Coming(name, data, (0, old[name]) if name in changed else None)])]
        for name, data in new.items()
    }  # fmt: skip
    path.write_text(json.dumps({
        "old": described("old", old), "older": described("older", app("older", count, changed=range(0, count, 2))),
        "new": described("new", new), "sizes": {name: len(data) for name, data in new.items()},
        "changed": changed, "blocks": blocks, "sha": hashlib.sha256(manifest.encode()).hexdigest()[:16],
    }))  # fmt: skip


def sweep(folder, runs="a", stride=1, count=6, node=None, boot=BOOT):
    """What the sweep finds; files that a cut left open complain before it when they are collected."""
    job(folder / "job.json", count)
    if node is None:
        node = folder / "node.py"
        node.write_text(update.program_text())
    done = subprocess.run(
        [MICROPYTHON, "-X", "heapsize=32M", HERE / "update_on_micropython.py", node, boot, folder / "job.json", runs,
         str(stride)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])
