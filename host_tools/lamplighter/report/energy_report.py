"""The energy report: consumption by lamppost, street and hour, and what was saved against named baselines."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from . import savings
from .baseline import Baseline
from .charts import AMBER, BLUE, day_bars, heat, hour_profile
from .document import Column, Figure, Report, Section, Table, kwh
from .period import Period
from .slots import HOUR_S, keep_slots
from .store_source import Source, moment
from .streets import Lamppost

_ENERGY = [
    Column("register_kwh", "by the register", "kWh", 2),
    Column("measured_kwh", "measured", "kWh", 2),
    Column("estimated_kwh", "estimated", "kWh", 2),
    Column("hours_measured", "hours measured", "h", 0),
    Column("hours_other", "hours not measured", "h", 0),
]
_METHOD = (
    "By the register: the import register imp_mwh after the last window minus before the first, which holds over gaps. "
    "Measured: windows whose e_mwh has the letter V. Estimated: windows with another letter, E or G. An hour counts as "
    "measured if valid windows cover all of it."
)


def build(source: Source, period: Period, lamps: list[Lamppost], baselines: list[Baseline]) -> Report:
    source.require("energy", period)
    keep_slots(source, "energy_hour", period, HOUR_S, savings.lit_columns(baselines))
    report = Report("energy", "Energy", period, [f"Energy windows of the store {source.name}."])
    rows = _by_lamp(source, period)
    report.sections.append(_consumption(source, period, lamps, rows))
    for baseline in baselines:
        report.sections.append(savings.section(source, period, lamps, baseline))
    report.cautions += source.untimed("energy", "windows")
    long = source.row(f"SELECT count(*) AS n FROM energy_window WHERE window_s > {HOUR_S}")["n"]
    if long:
        report.cautions.append(f"{long} windows are longer than an hour: their energy is spread evenly over the hours.")
    return report


def _by_lamp(source: Source, period: Period) -> dict[tuple[str, str], dict[str, Any]]:
    found = source.rows(f"""
        SELECT site, node, sum(register_mwh) AS register_mwh, sum(measured_mwh) AS measured_mwh,
            sum(estimated_mwh) AS estimated_mwh, sum(hours_measured) AS hours_measured
        FROM (SELECT site, node, life, max(to_mwh) - min(from_mwh) AS register_mwh, sum(measured_mwh) AS measured_mwh,
                sum(estimated_mwh) AS estimated_mwh,
                count(*) FILTER (WHERE measured_s >= {HOUR_S - 1}) AS hours_measured
            FROM energy_hour GROUP BY site, node, life) AS lives GROUP BY site, node""")
    return {(row["site"], row["node"]): row for row in found}


def _consumption(source: Source, period: Period, lamps: list[Lamppost],
                 rows: dict[tuple[str, str], dict[str, Any]]) -> Section:  # fmt: skip
    by_lamp = []
    streets: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for lamp in lamps:
        found = rows.get((lamp.site, lamp.node))
        if found is None:
            continue
        row = {"street": lamp.street, "lamppost": lamp.name, "asset": lamp.asset, **_energy(found, period.hours)}
        by_lamp.append(row)
        streets[lamp.street].append(row)
    by_street = [
        {"street": street, "lampposts": len(members)}
        | {one.name: round(sum(row[one.name] or 0 for row in members), 4) for one in _ENERGY}
        for street, members in streets.items()
    ]
    by_lamp.sort(key=lambda row: -(row["register_kwh"] or 0))
    hours = source.rows(
        "SELECT slot, sum(measured_mwh) AS measured_mwh, sum(estimated_mwh) AS estimated_mwh, "
        "count(DISTINCT site || '/' || node) AS lampposts FROM energy_hour GROUP BY slot ORDER BY slot"
    )
    total = sum(row["register_kwh"] or 0 for row in by_lamp)
    windows = sum(row["measured_kwh"] for row in by_lamp), sum(row["estimated_kwh"] for row in by_lamp)
    measured, other = (sum(row[name] for row in by_lamp) for name in ("hours_measured", "hours_other"))
    section = Section("Consumption", [_METHOD])
    section.figures = [
        Figure("energy_kwh", "Energy", total, "kWh", 1, f"By the registers of {len(by_lamp)} lampposts."),
        Figure("windows_kwh", "of it in measured windows", windows[0], "kWh", 1, "Windows with the letter V."),
        Figure("estimated_kwh", "in estimated windows", windows[1], "kWh", 1, "Windows with the letters E and G."),
        Figure("unplaced_kwh", "without a window", total - sum(windows), "kWh", 1,
               "Register minus windows: energy of times for which no window is there."),
        Figure("measured_share", "Hours measured", 100 * measured / max(1, measured + other), "%", 1,
               f"Lamppost-hours that valid windows cover, of {measured + other}; a lamppost on a circuit that is "
               "switched off by day measures nothing then."),
    ]  # fmt: skip
    section.charts = _charts(period, hours)
    section.tables = [
        Table("energy-by-street", "By street", [Column("street", "street"), Column("lampposts", "lampposts", "", 0),
              *_ENERGY], by_street),
        Table("energy-by-lamppost", "By lamppost, the largest first", [Column("street", "street"),
              Column("lamppost", "lamppost"), Column("asset", "asset"), *_ENERGY], by_lamp),
        Table("energy-by-hour", "By hour of UTC", [Column("hour", "hour"), Column("lampposts", "lampposts", "", 0),
              Column("measured_kwh", "measured", "kWh", 3), Column("estimated_kwh", "estimated", "kWh", 3)],
              [{"hour": moment(row["slot"]), "lampposts": row["lampposts"], "measured_kwh": kwh(row["measured_mwh"]),
                "estimated_kwh": kwh(row["estimated_mwh"])} for row in hours], "Sums of windows, no register.", 0),
    ]  # fmt: skip
    return section


def _energy(row: dict[str, Any], hours: int) -> dict[str, Any]:
    return {
        "register_kwh": kwh(row["register_mwh"]),
        "measured_kwh": kwh(row["measured_mwh"]),
        "estimated_kwh": kwh(row["estimated_mwh"]),
        "hours_measured": int(row["hours_measured"]),
        "hours_other": hours - int(row["hours_measured"]),
    }


def _charts(period: Period, hours: list[dict[str, Any]]) -> list[Any]:
    days = period.days
    place = {day: number for number, day in enumerate(days)}
    measured, estimated = [0.0] * len(days), [0.0] * len(days)
    grid: list[list[float | None]] = [[None] * len(days) for _ in range(24)]
    for row in hours:
        local = period.local(row["slot"])
        day = place.get(local.date())
        if day is None:
            continue
        measured[day] += float(row["measured_mwh"]) / 1e6
        estimated[day] += float(row["estimated_mwh"]) / 1e6
        grid[local.hour][day] = (grid[local.hour][day] or 0) + float(row["measured_mwh"] + row["estimated_mwh"]) / 1e6
    means = [_mean([one for one in row if one is not None]) for row in grid]
    zone = period.zone.key
    return [
        day_bars("energy-by-day", "Energy by day", "kWh", days,
                 [("measured", BLUE, measured), ("estimated", AMBER, estimated)],
                 f"Sums of the windows of all lampposts, days of {zone}."),
        heat("energy-by-day-and-hour", "Energy by day and hour", "kWh", days, grid,
             f"Sums of the windows of all lampposts, hours of {zone}. White: no window."),
        hour_profile("energy-by-hour-of-day", "Mean energy by hour of the day", "kWh", [("all lampposts", BLUE, means)],
                     f"Mean over the days that have windows in that hour, hours of {zone}."),
    ]  # fmt: skip


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
