"""The hardest night of a node, on a heap as small as the least PSRAM of a board: start, time, windows, an outage of
hours, a part that fails, and the drain of all that waited. LAMPLIGHTER_HEAP=NwK tries another size, and
LAMPLIGHTER_WAITING another outage (tests/bench/heap.py --smallest)."""

from __future__ import annotations

import os
import time

import pytest

pytestmark = [pytest.mark.virtual_only, pytest.mark.timeout(240)]

HEAP = os.environ.get("LAMPLIGHTER_HEAP", "2048wK")  # words: the PSRAM of an N8R2; the app does not start below 1 MB
BLOCK = 4096
WAITING = int(os.environ.get("LAMPLIGHTER_WAITING", "100"))  # records at the end of the outage
SENSING = {
    "energy": {"part": "meter", "window_s": 60, "every_ms": 10000},
    "parking": [{"bay": "1", "part": "bay-1", "empty_mm": 3200, "every_ms": 10000}],
    "air": {"parts": ["dust", "climate"], "window_s": 600, "every_ms": 30000},
    "time": {"servers": ["time.lan"]},
}


def test_a_night_with_an_outage_passes_on_the_least_psram(virtual_post, configure, broker, heard):
    post = virtual_post()
    configure(post, **SENSING)
    post.lamp.stop()
    heard.forget()
    node = virtual_post(fast=True, heap=HEAP)
    heard.until("tele/air", lambda m: m["tq"] == 3, 60)
    broker.stop()
    node.console.wait_for("link: (closed|refused)", 60)
    before = len(heard.numbered())
    journal = node.board.partition("journal")
    end = time.monotonic() + 90
    while blocks(node, journal) < WAITING * 350 // BLOCK and time.monotonic() < end:
        time.sleep(0.1)
    node.lamp.part("climate").fault("silence")
    node.console.wait_for("climate: ", 20)
    broker.start()
    heard.until("alarm/sensorFault-climate", bool, 60)
    heard.until("tele/energy", lambda m: m["h"] == 0 and m["s"] > before + WAITING, 60)
    node.power_off()
    assert node.lamp.boots == 1, "the node has started again"
    assert "MemoryError" not in node.console.text and "nomemory" not in node.console.text
    heard.nothing_lost()


def blocks(node, journal):
    """How many blocks of the journal's records are written."""
    data = node.lamp.flash_path.read_bytes()[journal.offset : journal.offset + journal.size]
    return sum(bool(data[at : at + BLOCK].strip(b"\xff")) for at in range(8 * BLOCK, journal.size, BLOCK))
