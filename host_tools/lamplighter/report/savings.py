"""Savings against a baseline, in hours that were measured; other hours are kept apart and never count as saved."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from .baseline import FULL_POWER, OLD_LAMPS, Baseline
from .charts import BLUE, GREY, day_bars
from .dark import dark_seconds
from .document import Column, Figure, Section, Table, kwh
from .period import Period
from .slots import HOUR_S
from .store_source import Source, some
from .streets import Lamppost

_WHOLE = HOUR_S - 1  # seconds of valid windows that make a measured hour
_PLACE_DECIMALS = 1  # of latitude and longitude: the sun sets within half a minute in so small an area
_TITLES = {OLD_LAMPS: "Saved against the old lamps", FULL_POWER: "Saved by dimming"}
_METHODS = {
    OLD_LAMPS: "Baseline: the watts of the old lamp times the seconds from sunset to sunrise at the lamppost, for each "
    "hour of UTC; 0 W in daylight, so that the standby of the new lamp counts against what it saves.",
    FULL_POWER: "Baseline: full power for the same time lit, standby power for the rest of the hour. Lit are windows "
    "whose mean power reaches {lit:g} W.",
}
_COMMON = (
    "Compared are only hours that valid windows (letter V) cover as a whole. Saved is baseline minus measured, and is "
    "negative where more was used. Hours with other letters, or without a window, are not measured: what the baseline "
    "would have used in them stands apart and does not count as saved."
)


def lit_columns(baselines: list[Baseline]) -> dict[str, int]:
    return {one.column: one.lit_mw for one in baselines if one.kind == FULL_POWER}


def section(source: Source, period: Period, lamps: list[Lamppost], baseline: Baseline) -> Section:
    """Reads the table energy_hour. Lampposts of unknown place have no sunset, and are left out by name."""
    columns = [
        Column("street", "street"),
        Column("lamppost", "lamppost"),
        Column("hours_compared", "hours compared", "h", 0),
        Column("baseline_kwh", "baseline", "kWh", 2),
        Column("measured_kwh", "measured", "kWh", 2),
        Column("saved_kwh", "saved", "kWh", 2),
        Column("saved_share", "saved", "%", 1),
        Column("hours_open", "hours not measured", "h", 0),
    ]
    if baseline.kind == OLD_LAMPS:
        columns.append(Column("open_kwh", "baseline of these", "kWh", 2))
    days, rows, unplaced = _compare(source, period, lamps, baseline)
    found = Section(f"{_TITLES[baseline.kind]} ({baseline.name})")
    found.words = [
        f"{_METHODS[baseline.kind].format(lit=baseline.lit_mw / 1000)} {_COMMON}",
        f"Source of the baseline, {baseline.watts:g} W: {baseline.source}",
    ]
    if unplaced:
        found.words.append(f"Left out, because their info has no location: {some(unplaced)}.")
    if strangers := sorted(set(baseline.nodes) - {lamp.name for lamp in lamps}):
        found.words.append(f"Named by the baseline, but unknown to the store: {some(strangers)}.")
    before, used = (sum(row[name] for row in rows) for name in ("baseline_kwh", "measured_kwh"))
    hours = sum(row["hours_compared"] for row in rows)
    open_hours = sum(row["hours_open"] for row in rows)
    key = baseline.name.replace("-", "_")
    found.figures = [
        Figure(f"{key}_saved_kwh", "Saved", before - used, "kWh", 1, f"{before:.1f} kWh minus {used:.1f} kWh."),
        Figure(f"{key}_saved_share", "of the baseline", 100 * (before - used) / before if before else None, "%", 1,
               "In the hours compared."),
        Figure(f"{key}_hours_compared", "Hours compared", hours, "h", 0, "Lamppost-hours, measured as a whole."),
        Figure(f"{key}_hours_open", "Hours not measured", open_hours, "h", 0,
               "Lamppost-hours with darkness that were not measured as a whole." if baseline.kind == OLD_LAMPS else
               "Lamppost-hours that were not measured as a whole, also by day where the circuit is off."),
    ]  # fmt: skip
    if baseline.kind == OLD_LAMPS:
        apart = sum(row["open_kwh"] for row in rows)
        found.figures.append(Figure(f"{key}_open_kwh", "Baseline of hours not measured", apart, "kWh", 1,
                                    "Kept apart: not counted as saved."))  # fmt: skip
    found.charts = [
        day_bars(f"saved-{baseline.name}", "Baseline and measured energy by day", "kWh", period.days,
                 [("measured", BLUE, [day[1] for day in days]),
                  ("saved", GREY, [max(0.0, day[0] - day[1]) for day in days])],
                 f"Hours that were measured as a whole; measured and saved together are the baseline. Days of "
                 f"{period.zone.key}."),
    ]  # fmt: skip
    rows.sort(key=lambda row: row["saved_kwh"])
    found.tables = [Table(f"saved-{baseline.name}", "By lamppost, the least saved first", columns, rows)]
    return found


def _compare(
    source: Source, period: Period, lamps: list[Lamppost], baseline: Baseline
) -> tuple[list[list[float]], list[dict[str, Any]], list[str]]:
    """([baseline and measured kWh of a day], rows of lampposts, names without a place)."""
    fleet, unplaced = _fleet(source, period, lamps, baseline)
    spans = _day_spans(period)
    found = source.rows(f"""
        WITH hours AS ({_hours(baseline)}), days AS ({spans})
        SELECT site, node, day, sum(expected_mwh) FILTER (WHERE whole) AS baseline_mwh,
            sum(measured_mwh) FILTER (WHERE whole) AS measured_mwh, count(*) FILTER (WHERE whole) AS compared,
            count(*) FILTER (WHERE whole AND dark) AS dark_compared
        FROM hours JOIN days ON slot >= day_from AND slot < day_to GROUP BY site, node, day""")
    days = [[0.0, 0.0] for _ in period.days]
    by_lamp: dict[tuple[str, str], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in found:
        of_lamp = by_lamp[row["site"], row["node"]]
        for name in ("baseline_mwh", "measured_mwh", "compared", "dark_compared"):
            of_lamp[name] += float(row[name] or 0)
        days[row["day"]][0] += float(row["baseline_mwh"] or 0) / 1e6
        days[row["day"]][1] += float(row["measured_mwh"] or 0) / 1e6
    rows = [_row(lamp, by_lamp[lamp.site, lamp.node], period, baseline, fleet) for lamp in lamps
            if (lamp.site, lamp.node) in by_lamp and lamp.name not in unplaced]  # fmt: skip
    return days, rows, unplaced


def _row(lamp: Lamppost, sums: dict[str, float], period: Period, baseline: Baseline,
         fleet: dict[str, tuple[float, int]]) -> dict[str, Any]:  # fmt: skip
    before, used = sums["baseline_mwh"], sums["measured_mwh"]
    row = {
        "street": lamp.street, "lamppost": lamp.name, "hours_compared": int(sums["compared"]),
        "baseline_kwh": kwh(before), "measured_kwh": kwh(used), "saved_kwh": kwh(before - used),
        "saved_share": round(100 * (before - used) / before, 2) if before else None,
        "hours_open": period.hours - int(sums["compared"]),
    }  # fmt: skip
    if baseline.kind == OLD_LAMPS:
        expected, dark_hours = fleet[lamp.name]
        row["hours_open"] = dark_hours - int(sums["dark_compared"])
        row["open_kwh"] = kwh(max(0.0, expected - before))
    return row


def _fleet(source: Source, period: Period, lamps: list[Lamppost],
           baseline: Baseline) -> tuple[dict[str, tuple[float, int]], list[str]]:  # fmt: skip
    """Keep what each lamppost's baseline needs; gives {name: (mWh of the whole period, hours with darkness)}."""
    if baseline.kind == FULL_POWER:
        values = ", ".join(f"('{lamp.site}', '{lamp.node}', {baseline.of(lamp.name)})" for lamp in lamps)
        source.keep(_name(baseline), f"SELECT * FROM (VALUES {values}) AS lamps(site, node, watts)")
        return {}, []
    places: dict[tuple[float, float], list[tuple[datetime, int]]] = {}
    known, fleet, unplaced = [], {}, []
    for lamp in lamps:
        if lamp.lat is None or lamp.lon is None:
            unplaced.append(lamp.name)
            continue
        place = round(lamp.lat, _PLACE_DECIMALS), round(lamp.lon, _PLACE_DECIMALS)
        if place not in places:
            places[place] = dark_seconds(period, *place)
        number = list(places).index(place)
        watts = baseline.of(lamp.name)
        known.append(f"('{lamp.site}', '{lamp.node}', {number}, {watts})")
        dark = [seconds for _, seconds in places[place] if seconds]
        fleet[lamp.name] = (sum(dark) * watts / 3.6, len(dark))
    dark_rows = [
        f"({number}, TIMESTAMP '{hour}', {seconds})" for number, hours in enumerate(places.values())
        for hour, seconds in hours if seconds
    ] or ["(-1, TIMESTAMP '2000-01-01', 0)"]  # fmt: skip
    known = known or ["('', '', -1, 0)"]
    source.keep(
        _name(baseline),
        f"SELECT site, node, dark_hour, dark_s * watts / 3.6 AS expected_mwh FROM (VALUES {', '.join(known)}) "
        "AS lamps(site, node, place, watts) JOIN "
        f"(VALUES {', '.join(dark_rows)}) AS dark(place, dark_hour, dark_s) ON lamps.place = dark.place",
    )
    return fleet, unplaced


