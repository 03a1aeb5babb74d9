"""The sweep that cuts a pushed configuration at each of its flash operations; it runs in MicroPython."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from lamplighter import paths

HERE = Path(__file__).parent
MICROPYTHON = Path(sys.executable).parent / "micropython"


def sweep(connects: bool, stride: int = 1, firmware: Path | None = None) -> dict:
    """connects -- whether the pushed configuration does. What the sweep finds; files that a cut left open complain."""
    done = subprocess.run(
        [MICROPYTHON, "-X", "heapsize=32M", HERE / "config_on_micropython.py", firmware or paths.folder("firmware"),
         "good" if connects else "bad", str(stride)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])
