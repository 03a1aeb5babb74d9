"""The air report: days with data capture and index; values with another letter than V are left out and counted."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

from ..contract import UNITS
from .charts import BLUE, PALE, Chart, day_bars, hour_profile
from .document import Column, Figure, Report, Section, Table
from .period import Period
from .store_source import Source, within
from .streets import Lamppost

VALUES = ("pm1", "pm2_5", "pm10", "no2", "o3", "so2", "co", "co2")
ENOUGH = 75  # per cent of a day's seconds, as the air quality directive asks of a daily mean
_SHOWN = {"ug/m3": "µg/m³", "[ppb]": "ppb", "[ppm]": "ppm"}
_NAMES = {"pm1": "PM1", "pm2_5": "PM2.5", "pm10": "PM10", "no2": "NO₂", "o3": "O₃", "so2": "SO₂", "co": "CO",
          "co2": "CO₂"}  # fmt: skip
_BANDS = ("good", "fair", "moderate", "poor", "very poor", "extremely poor")
_COLOURS = ("#50c8c0", "#50b08a", "#e3d433", "#ee5a4f", "#96003c", "#7d2181")
_LETTERS = {"W": "warming up", "R": "humidity out of range", "F": "flat line", "S": "saturated", "C": "uncalibrated",
            "E": "estimated", "G": "gap before", "M": "maintenance", "U": "unavailable"}  # fmt: skip
_METHOD = (
    "Means of the windows with the letter V, weighted by their length. Data capture is the share of the day that such "
    f"windows cover; a day below {ENOUGH} % has no daily mean. Windows with another letter are in no mean: their hours "
    "are counted by letter. Small sensors indicate, they are no reference method."
)


def build(source: Source, period: Period, lamps: list[Lamppost]) -> Report:
    source.require("air", period)
    _keep(source, period)
    streets = {(lamp.site, lamp.node): lamp.street for lamp in lamps}
    lengths = {day: 3600 * Period(day, day, period.zone).hours for day in period.days}
    days = [row for name in VALUES for row in _days(source, name, streets, lengths)]
    days.sort(key=lambda row: (row["lamppost"], row["day"], VALUES.index(row["name"])))
    report = Report("air", "Air", period, [f"Air windows of the store {source.name}."])
    report.sections = [_particles(source, period, days), _index(source, period, streets), _flagged(source)]
    report.cautions += source.untimed("air", "windows")
    return report


def _keep(source: Source, period: Period) -> None:
    """air_window: every window of the period once, with its local hour of the day and its day."""
    values = ", ".join(f"{name}, q->>'{name}' AS {name}_q" for name in VALUES)
    local = period.local_sql("(ts - window_s * INTERVAL '1 second')")
    source.keep("air_window", f"""
        SELECT site, node, window_s, CAST({local} AS DATE) AS day, CAST(extract(hour FROM {local}) AS INTEGER) AS hour,
            aqi->>'table' AS aqi_table, CAST(aqi->>'index' AS INTEGER) AS aqi_index, {values}
        FROM air WHERE {within("ts", period)} AND window_s > 0""")


def _days(source: Source, name: str, streets: dict[tuple[str, str], str],
          lengths: dict[date, int]) -> list[dict[str, Any]]:  # fmt: skip
    rows = source.rows(f"""
        SELECT site, node, day, sum(window_s) FILTER (WHERE {name}_q = 'V') AS valid_s,
            sum(window_s) FILTER (WHERE {name}_q <> 'V') AS flagged_s,
            sum({name} * window_s) FILTER (WHERE {name}_q = 'V') AS weighted,
            max({name}) FILTER (WHERE {name}_q = 'V') AS most
        FROM air_window WHERE {name}_q IS NOT NULL GROUP BY site, node, day""")
    found = []
    for row in rows:
        valid = float(row["valid_s"] or 0)
        capture = min(100.0, 100 * valid / lengths[row["day"]]) if row["day"] in lengths else 0.0
        mean = round(float(row["weighted"]) / valid, 2) if valid else None
        found.append({
            "street": streets.get((row["site"], row["node"]), row["site"]), "lamppost": f"{row['site']}/{row['node']}",
            "day": str(row["day"]), "name": name, "value": _NAMES[name], "unit": _unit(name),
            "mean": mean if capture >= ENOUGH else None, "mean_of_valid": mean, "most": row["most"],
            "capture": round(capture, 1), "hours_flagged": round(float(row["flagged_s"] or 0) / 3600, 2),
        })  # fmt: skip
    return found


def _particles(source: Source, period: Period, days: list[dict[str, Any]]) -> Section:
    section = Section("Daily means", [_METHOD])
    whole = [row for row in days if row["mean"] is not None]
    for name in VALUES:
        means = [row["mean"] for row in whole if row["name"] == name]
        if not means:
            continue
        there = sum(row["name"] == name for row in days)
        section.figures.append(
            Figure(f"{name}_mean", f"{_NAMES[name]}, mean of the days", sum(means) / len(means), _unit(name), 1,
                   f"{len(means)} days of lampposts with enough capture, of {there}; the highest {max(means):.1f}.")
        )  # fmt: skip
    capture = [row["capture"] for row in days]
    section.figures.append(
        Figure("capture", "Data capture", sum(capture) / len(capture) if capture else None, "%", 1,
               "Mean over all days, lampposts and values.")
    )  # fmt: skip
    shown = next((name for name in ("pm2_5", "pm10", *VALUES) if any(row["name"] == name for row in whole)), None)
    if shown:
        section.charts = [_day_chart(period, whole, shown), _hour_chart(source, period, shown)]
    columns = [
        Column("street", "street"), Column("lamppost", "lamppost"), Column("day", "day"), Column("value", "value"),
        Column("unit", "unit"), Column("mean", "daily mean", "", 1), Column("most", "highest window", "", 1),
        Column("capture", "capture", "%", 0), Column("hours_flagged", "flagged", "h", 1),
        Column("mean_of_valid", "mean of valid windows", "", 1),
    ]  # fmt: skip
    section.tables = [Table("air-by-day", "By lamppost and day", columns, days, "", 14)]
    return section


def _day_chart(period: Period, whole: list[dict[str, Any]], name: str) -> Chart:
    by_day: dict[str, list[float]] = defaultdict(list)
    for row in whole:
        if row["name"] == name:
            by_day[row["day"]].append(row["mean"])
    values = [by_day.get(str(day), []) for day in period.days]
    means = [sum(one) / len(one) if one else None for one in values]
    lowest = [min(one, default=0.0) for one in values]
    spread = [max(one, default=0.0) - min(one, default=0.0) for one in values]
    parts = [("", "none", lowest), ("lowest to highest lamppost", PALE, spread)]
    return day_bars("air-by-day", f"{_NAMES[name]} by day", _unit(name), period.days, parts,
                    f"Lampposts with at least {ENOUGH} % capture on the day.",
                    ("mean of the lampposts", BLUE, means))  # fmt: skip


def _hour_chart(source: Source, period: Period, name: str) -> Chart:
    rows = source.rows(
        f"SELECT hour, sum({name} * window_s) / sum(window_s) AS mean FROM air_window WHERE {name}_q = 'V' GROUP BY 1"
    )
    means: list[float | None] = [None] * 24
    for row in rows:
        means[row["hour"]] = float(row["mean"])
    return hour_profile("air-by-hour", f"{_NAMES[name]} by hour of the day", _unit(name), [("", BLUE, means)],
                        f"Mean of all valid windows, hours of {period.zone.key}.")  # fmt: skip


def _index(source: Source, period: Period, streets: dict[tuple[str, str], str]) -> Section:
    rows = source.rows("""
        SELECT site, node, day, aqi_table, aqi_index, sum(window_s) / 3600.0 AS hours FROM air_window
        WHERE aqi_index BETWEEN 1 AND 6 GROUP BY 1, 2, 3, 4, 5""")
    tables = sorted({row["aqi_table"] for row in rows})
    section = Section("Index")
    section.words = [
        "The index that each lamppost published with its window, by its own band table and the pollutants it measures; "
        f"the worst pollutant counts. Band tables: {', '.join(tables) or 'none'}. Hours are counted by band."
    ]
    if not rows:
        section.words.append("No window of the period has an index.")
        return section
    by_day: dict[tuple[str, str, str, str], list[float]] = defaultdict(lambda: [0.0] * 6)
    totals = {day: [0.0] * 6 for day in period.days}
    for row in rows:
        name = f"{row['site']}/{row['node']}"
        street = streets.get((row["site"], row["node"])) or row["site"]
        key = street, name, str(row["day"]), row["aqi_table"]
        by_day[key][row["aqi_index"] - 1] += float(row["hours"])
        if row["day"] in totals:
            totals[row["day"]][row["aqi_index"] - 1] += float(row["hours"])
    hours = [sum(day[band] for day in totals.values()) for band in range(6)]
    section.figures = [
        Figure(f"index_{number + 1}_share", f"{number + 1}, {_BANDS[number]}", 100 * hours[number] / sum(hours), "%", 1,
               f"{hours[number]:.0f} hours of lampposts.")
        for number in range(6) if hours[number]
    ]  # fmt: skip
    shares = [[100 * day[band] / (sum(day) or 1) for day in totals.values()] for band in range(6)]
    parts = [(f"{band + 1} {_BANDS[band]}", _COLOURS[band], shares[band]) for band in range(6) if hours[band]]
    section.charts = [day_bars("air-index-by-day", "Index by day", "% of the hours", period.days, parts,
                               f"All lampposts, days of {period.zone.key}.")]  # fmt: skip
    table = [
        {"street": street, "lamppost": name, "day": day, "table": used,
         "worst": max(band for band in range(6) if bands[band]) + 1,
         **{f"hours_{band + 1}": round(bands[band], 2) for band in range(6)}}
        for (street, name, day, used), bands in sorted(by_day.items(), key=lambda one: one[0][1:])
    ]  # fmt: skip
    columns = [Column("street", "street"), Column("lamppost", "lamppost"), Column("day", "day"),
               Column("table", "table"), Column("worst", "worst", "", 0),
               *(Column(f"hours_{band + 1}", f"{band + 1} {_BANDS[band]}", "h", 1) for band in range(6))]  # fmt: skip
    section.tables = [Table("air-index-by-day", "Hours by band, lamppost and day", columns, table, "", 14)]
    return section


def _flagged(source: Source) -> Section:
    parts = " UNION ALL ".join(
        f"SELECT '{name}' AS name, {name}_q AS letter, sum(window_s) / 3600.0 AS hours FROM air_window "
        f"WHERE {name}_q IS NOT NULL GROUP BY 2" for name in VALUES
    )  # fmt: skip
    rows = source.rows(parts)
    total: dict[str, float] = defaultdict(float)
    for row in rows:
        total[row["name"]] += float(row["hours"])
    table = [
        {"value": _NAMES[row["name"]], "letter": row["letter"], "means": _LETTERS.get(row["letter"], "unknown letter"),
         "hours": round(float(row["hours"]), 2), "share": round(100 * float(row["hours"]) / total[row["name"]], 2)}
        for row in sorted(rows, key=lambda one: (VALUES.index(one["name"]), -float(one["hours"])))
        if row["letter"] != "V"
    ]  # fmt: skip
    columns = [Column("value", "value"), Column("letter", "letter"), Column("means", "meaning"),
               Column("hours", "hours left out", "h", 1), Column("share", "of its windows", "%", 1)]  # fmt: skip
    words = [] if table else ["All windows of the period have the letter V."]
    return Section("Hours left out", words, tables=[Table("air-flagged", "By letter", columns, table)] if table else [])


def _unit(name: str) -> str:
    unit = str(UNITS[name]["ucum"])
    return _SHOWN.get(unit, unit)
