"""A flash that is written and configured, without the tools that would take their time for it."""

from __future__ import annotations

import json
from typing import Any

from lamplighter.boards import board_file
from lamplighter.image import build, littlefs

WIFI = {"ssid": "lamplighter", "password": "lamplighter"}


def flash(board: board_file.Board, configuration: dict[str, Any]) -> list[tuple[int, bytes]]:
    """[(offset, bytes)] for VirtualLamppost.flash_image: the image of `board` with /config.json in its file system."""
    built = build.build(board, build.standin(board))
    contents = littlefs.files(board, littlefs.compile_app())
    contents["config.json"] = json.dumps(configuration).encode()
    start = board.partition("vfs").offset
    return [row for row in built.segments if row[0] < start] + [(start, littlefs.littlefs(board, contents)[0])]


def configuration(board: board_file.Board, site: str, node: str, **changes: Any) -> dict[str, Any]:
    """The configuration of a lamppost with everything that the board has fitted; it has no neighbours to wait for."""
    mqtt = {"host": "broker.lan", "keepalive_s": 5, "spread_s": 0, "drain_spread_s": 0}
    return {
        "v": 1, "site": site, "node": node, "wifi": WIFI, "mqtt": mqtt,
        "parts": board.node_document()["fitted"], **changes,
    }  # fmt: skip
