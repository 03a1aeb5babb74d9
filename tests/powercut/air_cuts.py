"""An update over the air, prepared as `lamplighter release` does it, for the sweep of power cuts."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

from lamplighter import paths
from lamplighter.image.compile import App
from lamplighter.pki.release_keys import ReleaseKeys
from lamplighter.release import release_folder
from update_cuts import BOOT, MICROPYTHON, app, described

APPS = ("well", "silent", "crashing")  # how the new app does
HERE = Path(__file__).parent


def job(folder: Path, count: int) -> None:
    """Write what air_on_micropython.py needs."""
    keys = ReleaseKeys.create(folder / "identity", None)
    name = next(iter(keys.trusted))
    old, new = app("old", count), app("new", count, changed=(2, 5), absent=("lamppost/core/deep.mpy",))
    served = folder / "served"
    for one, modules in (("old", old), ("new", new)):
        del modules["lamppost/made.mpy"]  # a release makes its own
        made = release_folder.write(served, App(modules, "1.0", one), {name: keys.read(name, None)})
    older = app("older", count, changed=range(0, count, 2))
    files = {f"/{path.relative_to(served).as_posix()}": path for path in served.rglob("*") if path.is_file()}
    (folder / "job.json").write_text(json.dumps({
        "build": "new", "old": described("old", old), "older": described("older", older), "keys": keys.trusted,
        "server": {place: base64.b64encode(path.read_bytes()).decode() for place, path in files.items()},
        "desired": {"id": "u1", "url": f"http://releases.lan/{made.path.name}", "sha256": made.sha256},
    }))  # fmt: skip


def sweep(folder: Path, does: str = "well", stride: int = 1, count: int = 6, firmware: Path | None = None) -> dict:
    """What the sweep finds. does -- how the new app does: well, silent or crashing"""
    job(folder, count)
    done = subprocess.run(
        [MICROPYTHON, "-X", "heapsize=64M", HERE / "air_on_micropython.py", firmware or paths.folder("firmware"), BOOT,
         folder / "job.json", does, str(stride)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])
