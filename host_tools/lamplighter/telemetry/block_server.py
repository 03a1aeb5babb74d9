"""Answers lampposts that fetch a release through the broker: ota/fetch asks for a piece, ota/block has it."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from ..contract import ROOT, TopicError, check_message, parse_topic
from ..release import release_folder
from .subscriber import Incoming, Subscriber


class BlockServer:
    """folder -- of releases"""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def answer(self, connection: Subscriber, arrived: Incoming) -> bool:
        """True if the message asked for a piece of a file; the answer is on its way then."""
        try:
            place = parse_topic(arrived.topic)
        except TopicError:
            return False
        if place.kind.name != "ota_fetch" or check_message(arrived.topic, arrived.payload, arrived.retained, False):
            return False
        asked = json.loads(arrived.payload)
        data = release_folder.content(self.folder, asked["path"])
        block: dict[str, int | str | None] = {"id": asked["id"], "size": None}
        if data is not None:
            piece = data[asked["from"] : asked["from"] + asked["most"]]
            block = {"id": asked["id"], "size": len(data), "data": base64.b64encode(piece).decode()}
        connection.publish(f"{ROOT}/{place.site}/{place.node}/ota/block", json.dumps(block).encode())
        return True
