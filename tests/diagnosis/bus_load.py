"""How much of its DALI bus a lamppost uses: minutes of the real output on simulated gear, and the memory banks."""

from __future__ import annotations

import sys
from pathlib import Path

from lamplighter import paths

paths.importable()
sys.path.append(str(Path(__file__).parent.parent / "unit"))

from dali_wire import Lamp  # noqa: E402


def measure(gears: int) -> dict[str, float]:
    """{addressing_s, minute_ms, banks_ms, percent}: bus time of one lamppost with so many gears."""
    lamp = Lamp([{} for _ in range(gears)])
    lamp.minutes(1)
    first = lamp.bus.busy_ms
    lamp.minutes(8)
    settled = lamp.bus.busy_ms
    minute_ms = (settled - first) / 8
    lamp.minutes(4)  # the memory banks are read once, ten minutes after the start
    banks_ms = lamp.bus.busy_ms - settled - 4 * minute_ms
    day_ms = 1440 * minute_ms + banks_ms
    return {
        "addressing_s": (first - minute_ms) / 1000, "minute_ms": minute_ms, "banks_ms": banks_ms,
        "percent": day_ms / 864000,
    }  # fmt: skip


def lines() -> list[str]:
    rows = ["DALI bus time of a lamppost (frames and their settling times):"]
    for gears in (1, 2, 4):
        found = measure(gears)
        rows.append(
            f"  {gears} gear: {found['minute_ms']:.0f} ms a minute, banks {found['banks_ms'] / 1000:.1f} s a day, "
            f"{found['percent']:.2f} % of the time; addressing {found['addressing_s']:.1f} s, once"
        )
    return rows
