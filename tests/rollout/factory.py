"""Lampposts from the factory: the flash of a virtual one with an older build, its configuration and the keys."""

from __future__ import annotations

import functools
import json
import shutil
from datetime import datetime
from pathlib import Path

from lamplighter import paths
from lamplighter.boards import board_file
from lamplighter.image import build, littlefs
from lamplighter.image.compile import App, compile_app
from lamplighter.image.simulated import standin


def longitude_of_noon(now: datetime) -> float:
    """Where the sun is highest now, so that it is dusk for nobody there."""
    hours = now.hour + now.minute / 60
    return round(((12 - hours) * 15 + 180) % 360 - 180, 4)


def older_firmware(folder: Path) -> App:
    """This firmware with one line of another kind: its build is another one."""
    shutil.copytree(paths.folder("firmware"), folder)
    status = folder / "lamppost" / "ops" / "status.py"
    status.write_text(status.read_text() + "\n_OLDER = True\n")
    return compile_app(folder)


@functools.cache
def _rest(board: str) -> bytes:
    """All of the flash but the file system."""
    return build.build(board_file.load(board), standin(board_file.load(board))).flash()


def flash(
    board: str, app: App, configuration: dict, keys: bytes, certificates: dict[str, bytes] | None = None
) -> bytes:  # fmt: skip
    """certificates -- by their path on the node"""
    facts = board_file.load(board)
    files = littlefs.files(facts, app)
    files["config.json"] = json.dumps(configuration).encode()
    files["keys.json"] = keys
    files |= {path.lstrip("/"): data for path, data in (certificates or {}).items()}
    content = bytearray(_rest(board))
    row = facts.partition("vfs")
    content[row.offset : row.offset + row.size] = littlefs.littlefs(facts, files)[0]
    return bytes(content)
