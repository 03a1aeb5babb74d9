"""`lamplighter replay air`: the windows, letters and index that a node would have told of a recorded trace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .. import screen
from .finite import FiniteRange

TABLES = ("EAQI-2024", "EAQI-2019", "US-2024", "US-2012")
_LEVELS = ("good", "fair", "moderate", "poor", "very poor", "extremely poor")
_VALUES = ("pm1", "pm2_5", "pm4", "pm10", "no2", "o3", "so2", "co", "co2", "voc_index", "nox_index", "t", "rh", "p")


@click.command("air")
@click.argument("trace", type=click.Path(path_type=Path), metavar="TRACE.csv")
@click.option(
    "--table", type=click.Choice(TABLES), default=TABLES[0], show_default=True, help="Band table of the index."
)
@click.option(
    "--window-s", type=click.IntRange(1, 86400), metavar="S", default=600, show_default=True,
    help="Length of a window in seconds; a divisor of one day.",
)  # fmt: skip
@click.option("--humidity", type=click.Choice(("crilley-2018",)), help="Correct particles for water uptake; needs rh.")
@click.option(
    "--kappa", type=FiniteRange(0.05, 1), metavar="K", default=0.4, show_default=True,
    help="With --humidity: hygroscopicity of the particles.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per window.")
def air(trace: Path, table: str, window_s: int, humidity: str | None, kappa: float, as_json: bool) -> None:
    """Show what a node would have published about the air, window by window.

    TRACE.csv has a column t_s (seconds, Unix time for windows on UTC; or ISO 8601), t_ms (milliseconds) or time (ISO
    8601), separated by commas, semicolons (with decimal commas) or tabs, and any of pm1, pm2_5, pm4, pm10 (µg/m³),
    t (°C), rh (%), p (hPa), co2 (ppm), no2, o3, so2, co (ppb), voc_raw with nox_raw (ticks); an empty cell is a
    missing reading. Only complete windows are printed, each at its end. All errors of the file are shown at once, with
    exit code 43; gaps are noted.

    Example: lamplighter replay air TRACE.csv --table US-2024 --json
    """
    from ..replay import air

    if 86400 % window_s:
        raise click.BadParameter(f"{window_s} s do not divide a day; 60, 600 or 3600 do.", param_hint="--window-s")
    recorded = air.read(trace)
    if humidity and "rh" not in recorded.columns:
        screen.note(f"{trace}: no column rh: particles are told as they were measured, with the letter E")
    for note in recorded.notes:
        screen.note(note)
    names = [name for name in _VALUES if name in recorded.columns or name[:3] + "_raw" in recorded.columns]
    widths = {"t_s": -12, **dict.fromkeys(names, -10), "capture": -8, "index": 24}
    if not as_json:
        screen.row({key: key for key in widths}, widths, "bold")
    for window in air.replay(recorded, window_s, table, humidity, kappa):
        if as_json:
            screen.result(window)
        else:
            screen.row(_cells(window, names), widths)


def _cells(window: dict[str, Any], names: list[str]) -> dict[str, str]:
    cells = {"t_s": str(window["t_s"]), "capture": f"{window['capture']} %"}
    for name in names:
        value, letter = window[name], window["q"][name]
        shown = "–" if value is None else str(value)
        cells[name] = shown if letter == "V" else f"{shown} {letter}"
    index, of = window["aqi"]["index"], ", ".join(window["aqi"]["of"])
    words = "–" if index is None else str(index)
    if index is not None and window["aqi"]["table"].startswith("EAQI"):
        words += f" {_LEVELS[index - 1]}"
    cells["index"] = f"{words} ({of})" if of else words
    return cells