def _hours(baseline: Baseline) -> str:
    """SQL: hours of lampposts with their baseline; dark -- the old lamp would have burned in it."""
    whole = f"measured_s >= {_WHOLE} AS whole"
    if baseline.kind == OLD_LAMPS:
        return (
            f"SELECT h.site, h.node, slot, measured_mwh, {whole}, coalesce(expected_mwh, 0) AS expected_mwh, "
            f"expected_mwh IS NOT NULL AS dark FROM energy_hour AS h LEFT JOIN {_name(baseline)} AS b "
            "ON h.site = b.site AND h.node = b.node AND h.slot = b.dark_hour"
        )
    lit = f"coalesce({baseline.column}, 0)"
    return (
        f"SELECT h.site, h.node, slot, measured_mwh, {whole}, true AS dark, "
        f"({lit} * watts + ({HOUR_S} - {lit}) * {baseline.standby_w}) / 3.6 AS expected_mwh "
        f"FROM energy_hour AS h JOIN {_name(baseline)} AS b ON h.site = b.site AND h.node = b.node"
    )


def _day_spans(period: Period) -> str:
    """SQL: (number, begin, end) of each day."""
    spans = (Period(day, day, period.zone) for day in period.days)
    rows = ", ".join(
        f"({number}, TIMESTAMP '{one.begin}', TIMESTAMP '{one.end}')" for number, one in enumerate(spans)
    )
    return f"SELECT * FROM (VALUES {rows}) AS spans(day, day_from, day_to)"


def _name(baseline: Baseline) -> str:
    return f"baseline_{baseline.name.replace('-', '_')}"
