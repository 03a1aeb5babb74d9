"""Updates over the air of app and MicroPython, prepared as `lamplighter release` does it, and cut by the power.

As a program it cuts at every operation of all of them and prints a table: `make powercut` does that too.
"""

from __future__ import annotations

import argparse
import atexit
import base64
import functools
import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from lamplighter import paths, virtual
from lamplighter.image import esp_format
from lamplighter.image.compile import App
from lamplighter.pki.release_keys import ReleaseKeys
from lamplighter.release import release_folder
from lamplighter.release.base_image import BaseImage
from update_cuts import MICROPYTHON, app, described

APPS = ("well", "silent", "crashing", "failing")  # how the new app does: the last one does not start
# how a new MicroPython does: with "dawns" the power goes ten times before it is confirmed, "dead" never reaches boot.py
BASES = (*APPS, "dawns", "dead")
FLOOR = "1.0"  # of the release: once it is confirmed, no older one may come
WHAT = ("app", "base", "both")  # what is updated
MACHINE = "Lamppost with ESP32"
MODULES = Path(virtual.__file__).parent / "chip_modules"
HERE = Path(__file__).parent


def images(what: str) -> dict[str, bytes]:
    """Two images of MicroPython that differ here and there; the new one only if it is updated."""
    chance = random.Random(7)
    old = chance.randbytes(30000)
    new = old[:9000] + chance.randbytes(5000) + old[14000:] + chance.randbytes(3001)
    made = {"old": old} if what == "app" else {"old": old, "new": new}
    return {name: esp_format.build(0, 4 << 20, [(0x3F400020, body)]) for name, body in made.items()}


@functools.cache
def _identity() -> Path:
    """Release keys, made once: it takes seconds."""
    folder = Path(tempfile.mkdtemp(prefix="air-cuts-"))
    atexit.register(shutil.rmtree, folder, True)
    ReleaseKeys.create(folder, None)
    return folder


def job(folder: Path, count: int, what: str = "app", rollback: bool = True) -> None:
    """Write what air_on_micropython.py needs."""
    shutil.copytree(_identity(), folder / "identity")
    keys = ReleaseKeys(folder / "identity")
    name, backup = keys.trusted
    trusted = keys.for_nodes()
    keys.revoke(backup)
    old = app("old", count)
    new = old if what == "base" else app("new", count, changed=(2, 5), absent=("lamppost/core/deep.mpy",))
    build = "old" if what == "base" else "new"
    micropython = images(what)
    bases = [BaseImage(MACHINE, "1.28.1", micropython["new"], ())] if "new" in micropython else []
    served = folder / "served"
    for one, modules in {"old": old, build: new}.items():
        modules = {path: data for path, data in modules.items() if path != "lamppost/made.mpy"}  # it makes its own
        signers = {name: keys.read(name, None)}
        app_of_it = App(modules, "1.0", one)
        made = release_folder.write(
            served, app_of_it, signers, FLOOR, keys, images=bases, without_rollback=not rollback
        )  # fmt: skip
    older = app("older", count, changed=range(0, count, 2))
    files = {f"/{path.relative_to(served).as_posix()}": path for path in served.rglob("*") if path.is_file()}
    (folder / "job.json").write_text(json.dumps({
        "build": build, "old": described("old", old), "older": described("older", older), "keys": json.loads(trusted),
        "new_keys": json.loads(keys.for_nodes()), "floor": FLOOR,
        "machine": MACHINE, "rollback": rollback,
        "images": {each: base64.b64encode(body).decode() for each, body in micropython.items()},
        "server": {place: base64.b64encode(path.read_bytes()).decode() for place, path in files.items()},
        "desired": {"id": "u1", "url": f"http://releases.lan/{made.path.name}", "sha256": made.sha256},
    }))  # fmt: skip


def sweep(
    folder: Path, does: str = "well", stride: int = 1, count: int = 6, firmware: Path | None = None,
    what: str = "app", rollback: bool = True, near: int = 0,
) -> dict:  # fmt: skip
    """What the sweep finds. Every release brings a new list of keys and a floor.

    near -- cut every so many of the operations on /keys.json and NVS besides; 0: none
    does -- how what is new does; what -- is updated; rollback -- whether the boot loader has it
    """
    job(folder, count, what, rollback)
    firmware = firmware or paths.folder("firmware")
    done = subprocess.run(
        [MICROPYTHON, "-X", "heapsize=64M", HERE / "air_on_micropython.py", firmware, firmware / "boot.py", MODULES,
         folder / "job.json", does, str(stride), str(near)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


def cases() -> list[tuple[str, bool, str]]:
    """(what is updated, whether the boot loader has the rollback, how what is new does) of the whole campaign."""
    found = [("app", True, does) for does in APPS]
    for what in ("base", "both"):
        found += [(what, True, does) for does in BASES]
        # without rollback nothing helps an image that never reaches boot.py: a node refuses it, unless told not to
        found += [(what, False, does) for does in BASES if does != "dead"]
    return found


def one(case: tuple[str, bool, str]) -> dict:
    what, rollback, does = case
    # a silent one writes each of its minutes down: sixty times the same operations
    with tempfile.TemporaryDirectory() as folder:
        return sweep(Path(folder), does, 5 if does == "silent" else 1, 12 if what == "app" else 6, None, what, rollback)


def campaign(pool, show=lambda line: None) -> dict:
    """All cases: their cuts, and what was wrong; show(line) -- a row of the table as it is ready"""
    show(f"{'update':7} {'boot loader':16} {'what is new':12} {'operations':>10} {'cuts':>7} {'wrong':>6}")
    cuts, wrong = 0, []
    for (what, rollback, does), found in zip(cases(), pool.imap(one, cases()), strict=True):
        loader = "rollback" if rollback else "without rollback"
        show(f"{what:7} {loader:16} {does:12} {found['operations']:10} {found['cuts']:7} {len(found['wrong']):6}")
        cuts += found["cuts"]
        wrong += [f"{what}, {loader}, {does}: {text}" for text in found["wrong"]]
    return {"cuts": cuts, "wrong": wrong}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    with multiprocessing.Pool(options.processes) as pool:
        found = campaign(pool, lambda line: print(line, flush=True))
    for text in found["wrong"][:20]:
        print(text[:400])
    print(f"updates over the air: {found['cuts']} cuts, {len(found['wrong'])} wrong")
    return bool(found["wrong"])


if __name__ == "__main__":
    sys.exit(main())
