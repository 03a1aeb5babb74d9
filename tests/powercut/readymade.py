"""A flash that is written and configured, without the tools that would take their time for it."""

from __future__ import annotations

import json
from typing import Any

from lamplighter.boards import board_file
from lamplighter.boards.partitions import SECTOR
from lamplighter.image import build, littlefs
from littlefs import LittleFS, UserContext

WIFI = {"ssid": "lamplighter", "password": "lamplighter"}


_built: list[build.Image] = []


def _image(board: board_file.Board) -> build.Image:
    """The image of that board, built once."""
    for image in _built:
        if image.board == board:
            return image
    _built.append(build.build(board, build.standin(board)))
    return _built[-1]


def flash(board: board_file.Board, configuration: dict[str, Any]) -> list[tuple[int, bytes]]:
    """[(offset, bytes)] for VirtualLamppost.flash_image: the image of `board` with /config.json in its file system."""
    image, vfs = _image(board), board.partition("vfs")
    files = UserContext(buffer=bytearray(image.flash()[vfs.offset : vfs.offset + vfs.size]))
    disk = LittleFS(files, block_count=vfs.size // SECTOR, **littlefs.LITTLEFS)
    with disk.open("config.json", "wb") as file:
        file.write(json.dumps(configuration).encode())
    disk.unmount()
    return [row for row in image.segments if row[0] < vfs.offset] + [(vfs.offset, bytes(files.buffer))]


def configuration(board: board_file.Board, site: str, node: str, **changes: Any) -> dict[str, Any]:
    """The configuration of a lamppost with everything that the board has fitted; it has no neighbours to wait for."""
    mqtt = {"host": "broker.lan", "keepalive_s": 5, "spread_s": 0, "drain_spread_s": 0}
    return {
        "v": 1, "site": site, "node": node, "wifi": WIFI, "mqtt": mqtt,
        "parts": board.node_document()["fitted"], **changes,
    }  # fmt: skip
