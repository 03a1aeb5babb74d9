"""`make air`: the node's own air sensing over six months beside a certified analyser; writes tables and a plot.

Two questions. Does the node tell the index that the tables give? And what is a calibration worth, made in four weeks
and left alone for five months?
"""

from __future__ import annotations

import csv
import datetime
import math
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parent))

import plot  # noqa: E402
from lamplighter.replay import air  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests/data/air_quality_italy_2004.csv"
PAGE = ROOT / "docs/reference/air.md"
PICTURE = ROOT / "docs/pictures/air-calibration.svg"
NO2, CO = 1.9125, 1.1644  # ug/m3 of a ppb at 20 Cel
LEARN_H = 28 * 24
EUROPE = {"EAQI-2024": (10, 25, 60, 100, 150), "EAQI-2019": (40, 90, 120, 230, 340)}
AMERICA = ((0, 53, 0, 50), (54, 100, 51, 100), (101, 360, 101, 150), (361, 649, 151, 200))
Row = dict[str, float | None]


def rows() -> list[Row]:
    found = []
    for row in csv.DictReader(DATA.open()):
        time = datetime.datetime.fromisoformat(row.pop("local_time")).replace(tzinfo=datetime.UTC)
        found.append({"t_s": time.timestamp(), **{key: float(cell) if cell else None for key, cell in row.items()}})
    return found


def told(columns: dict[str, list[float | None]], times: list[float], **options: Any) -> list[dict[str, Any]]:
    """What the node tells of these columns, one window an hour."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "trace.csv"
        lines = [",".join(["t_s", *columns])]
        for n, time in enumerate(times):
            cells = ["" if column[n] is None else f"{column[n]:.3f}" for column in columns.values()]
            lines.append(",".join([f"{time:.0f}", *cells]))
        file.write_text("\n".join(lines) + "\n")
        return list(air.replay(air.read(file), window_s=3600, **options))


def indices(data: list[Row]) -> list[tuple[str, int, int, int]]:
    """(table, hours, of these told as reckoned from the same tenths of a ppb, and from the analyser's ug/m3) of NO2."""
    times = [row["t_s"] or 0 for row in data]
    ppb = [None if row["NO2_GT"] is None else row["NO2_GT"] / NO2 for row in data]
    found = []
    for table in ("EAQI-2024", "EAQI-2019", "US-2024"):
        windows = told({"no2": ppb}, times, table=table)
        hours = alike = close = 0
        for row, window in zip(data, windows, strict=True):
            value = row["NO2_GT"]
            if value is None:
                continue
            hours += 1
            index, tenths = window["aqi"]["index"], int(value / NO2 * 10 + 0.5)
            alike += index == reckoned(table, tenths)
            close += index == (america(value / NO2) if table == "US-2024" else europe(table, value))
        found.append((table, hours, alike, close))
    return found


def europe(table: str, ug_m3: float) -> int:
    return 1 + sum(ug_m3 > bound for bound in EUROPE[table])


def reckoned(table: str, tenths: int) -> int:
    return america(tenths / 10) if table == "US-2024" else europe(table, round(tenths * 1.913) / 10)


def america(ppb: float) -> int:
    value = int(ppb)
    low, high, below, top = next(row for row in AMERICA if value <= row[1])
    return math.floor((top - below) / (high - low) * (value - low) + below + 0.5)


def fit(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    """(slope, offset) of the straight line through them."""
    count = len(pairs)
    x, y = sum(a for a, _ in pairs) / count, sum(b for _, b in pairs) / count
    slope = sum((a - x) * (b - y) for a, b in pairs) / sum((a - x) ** 2 for a, _ in pairs)
    return slope, y - slope * x


def calibrated(data: list[Row]) -> tuple[list[tuple[float, float | None, float | None]], float, float, str]:
    """[(t_s, reference ppb, told ppb)], slope, offset, and what the node said of the windows."""
    times = [row["t_s"] or 0 for row in data]
    reference = [None if row["CO_GT"] is None else row["CO_GT"] * 1000 / CO for row in data]
    sensor = [row["PT08_S1_CO"] for row in data]
    pairs = [(s, r) for s, r in zip(sensor[:LEARN_H], reference, strict=False) if s is not None and r is not None]
    slope, offset = fit(pairs)
    row = {"part": "co", "quantity": "co", "slope": slope, "offset": offset, "id": "april", "date": "2004-04-07"}
    windows = told({"co": sensor}, times, calibration=[row], table="US-2024")
    assert windows[0]["calibration"] == {"co": "april"} and "co" in windows[0]["raw"]
    values = [window["co"] for window in windows]
    return list(zip(times, reference, values, strict=True)), slope, offset, windows[0]["q"]["co"]


def months(series: list[tuple[float, float | None, float | None]]) -> list[tuple[str, int, float, float, float]]:
    """(what, hours, bias ppb, root mean square ppb, correlation) for the weeks of learning and each month after."""
    parts: dict[str, list[tuple[float, float]]] = {}
    begun = series[0][0]
    for time, reference, value in series:
        if reference is not None and value is not None:
            day = datetime.datetime.fromtimestamp(time, datetime.UTC)
            name = "first four weeks" if time < begun + LEARN_H * 3600 else day.strftime("%B")
            parts.setdefault(name, []).append((reference, value))
    return [(name, len(pairs), *figures(pairs)) for name, pairs in parts.items()]


def figures(pairs: list[tuple[float, float]]) -> tuple[float, float, float]:
    count = len(pairs)
    bias = sum(b - a for a, b in pairs) / count
    rms = math.sqrt(sum((b - a) ** 2 for a, b in pairs) / count)
    x, y = sum(a for a, _ in pairs) / count, sum(b for _, b in pairs) / count
    both = sum((a - x) * (b - y) for a, b in pairs)
    return bias, rms, both / math.sqrt(sum((a - x) ** 2 for a, _ in pairs) * sum((b - y) ** 2 for _, b in pairs))


def main() -> int:
    data = rows()
    text = "| table | hours with NO₂ | as reckoned from the same tenths of a ppb | from the analyser's µg/m³ |\n"
    text += "|---|---|---|---|\n"
    for table, hours, alike, close in indices(data):
        text += f"| {table} | {hours} | {100 * alike / hours:.2f} % | {100 * close / hours:.2f} % |\n"
    series, slope, offset, letter = calibrated(data)
    text += f"\nSlope {slope:.3f}, offset {offset:.0f} ppb, letter {letter}:\n\n"
    text += "| | hours | bias, ppb | root mean square, ppb | correlation |\n|---|---|---|---|---|\n"
    for name, hours, bias, rms, correlation in months(series):
        text += f"| {name} | {hours} | {bias:+.0f} | {rms:.0f} | {correlation:.2f} |\n"
    PICTURE.write_text(plot.svg(series[24 * 43 : 24 * 60], "CO, ppb"), encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    page = re.sub(r"(<!-- evaluation -->\n).*(<!-- end -->)", lambda m: m[1] + text + m[2], page, flags=re.DOTALL)
    PAGE.write_text(page, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
