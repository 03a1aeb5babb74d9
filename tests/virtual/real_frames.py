"""Frames that real parts sent, or that their documents print: what simulated parts are held against."""

import json
from pathlib import Path

FRAMES = json.loads((Path(__file__).parent.parent / "data" / "sensor_frames.json").read_text())


def rows(part: str, direction: str = "") -> list[dict]:
    """Those of a part whose direction begins with that word, but for what arrived spoilt."""
    return [
        row for row in FRAMES
        if part in row["part"] and row["direction"].startswith(direction) and row["checksum_ok"] is not False
    ]  # fmt: skip
