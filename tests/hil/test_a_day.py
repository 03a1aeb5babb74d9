"""Hours of a node, or a day with LAMPLIGHTER_DAY_HOURS=24: every window once, nothing missing, no memory lost."""

from __future__ import annotations

import json
import os
from datetime import datetime

import pytest

HOURS = int(os.environ.get("LAMPLIGHTER_DAY_HOURS", "2"))
# an hour of virtual time takes some seconds; a machine that does much else may need a minute
pytestmark = [pytest.mark.virtual_only, pytest.mark.timeout(120 + 60 * HOURS)]

DAY_S = HOURS * 3600
SENSING = {  # default windows; parts are asked less often than by default, for a day in less than a minute
    "energy": {"part": "meter", "window_s": 900, "every_ms": 10000},
    "parking": [{"bay": "1", "part": "bay-1", "empty_mm": 3200, "every_ms": 10000}],
    "air": {"parts": ["dust", "climate"], "window_s": 600, "every_ms": 30000},
    "time": {"servers": ["time.lan"]},
}


def stamp(message):
    return datetime.fromisoformat(message["ts"]).timestamp()


def whole(messages, window_s, first, last):
    """Time stamps of the windows that ended in first < ts <= last and lasted from boundary to boundary."""
    return [stamp(m) for m in messages if m["window_s"] == window_s and first < stamp(m) <= last]


def test_a_day_gives_every_window_once_and_takes_no_memory(virtual_post, configure, heard):
    post = virtual_post()
    configure(post, **SENSING)
    post.lamp.stop()
    heard.forget()
    lamp = virtual_post(fast=True).lamp
    began = stamp(heard.until("tele/energy", lambda m: m["window_s"] == 900))
    heard.until("tele/energy", lambda m: stamp(m) >= began + DAY_S, 60 * HOURS)
    heard.until("tele/air", lambda m: stamp(m) >= began + DAY_S)
    lamp.stop()
    assert lamp.boots == 1, "the node has started again"
    energy, air, diag = heard.all("tele/energy"), heard.all("tele/air"), heard.all("diag")
    assert whole(energy, 900, began, began + DAY_S) == [began + 900 * n for n in range(1, 4 * HOURS + 1)]
    assert len(whole(air, 600, began, began + DAY_S)) == 6 * HOURS
    heard.nothing_lost()
    free = [m["heap_free"] for m in diag]
    assert len(free) >= HOURS
    assert min(free[-3:]) > free[1] - 1024, f"the heap grows: {json.dumps(free)}"
