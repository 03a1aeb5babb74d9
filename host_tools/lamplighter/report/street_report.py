"""The street report: availability of each lamppost, its starts, its missing records and its alarms."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from .charts import AMBER, BLUE, GREY, day_bars, row_bars
from .document import Column, Figure, Report, Section, Table
from .period import Period, literal
from .store_source import Source, moment, some, within
from .streets import Lamppost

_POWER = "('power-on', 'brown-out')"  # evt/boot: the supply came back
_METHOD = (
    "An hour counts as reporting if the store has a record of it. An hour without one counts as without power if it "
    "lies between the last record of a boot and a start after a power cut, which is the normal end of a night on a "
    "switched circuit; all others are silent. Availability is reporting divided by reporting plus silent."
)
_MISSING = (
    "Missing records are numbers that lack between the first and the last of a boot in the period. The command "
    "lamplighter store check proves the whole store and names each gap."
)


def build(source: Source, period: Period, lamps: list[Lamppost]) -> Report:
    source.require("telemetry", period)
    _keep_hours(source, period)
    rows = _rows(source, period, lamps)
    report = Report("street", "Street", period, [f"All records of the store {source.name}."])
    report.sections = [_availability(source, period, rows), _alarms(source, period)]
    never = [lamp.name for lamp in lamps if lamp.name not in {row["lamppost"] for row in rows}]
    if never:
        report.cautions.append(f"Known to the store, but without a record in the period: {some(never)}.")
    report.cautions += source.untimed("telemetry", "records")
    return report


def _keep_hours(source: Source, period: Period) -> None:
    """heard_hour: hours with a record; boot_span: the first and last record of each boot; off_hour: without power."""
    source.keep("heard_hour", f"""
        SELECT site, node, life, b, date_trunc('hour', ts - INTERVAL '1 second') AS slot, min(ts) AS first_ts,
            max(ts) AS last_ts, count(*) AS records, min(s) AS first_s, max(s) AS last_s
        FROM telemetry WHERE {within("ts", period)} GROUP BY 1, 2, 3, 4, 5""")
    source.keep("boot_span", """
        SELECT site, node, life, b, min(first_ts) AS first_ts, max(last_ts) AS last_ts, sum(records) AS records,
            max(last_s) - min(first_s) + 1 AS numbers FROM heard_hour GROUP BY 1, 2, 3, 4""")
    begin = literal(period.begin)
    source.keep("off_hour", f"""
        WITH cuts AS (SELECT DISTINCT site, node, life, b FROM event WHERE kind = 'evt_boot' AND reset IN {_POWER}),
            spans AS (SELECT *, coalesce(lag(last_ts) OVER (PARTITION BY site, node ORDER BY life, b), {begin})
                AS off_from FROM boot_span),
            offs AS (SELECT site, node, off_from, first_ts FROM spans JOIN cuts USING (site, node, life, b)),
            hours AS (SELECT site, node, slot FROM offs,
                generate_series(date_trunc('hour', off_from), first_ts, INTERVAL '1 hour') AS off_hours(slot))
        SELECT DISTINCT site, node, slot FROM hours WHERE slot >= {begin} AND NOT EXISTS (
            SELECT 1 FROM heard_hour AS heard WHERE heard.site = hours.site AND heard.node = hours.node
            AND heard.slot = hours.slot)""")


def _rows(source: Source, period: Period, lamps: list[Lamppost]) -> list[dict[str, Any]]:
    found = source.rows("""
        WITH heard AS (SELECT site, node, count(DISTINCT slot) AS heard FROM heard_hour GROUP BY 1, 2),
            off AS (SELECT site, node, count(*) AS off FROM off_hour GROUP BY 1, 2),
            boots AS (SELECT site, node, sum(records) AS records, sum(numbers - records) AS missing, count(*) AS boots,
                max(last_ts) AS last_ts FROM boot_span GROUP BY 1, 2)
        SELECT * FROM heard JOIN boots USING (site, node) LEFT JOIN off USING (site, node)""")
    by_name = {(row["site"], row["node"]): row for row in found}
    rows = []
    for lamp in lamps:
        row = by_name.get((lamp.site, lamp.node))
        if row is None:
            continue
        heard, off = int(row["heard"]), int(row["off"] or 0)
        silent = max(0, period.hours - heard - off)
        rows.append({
            "street": lamp.street, "lamppost": lamp.name, "asset": lamp.asset, "firmware": lamp.firmware,
            "availability": round(100 * heard / (heard + silent), 2), "hours_reporting": heard, "hours_off": off,
            "hours_silent": silent, "boots": int(row["boots"]), "records": int(row["records"]),
            "missing": int(row["missing"]), "last": moment(row["last_ts"]),
        })  # fmt: skip
    return sorted(rows, key=lambda row: (row["availability"], -row["missing"]))


def _availability(source: Source, period: Period, rows: list[dict[str, Any]]) -> Section:
    section = Section("Availability", [_METHOD, _MISSING])
    sums = {name: sum(row[name] for row in rows) for name in
            ("hours_reporting", "hours_off", "hours_silent", "records", "missing", "boots")}  # fmt: skip
    known = sums["hours_reporting"] + sums["hours_silent"]
    section.figures = [
        Figure("availability", "Availability", 100 * sums["hours_reporting"] / known if known else None, "%", 2,
               f"{sums['hours_reporting']} of {known} lamppost-hours with power."),
        Figure("lampposts", "Lampposts", len(rows), "", 0, "With at least one record in the period."),
        Figure("hours_off", "Hours without power", sums["hours_off"], "h", 0, "Before a start after a power cut."),
        Figure("records", "Records", sums["records"], "", 0, "In the period."),
        Figure("missing", "Missing records", sums["missing"], "", 0,
               f"{100 * sums['missing'] / max(1, sums['records'] + sums['missing']):.3f} % of the numbers of a boot."),
        Figure("boots", "Boots", sums["boots"], "", 0, "All lampposts together."),
    ]  # fmt: skip
    section.charts = [_day_chart(source, period, len(rows))]
    worst = [row for row in rows if row["availability"] < 100][:12]
    if worst:
        section.charts.append(
            row_bars("silent-lampposts", "The lampposts with the lowest availability", "hours",
                     [row["lamppost"] for row in worst],
                     [("reporting", BLUE, [row["hours_reporting"] for row in worst]),
                      ("without power", GREY, [row["hours_off"] for row in worst]),
                      ("silent", AMBER, [row["hours_silent"] for row in worst])])
        )  # fmt: skip
    columns = [
        Column("street", "street"), Column("lamppost", "lamppost"), Column("asset", "asset"),
        Column("firmware", "firmware"), Column("availability", "availability", "%", 1),
        Column("hours_reporting", "reporting", "h", 0), Column("hours_off", "without power", "h", 0),
        Column("hours_silent", "silent", "h", 0), Column("boots", "boots", "", 0), Column("missing", "missing", "", 0),
        Column("records", "records", "", 0), Column("last", "last record"),
    ]  # fmt: skip
    section.tables = [Table("street-by-lamppost", "By lamppost, the lowest availability first", columns, rows)]
    return section


def _day_chart(source: Source, period: Period, count: int) -> Any:
    days = period.days
    place = {day: number for number, day in enumerate(days)}
    sums = {"heard_hour": [0.0] * len(days), "off_hour": [0.0] * len(days)}
    for table, hours in sums.items():
        counted = "SELECT slot, count(*) AS n FROM (SELECT DISTINCT site, node, slot FROM"
        for row in source.rows(f"{counted} {table}) AS hours GROUP BY slot"):
            day = place.get(period.local(row["slot"]).date())
            if day is not None:
                hours[day] += row["n"]
    lengths = [count * Period(day, day, period.zone).hours for day in days]
    heard, off = sums["heard_hour"], sums["off_hour"]
    silent = [max(0.0, all_ - up - down) for all_, up, down in zip(lengths, heard, off, strict=True)]
    return day_bars("street-by-day", "Hours of all lampposts by day", "h", days,
                    [("reporting", BLUE, heard), ("without power", GREY, off), ("silent", AMBER, silent)],
                    f"Days of {period.zone.key}.")  # fmt: skip


def _alarms(source: Source, period: Period) -> Section:
    raised = source.rows(f"""
        SELECT code, count(*) AS raised, count(DISTINCT site || '/' || node) AS lampposts FROM alarm
        WHERE NOT cleared AND {within("ts", period)} GROUP BY code""")
    last = source.rows(f"""
        SELECT DISTINCT ON (site, node, code) site, node, code, cleared, ts, severity, evidence, received FROM alarm
        WHERE received <= {literal(period.end)} ORDER BY site, node, code, received DESC""")
    on = [row for row in last if not row["cleared"]]
    open_by_code: dict[str, int] = defaultdict(int)
    for row in on:
        open_by_code[row["code"]] += 1
    codes = sorted({row["code"] for row in raised} | set(open_by_code))
    counts = {row["code"]: row for row in raised}
    table = [
        {"code": code, "raised": counts[code]["raised"] if code in counts else 0,
         "lampposts": counts[code]["lampposts"] if code in counts else 0, "open": open_by_code.get(code, 0)}
        for code in codes
    ]  # fmt: skip
    section = Section("Alarms")
    section.words = [
        "Raised: messages of the period with a cause, also those that repeat it with another value. On at the end: "
        "alarms that no message has cleared by the end of the period."
    ]
    section.figures = [
        Figure("alarms_raised", "Raised", sum(row["raised"] for row in raised), "", 0, "In the period."),
        Figure("alarms_on", "On at the end", len(on), "", 0, "Of all lampposts."),
    ]
    columns = [Column("code", "alarm"), Column("raised", "raised", "", 0), Column("lampposts", "lampposts", "", 0),
               Column("open", "on at the end", "", 0)]  # fmt: skip
    rows = [
        {"lamppost": f"{row['site']}/{row['node']}", "code": row["code"], "severity": row["severity"],
         "evidence": row["evidence"], "since": moment(row["ts"])}
        for row in on
    ]  # fmt: skip
    section.tables = [Table("alarms-by-code", "By alarm", columns, table)] if table else []
    if rows:
        section.tables.append(
            Table("alarms-on", "On at the end of the period", [
                Column("lamppost", "lamppost"), Column("code", "alarm"), Column("severity", "severity"),
                Column("evidence", "evidence"), Column("since", "since"),
            ], rows)
        )  # fmt: skip
    return section
