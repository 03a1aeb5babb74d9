"""The carbon report: the lampposts' energy times a yearly factor, and times the grid's intensity of each half-hour."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .charts import AMBER, BLUE, GREY, day_bars, hour_profile
from .document import Column, Figure, Report, Section, Table, kwh
from .intensity import HALF_HOUR, Intensity
from .period import Period
from .slots import HALF_HOUR_S, keep_slots
from .store_source import Source, moment
from .streets import Lamppost


def build(source: Source, period: Period, lamps: list[Lamppost], factor: tuple[float, str] | None,
          intensity: Intensity | None) -> Report:  # fmt: skip
    """factor -- (kg/kWh, its source)"""
    source.require("energy", period)
    keep_slots(source, "energy_half_hour", period, HALF_HOUR_S)
    report = Report("carbon", "Carbon", period, [f"Energy windows of the store {source.name}."])
    rows = source.rows(
        "SELECT slot, sum(measured_mwh) AS measured_mwh, sum(estimated_mwh) AS estimated_mwh FROM energy_half_hour "
        "GROUP BY slot ORDER BY slot"
    )
    total = kwh(source.row(
        "SELECT sum(mwh) AS mwh FROM (SELECT max(to_mwh) - min(from_mwh) AS mwh FROM energy_half_hour "
        "GROUP BY site, node, life) AS lamps"
    )["mwh"]) or 0.0  # fmt: skip
    if factor:
        report.sections.append(_yearly(total, *factor))
    if intensity:
        report.sections.append(_half_hourly(period, rows, total, intensity, factor))
        report.sources.append(f"Carbon intensity: {intensity.source}.")
    report.cautions.append(
        "Carbon of electricity at the place of use. Losses of the grid, and the making of lampposts and lamps, are not "
        "included."
    )
    return report


def _yearly(total: float, factor: float, source: str) -> Section:
    return Section(
        "By a yearly factor",
        ["Energy by the import registers times one factor for the year. A factor that falls from year to year is no "
         "saving of the street: compare years with one and the same factor."],
        [
            Figure("yearly_kg", "Carbon", total * factor, "kg CO₂e", 1, f"{total:.1f} kWh × {factor:g} kg/kWh."),
            Figure("energy_kwh", "Energy", total, "kWh", 1, "By the import registers, which hold over gaps."),
            Figure("factor", "Factor", factor, "kg/kWh", 5, f"Source: {source}"),
        ],
    )  # fmt: skip


def _half_hourly(period: Period, rows: list[dict[str, Any]], total: float, intensity: Intensity,
                 factor: tuple[float, str] | None) -> Section:  # fmt: skip
    slots = [_slot(row, intensity) for row in rows]
    carbon = sum(slot["kg"] or 0 for slot in slots)
    covered = sum(slot["energy_kwh"] for slot in slots if slot["kg"] is not None)
    windows = sum(slot["energy_kwh"] for slot in slots)
    estimated = sum(slot["estimated_kwh"] for slot in slots if slot["kg"] is not None)
    by_kind = {kind: sum(one["energy_kwh"] for one in slots if one["kind"] == kind) for kind in intensity.kinds()}
    halves = _halves(period)
    known = [intensity.values[one][0] for one in halves if one in intensity.values]
    mean = sum(known) / len(known) if known else None
    weighted = 1000 * carbon / covered if covered else None
    kinds = ", ".join(f"{value:.1f} kWh by {kind} values" for kind, value in sorted(by_kind.items()) if value)
    section = Section("By the intensity of each half-hour")
    section.words = [
        "Energy of the windows of each half-hour of UTC times the intensity of that half-hour. Energy without a window "
        "or without an intensity is kept apart and is in no figure here.",
        f"Source: {intensity.source}.",
    ]
    section.figures = [
        Figure("half_hourly_kg", "Carbon", carbon, "kg CO₂", 1, f"Of {covered:.1f} kWh: {kinds or 'none'}."),
        Figure("weighted_g_per_kwh", "Intensity of this energy", weighted, "g/kWh", 1,
               "Carbon divided by the energy that it comes from."),
        Figure("mean_g_per_kwh", "Mean intensity of the period", mean, "g/kWh", 1,
               f"Plain mean of {len(known)} half-hours of {len(halves)}; the others have no value."),
        Figure("without_intensity_kwh", "Energy without intensity", windows - covered, "kWh", 1,
               "Half-hours that the file does not have."),
        Figure("without_window_kwh", "Energy without a window", total - windows, "kWh", 1,
               "By the registers, at times for which no window is there."),
        Figure("estimated_kwh", "of it estimated energy", estimated, "kWh", 1, "Windows with the letters E and G."),
    ]  # fmt: skip
    section.charts = _charts(period, slots, intensity)
    section.tables = [
        Table("carbon-by-half-hour", "By half-hour of UTC", [
            Column("half_hour", "half-hour"), Column("energy_kwh", "energy", "kWh", 3),
            Column("estimated_kwh", "of it estimated", "kWh", 3), Column("g_per_kwh", "intensity", "g/kWh", 0),
            Column("kind", "kind"), Column("kg", "carbon", "kg", 3),
        ], [{**slot, "half_hour": moment(slot["slot"])} for slot in slots], shown=0),
        _by_day(period, slots, factor),
    ]  # fmt: skip
    return section


def _slot(row: dict[str, Any], intensity: Intensity) -> dict[str, Any]:
    energy = float(row["measured_mwh"] + row["estimated_mwh"]) / 1e6
    value, kind = intensity.values.get(row["slot"], (None, None))
    return {
        "slot": row["slot"], "energy_kwh": round(energy, 4), "estimated_kwh": kwh(row["estimated_mwh"]) or 0.0,
        "g_per_kwh": value, "kind": kind, "kg": None if value is None else round(energy * value / 1000, 5),
    }  # fmt: skip


def _by_day(period: Period, slots: list[dict[str, Any]], factor: tuple[float, str] | None) -> Table:
    rows = []
    for day in period.days:
        of_day = [one for one in slots if period.local(one["slot"]).date() == day]
        energy = sum(one["energy_kwh"] for one in of_day)
        rows.append({
            "day": str(day), "energy_kwh": round(energy, 3), "kg": round(sum(one["kg"] or 0 for one in of_day), 4),
            "open_kwh": round(sum(one["energy_kwh"] for one in of_day if one["kg"] is None), 3),
            "yearly_kg": round(energy * factor[0], 4) if factor else None,
        })  # fmt: skip
    columns = [Column("day", "day"), Column("energy_kwh", "energy", "kWh", 2), Column("kg", "carbon", "kg", 2),
               Column("open_kwh", "without intensity", "kWh", 2)]  # fmt: skip
    if factor:
        columns.append(Column("yearly_kg", "by the yearly factor", "kg", 2))
    return Table("carbon-by-day", "By day", columns, rows, f"Days of {period.zone.key}; energy of windows.", 31)


def _charts(period: Period, slots: list[dict[str, Any]], intensity: Intensity) -> list[Any]:
    days = period.days
    place = {day: number for number, day in enumerate(days)}
    carbon, open_ = [0.0] * len(days), [0.0] * len(days)
    energy = [0.0] * 24
    grams: list[list[float]] = [[] for _ in range(24)]
    for slot in slots:
        local = period.local(slot["slot"])
        if local.date() in place:
            carbon[place[local.date()]] += slot["kg"] or 0
            open_[place[local.date()]] += slot["kg"] is None and slot["energy_kwh"] or 0
        energy[local.hour] += slot["energy_kwh"]
    for half in _halves(period):
        if half in intensity.values:
            grams[period.local(half).hour].append(intensity.values[half][0])
    means = [sum(row) / len(row) if row else None for row in grams]
    most = max(energy, default=0) or 1
    top = max((one for one in means if one is not None), default=1)
    charts = [
        day_bars("carbon-by-day", "Carbon by day", "kg CO₂", days, [("carbon", BLUE, carbon)],
                 f"Half-hours with an intensity, days of {period.zone.key}."),
        hour_profile("carbon-when", "When the grid is clean, and when the street uses energy", "g/kWh", [
            ("mean intensity", AMBER, means),
            ("energy of the street, largest hour = top", BLUE, [top * one / most for one in energy]),
        ], f"Hours of {period.zone.key}. The energy is scaled to the height of the chart."),
    ]  # fmt: skip
    if any(open_):
        charts.insert(1, day_bars("carbon-open", "Energy without intensity by day", "kWh", days,
                                  [("without intensity", GREY, open_)]))  # fmt: skip
    return charts


def _halves(period: Period) -> list[datetime]:
    count = round((period.end - period.begin) / HALF_HOUR)
    return [period.begin + number * HALF_HOUR for number in range(count)]
