"""A recorded trace of air sensors: the windows that a node would have told, with letters and index."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from . import micropython, trace
from .trace import MISSING, Column, Trace

COLUMNS = (
    *(Column(name, 10, 0, 2000, "µg/m³", name) for name in ("pm1", "pm2_5", "pm4", "pm10")),
    Column("t", 10, -60, 60, "°C", "t"),
    Column("rh", 10, 1, 100, "%", "rh"),
    Column("p", 10, 500, 1100, "hPa", "p"),
    Column("co2", 1, 200, 40000, "ppm", "co2"),
    *(Column(name, 10, -100, 100000, "ppb", name) for name in ("no2", "o3", "so2", "co")),
    Column("voc_raw", 1, 1, 65535, "ticks", "voc_raw"),
    Column("nox_raw", 1, 1, 65535, "ticks", "nox_raw"),
)
# what one part would measure: its columns come together
PARTS = {
    "dust": ("pm1", "pm2_5", "pm4", "pm10"),
    "climate": ("t", "rh", "p"),
    "co2": ("co2",),
    **{gas: (gas,) for gas in ("no2", "o3", "so2", "co")},
    "gas": ("voc_raw", "nox_raw"),
}
_UNIX_2000 = 946684800
_GROUPS = (*((column.name,) for column in COLUMNS if "_raw" not in column.name), PARTS["gas"])


def read(path: Path) -> Trace:
    """Raises TraceInvalid."""
    return trace.read(path, COLUMNS, _GROUPS)


def replay(
    recorded: Trace, window_s: int = 600, table: str = "EAQI-2024", humidity: str | None = None, kappa: float = 0.4,
    calibration: Sequence[dict[str, Any]] = (),
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """The published windows: the body of tele/air, and `t_s`, the end of the window.

    calibration -- rows as in the configuration; `part` is a key of PARTS. Raises ToolMissing, VirtualFailed.
    """
    parts = {}
    for part, names in PARTS.items():
        there = [name for name in names if name in recorded.columns]
        if there:
            parts[part] = {"quantities": there, "every_ms": _rhythm(recorded, there)}
    every_ms = _rhythm(recorded, recorded.columns)
    options: dict[str, Any] = {"parts": list(parts), "window_s": window_s, "every_ms": every_ms, "index": table}
    options["calibration"] = list(calibration)
    if humidity:
        options.update(humidity=humidity, kappa=kappa)
    start_ms = round(recorded.start_s * 1000)
    zero_s = _UNIX_2000 if start_ms >= 1000 * _UNIX_2000 else 0
    facts = {
        "options": options, "parts": parts, "every_ms": every_ms, "zero_s": zero_s,
        "utc_s": start_ms // 1000 - zero_s, "utc_ms": start_ms % 1000,
    }  # fmt: skip
    yield from micropython.run("node_air.py", recorded, facts)


def _rhythm(recorded: Trace, names: list[str]) -> int:
    """Milliseconds between two readings of these columns, as they usually come."""
    places = [recorded.columns.index(name) + 1 for name in names]
    rows, width = recorded.rows, recorded.width
    times = [rows[at] for at in range(0, len(rows), width) if any(rows[at + place] != MISSING for place in places)]
    steps = [late - early for early, late in zip(times, times[1:], strict=False) if late > early]
    return max(100, round(statistics.median(steps))) if steps else 1000
