"""The parking report: occupancy, arrivals and length of stay of each bay, with the share of unknown kept apart."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from .charts import AMBER, BLUE, GREY, RED, Chart, day_bars, heat
from .document import Column, Figure, Report, Section, Table
from .period import Period, literal
from .store_source import Source
from .streets import Lamppost

HOLD_S = 4500  # a bay reports each hour: after an hour and a quarter without a word nothing is known of it
ENOUGH_SHARE = 0.1  # of the time of all bays must be known for the picture of an hour
_STATES = ("free", "occupied", "blocked", "unknown", "silent")
_METHOD = (
    "A state lasts until the next message of the bay, at most 75 minutes: a bay reports hourly, and after that nothing "
    "is known of it (silent). Occupancy is occupied divided by free plus occupied; unknown, blocked and silent time is "
    "in neither, and its share is shown."
)
_STAYS = (
    "A stay is an unbroken time of occupied between two times of free. A stay whose begin or end lies in unknown "
    "or silent time, or outside the period, is counted as open and is not in the durations."
)


def build(source: Source, period: Period, lamps: list[Lamppost]) -> Report:
    source.require("parking", period)
    _keep_spans(source, period)
    source.keep("bay_stay", _STAY)
    streets = {(lamp.site, lamp.node): lamp.street for lamp in lamps}
    rows = [_bay(row, streets) for row in source.rows(_BAYS)]
    rows.sort(key=lambda row: (row["street"], row["bay"]))
    report = Report("parking", "Parking", period, [f"Parking messages of the store {source.name}."])
    hours = _hourly(source)
    section = Section("Bays", [_METHOD, _STAYS])
    section.figures = _figures(source, rows)
    section.charts = _charts(source, period, hours)
    section.tables = [_by_street(rows), _by_bay(rows), _by_hour(hours)]
    report.sections.append(section)
    report.cautions += source.untimed("parking", "messages")
    return report


def _keep_spans(source: Source, period: Period) -> None:
    """bay_span: one row for each message, with the span for which its state is taken; silence as spans of its own."""
    begin, end = literal(period.begin), literal(period.end)
    hold = f"INTERVAL '{HOLD_S} seconds'"
    source.keep("bay_told", f"""
        SELECT site, node, bay, ts, state,
            coalesce(lead(ts) OVER (PARTITION BY site, node, bay ORDER BY ts, b, s), {end}) AS next_ts
        FROM parking WHERE ts >= {begin} - {hold} AND ts < {end}""")
    # before the first message of a bay nothing is known of it either
    source.keep("bay_span", f"""
        SELECT site, node, bay, state, greatest(ts, {begin}) AS span_from, least(next_ts, ts + {hold}, {end}) AS span_to
        FROM bay_told WHERE least(next_ts, ts + {hold}) > {begin} AND next_ts > ts
        UNION ALL SELECT site, node, bay, 'silent', greatest(ts + {hold}, {begin}), least(next_ts, {end})
        FROM bay_told WHERE next_ts > ts + {hold} AND least(next_ts, {end}) > greatest(ts + {hold}, {begin})
        UNION ALL SELECT site, node, bay, 'silent', {begin}, min(ts) FROM bay_told GROUP BY site, node, bay
        HAVING min(ts) > {begin}""")


# islands of one state: a new one begins where the state differs from the one before
_STAY = """
    WITH marked AS (SELECT *, CASE WHEN state = lag(state) OVER bay_time THEN 0 ELSE 1 END AS begins FROM bay_span
        WINDOW bay_time AS (PARTITION BY site, node, bay ORDER BY span_from, span_to)),
    numbered AS (SELECT *, sum(begins) OVER (PARTITION BY site, node, bay ORDER BY span_from, span_to
        ROWS UNBOUNDED PRECEDING) AS island FROM marked),
    islands AS (SELECT site, node, bay, island, min(state) AS state, min(span_from) AS stay_from,
        max(span_to) AS stay_to FROM numbered GROUP BY site, node, bay, island)
    SELECT site, node, bay, state, stay_from, stay_to,
        coalesce(lag(state) OVER each_bay, '') AS before, coalesce(lead(state) OVER each_bay, '') AS after
    FROM islands WINDOW each_bay AS (PARTITION BY site, node, bay ORDER BY island)"""
_SECONDS = "extract(epoch FROM span_to - span_from)"
_BAYS = f"""
    WITH times AS (SELECT site, node, bay, {", ".join(
        f"coalesce(sum({_SECONDS}) FILTER (WHERE state = '{state}'), 0) AS {state}_s" for state in _STATES
    )} FROM bay_span GROUP BY site, node, bay),
    stays AS (SELECT site, node, bay, count(*) FILTER (WHERE before = 'free') AS arrivals,
        count(*) FILTER (WHERE before = 'free' AND after = 'free') AS whole,
        count(*) FILTER (WHERE before <> 'free' OR after <> 'free') AS open,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM stay_to - stay_from))
            FILTER (WHERE before = 'free' AND after = 'free') AS median_s,
        percentile_cont(0.85) WITHIN GROUP (ORDER BY extract(epoch FROM stay_to - stay_from))
            FILTER (WHERE before = 'free' AND after = 'free') AS long_s
        FROM bay_stay WHERE state = 'occupied' GROUP BY site, node, bay)
    SELECT * FROM times LEFT JOIN stays USING (site, node, bay)"""


def _bay(row: dict[str, Any], streets: dict[tuple[str, str], str]) -> dict[str, Any]:
    known = float(row["free_s"] + row["occupied_s"])
    all_s = sum(float(row[f"{state}_s"]) for state in _STATES)
    return {
        "street": streets.get((row["site"], row["node"]), row["site"]),
        "bay": f"{row['site']}/{row['node']}/{row['bay']}",
        "occupancy": _share(row["occupied_s"], known),
        **{f"{state}_share": _share(row[f"{state}_s"], all_s) for state in ("unknown", "silent", "blocked")},
        "arrivals": int(row["arrivals"] or 0),
        "arrivals_a_day": round(float(row["arrivals"] or 0) * 86400 / known, 2) if known else None,
        "stays": int(row["whole"] or 0),
        "open_stays": int(row["open"] or 0),
        "median_min": _minutes(row["median_s"]),
        "p85_min": _minutes(row["long_s"]),
        "hours_known": round(known / 3600, 1),
        **{f"{state}_s": float(row[f"{state}_s"]) for state in _STATES},
    }


def _figures(source: Source, rows: list[dict[str, Any]]) -> list[Figure]:
    total = {state: sum(row[f"{state}_s"] for row in rows) for state in _STATES}
    known, all_s = total["free"] + total["occupied"], sum(total.values())
    stays = source.row(
        "SELECT count(*) AS n, percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM stay_to - stay_from)) AS "
        "median_s FROM bay_stay WHERE state = 'occupied' AND before = 'free' AND after = 'free'"
    )
    arrivals = sum(row["arrivals"] for row in rows)
    open_stays = sum(row["open_stays"] for row in rows)
    return [
        Figure("occupancy", "Occupancy", _share(total["occupied"], known), "%", 1,
               f"Of {known / 3600:,.0f} known hours of {len(rows)} bays."),
        Figure("unknown_share", "Time not known", _share(total["unknown"] + total["silent"], all_s), "%", 1,
               ", ".join(f"{state} {_share(total[state], all_s) or 0:.1f} %" for state in ("unknown", "silent"))
               + f"; blocked {_share(total['blocked'], all_s) or 0:.1f} % besides."),
        Figure("turnover", "Turnover", round(arrivals * 86400 / known, 2) if known else None, "a day", 1,
               f"Arrivals at a bay in 24 known hours; {arrivals} in all."),
        Figure("median_stay_min", "Median stay", _minutes(stays["median_s"]), "min", 0,
               f"Of {stays['n']} whole stays."),
        Figure("open_stays", "Open stays", open_stays, "", 0, "Begin or end not seen; not in the durations."),
    ]  # fmt: skip


_COLUMNS = [
    Column("occupancy", "occupancy", "%", 1), Column("arrivals_a_day", "arrivals a day", "", 1),
    Column("median_min", "median stay", "min", 0), Column("p85_min", "85 % stay up to", "min", 0),
    Column("stays", "whole stays", "", 0), Column("open_stays", "open stays", "", 0),
    Column("unknown_share", "unknown", "%", 1), Column("silent_share", "silent", "%", 1),
    Column("blocked_share", "blocked", "%", 1),
]  # fmt: skip


def _by_bay(rows: list[dict[str, Any]]) -> Table:
    columns = [Column("street", "street"), Column("bay", "bay"), *_COLUMNS, Column("hours_known", "known", "h", 1)]
    return Table("parking-by-bay", "By bay", columns, rows)


def _by_street(rows: list[dict[str, Any]]) -> Table:
    members: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        members[row["street"]].append(row)
    found = []
    for street, bays in members.items():
        total = {state: sum(bay[f"{state}_s"] for bay in bays) for state in _STATES}
        known, all_s = total["free"] + total["occupied"], sum(total.values())
        found.append({
            "street": street, "bays": len(bays), "occupancy": _share(total["occupied"], known),
            "arrivals_a_day": round(sum(bay["arrivals"] for bay in bays) * 86400 / known, 2) if known else None,
            **{f"{state}_share": _share(total[state], all_s) for state in ("unknown", "silent", "blocked")},
            "stays": sum(bay["stays"] for bay in bays), "open_stays": sum(bay["open_stays"] for bay in bays),
        })  # fmt: skip
    columns = [column for column in _COLUMNS if column.name not in ("median_min", "p85_min")]
    columns = [Column("street", "street"), Column("bays", "bays", "", 0), *columns]
    return Table("parking-by-street", "By street", columns, found)


def _hourly(source: Source) -> list[dict[str, Any]]:
    """Known and occupied seconds of each hour of UTC."""
    return source.rows("""
        WITH cut AS (SELECT state, slot, extract(epoch FROM least(span_to, slot + INTERVAL '1 hour')
                - greatest(span_from, slot)) AS seconds
            FROM bay_span, generate_series(date_trunc('hour', span_from), span_to, INTERVAL '1 hour') AS hours(slot)
            WHERE state IN ('free', 'occupied') AND slot < span_to)
        SELECT slot, coalesce(sum(seconds) FILTER (WHERE state = 'occupied'), 0) AS occupied_s, sum(seconds) AS known_s
        FROM cut GROUP BY slot ORDER BY slot""")


def _by_hour(hours: list[dict[str, Any]]) -> Table:
    rows = [
        {"hour": f"{row['slot']:%Y-%m-%dT%H:%M:%SZ}", "occupancy": _share(row["occupied_s"], float(row["known_s"])),
         "known_h": round(float(row["known_s"]) / 3600, 2)}
        for row in hours
    ]  # fmt: skip
    columns = [Column("hour", "hour"), Column("occupancy", "occupancy", "%", 1), Column("known_h", "known", "h", 1)]
    return Table("parking-by-hour", "By hour of UTC", columns, rows, shown=0)


def _charts(source: Source, period: Period, hours: list[dict[str, Any]]) -> list[Chart]:
    days = period.days
    place = {day: number for number, day in enumerate(days)}
    grid: list[list[float | None]] = [[None] * len(days) for _ in range(24)]
    bays = source.row("SELECT count(*) AS n FROM (SELECT DISTINCT site, node, bay FROM bay_span) AS bays")["n"]
    enough = ENOUGH_SHARE * bays * 3600
    for row in hours:
        local = period.local(row["slot"])
        if local.date() in place and float(row["known_s"]) >= enough:
            grid[local.hour][place[local.date()]] = _share(row["occupied_s"], float(row["known_s"]))
    spans = source.rows(f"""
        SELECT state, CAST({period.local_sql("span_from")} AS DATE) AS day, sum({_SECONDS}) AS seconds FROM bay_span
        GROUP BY 1, 2""")
    parts = {state: [0.0] * len(days) for state in _STATES}
    for row in spans:
        if row["day"] in place:
            parts[row["state"]][place[row["day"]]] += float(row["seconds"]) / 3600
    colours = {"occupied": BLUE, "free": "#bcd9ee", "blocked": RED, "unknown": AMBER, "silent": GREY}
    zone = period.zone.key
    return [
        heat("parking-by-day-and-hour", "Occupancy by day and hour", "%", days, grid,
             f"Occupied share of the known time of all bays, hours of {zone}. White: less than a tenth is known."),
        day_bars("parking-by-day", "Hours of all bays by state", "h", days,
                 [(state, colours[state], parts[state]) for state in colours if any(parts[state])],
                 f"Days of {zone}; a state counts on the day on which it began or was repeated."),
    ]  # fmt: skip


def _share(part: Any, whole: float) -> float | None:
    return round(100 * float(part) / whole, 2) if whole else None


def _minutes(seconds: Any) -> float | None:
    return None if seconds is None else round(float(seconds) / 60, 1)
