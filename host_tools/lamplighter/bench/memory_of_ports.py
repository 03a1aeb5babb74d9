"""Brings a lamppost of whatever state to the one that every test begins with: this firmware, the bench's configuration.

Silent, waiting in its boot loader, blank, of an older firmware, with somebody else's configuration: `lamplighter flash`
and `lamplighter configure` cope with each of them, and raise what they cannot cope with.
"""

from __future__ import annotations

import functools
import json
import os
from typing import Any

from .. import run_verb
from ..boards.board_file import Board
from ..config import config_file
from ..device import identify
from .bench_file import Place
from .lampposts import WIFI, Post

WINDOWS: dict[str, Any] = {  # short enough to wait for
    "energy": {"window_s": 1, "every_ms": 250},
    "parking": {"empty_mm": 3200, "hold_s": 30, "every_ms": 250},
    "air": {"window_s": 2, "every_ms": 1000},
}
MEASURES = {"pzem004t": "energy", "tfmini": "parking", "sps30": "air", "bme280": "air"}


def document(place: Place, board: Board, **changes: Any) -> dict[str, Any]:
    """The configuration of a bench's lamppost: everything that its board has fitted, read often."""
    wifi: dict[str, Any] = dict(WIFI)
    host, port = "broker.lan", 1883
    if not place.virtual:
        wifi = {"ssid": place.ssid}
        if password := os.environ.get("LAMPLIGHTER_WIFI_PASSWORD"):
            wifi["password"] = password
        if place.broker:
            host, port = place.broker
    fitted = board.node_document()["fitted"]
    measuring: dict[str, list[str]] = {}
    for row in fitted:
        if kind := MEASURES.get(row["part"]):
            measuring.setdefault(kind, []).append(row["id"])
    sections: dict[str, Any] = {}
    if "energy" in measuring:
        sections["energy"] = {"part": measuring["energy"][0], **WINDOWS["energy"]}
    if "parking" in measuring:
        sections["parking"] = [
            {"bay": str(bay), "part": part, **WINDOWS["parking"]} for bay, part in enumerate(measuring["parking"], 1)
        ]
    if "air" in measuring:
        sections["air"] = {"parts": measuring["air"], **WINDOWS["air"]}
    mqtt = {"host": host, "port": port, "keepalive_s": 5, "spread_s": 0, "drain_spread_s": 0}
    return {"v": 1, "site": "hil", "node": "lp-hil", "wifi": wifi, "mqtt": mqtt, "parts": fitted, **sections, **changes}


@functools.cache
def build() -> str:
    """Of the firmware that this lamplighter brings."""
    from ..image import littlefs

    return littlefs.compile_app().build


def bring(post: Post, wanted: dict[str, Any], simulated: bool = False) -> None:
    """Firmware and configuration, each written only where it is another one; the node has just started after this.

    Asked first, as flashing even what is right takes half a minute through a port server.
    simulated -- what is behind a network address is a virtual lamppost
    """
    with post.port_for_others() as port:
        facts = identify.ask(port).facts
        if facts.get("build") != build():
            run_verb.run("flash", "--port", port, "--board", post.board.name, *(["--virtual"] if simulated else []))
            facts = {}
        if facts.get("config") != config_file.config_hash(wanted):
            run_verb.run("configure", "--port", port, "-", stdin=json.dumps(wanted))
            return
    post.console.forget()
    post.reset()
