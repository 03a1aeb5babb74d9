"""docs/integrate/grafana: four dashboards over the store's views in PostgreSQL, and the files that provision them.

A panel takes its columns from the views by attribute, so one that the database does not have cannot be named.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as dashboards
from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.cog import variants
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models.dashboard import DataSourceRef
from lamplighter.store.dialect import POSTGRESQL
from lamplighter.store.views import views

SOURCE = DataSourceRef(type_val="grafana-postgresql-datasource", uid="lamplighter-store")
FOLDER = "integrate/grafana"
HERE = "site IN ($site)"


class View:
    """`energy = View("energy")`: str(energy) and energy.e_mwh are names in SQL; another attribute raises."""

    def __init__(self, name: str) -> None:
        self._view = next(view for view in views(POSTGRESQL) if view.name == name)
        self._columns = {column.name for column in self._view.columns}

    def __getattr__(self, name: str) -> str:
        if name not in self._columns:
            raise AttributeError(f"The view {self._view.name} has no column {name}.")
        return f'"{name}"'

    def __str__(self) -> str:
        return f'"{self._view.name}"'


@dataclass
class Query(variants.Dataquery):
    """What the SDK lacks: a query of the PostgreSQL data source."""

    sql: str
    format: str
    letter: str = "A"

    def to_json(self) -> dict[str, Any]:
        return {"refId": self.letter, "datasource": SOURCE, "format": self.format, "rawQuery": True,
                "editorMode": "code", "rawSql": self.sql}  # fmt: skip

    def build(self) -> Query:
        return self


energy, parking, air = View("energy"), View("parking"), View("air")
alarm, event, node, telemetry = View("alarm"), View("event"), View("node"), View("telemetry")


def by_hour(view: View, what: str, where: str = "", series: str = "") -> str:
    """SQL of a graph: what, grouped by hours."""
    hour = f"$__timeGroup({view.ts}, '1h')"
    metric = f"{series} AS metric, " if series else ""
    group = "1, 2" if series else "1"
    also = f" AND {where}" if where else ""
    return (f"SELECT {hour} AS time, {metric}{what} FROM {view} WHERE $__timeFilter({view.ts}) AND {HERE}{also} "
            f"GROUP BY {group} ORDER BY 1")  # fmt: skip


def graph(title: str, unit: str, sql: str, about: str, bars: bool = False, span: int = 12) -> timeseries.Panel:
    panel = timeseries.Panel().title(title).description(about).unit(unit).datasource(SOURCE).span(span).height(9)
    panel = panel.with_target(Query(sql, "time_series")).line_width(1)
    if bars:
        stacked = common_builders.StackingConfig().mode(common.StackingMode.NORMAL)
        panel = panel.draw_style(common.GraphDrawStyle.BARS).fill_opacity(70).stacking(stacked)
    return panel


def number(title: str, unit: str, sql: str, about: str) -> stat.Panel:
    last = common_builders.ReduceDataOptions().calcs(["lastNotNull"]).values(False)
    panel = stat.Panel().title(title).description(about).unit(unit).datasource(SOURCE).span(6).height(5)
    return panel.with_target(Query(sql, "table")).reduce_options(last)


def rows(title: str, sql: str, about: str, span: int = 24) -> table.Panel:
    panel = table.Panel().title(title).description(about).datasource(SOURCE).span(span).height(10)
    return panel.with_target(Query(sql, "table"))


def street() -> list[Any]:
    a, n, t = alarm, node, telemetry
    newest = (f"SELECT DISTINCT ON (site, node, {a.code}) * FROM {a} WHERE {HERE} "
              f"ORDER BY site, node, {a.code}, {a.received} DESC")  # fmt: skip
    return [
        number("Lampposts", "none", f"SELECT count(*) AS lampposts FROM {n} WHERE {HERE}", "Known to the store."),
        number("Online", "none", f"SELECT count(*) AS online FROM {n} WHERE {HERE} AND {n.state} = 'online'",
               "By the last state; after a power cut the broker says lost."),
        number("Alarms that are on", "none",
               f"SELECT count(*) AS alarms FROM ({newest}) AS newest WHERE NOT {a.cleared}", "Not cleared yet."),
        number("Silent for two days", "none",
               f"SELECT count(*) AS silent FROM {n} WHERE {HERE} AND "
               f"{n.last_message} < (now() AT TIME ZONE 'UTC') - INTERVAL '2 days'",
               "Longer than any night or day of a switched circuit."),
        graph("Records by kind", "none", by_hour(t, "count(*) AS records", series=t.kind),
              "What arrived, by the time at which it was measured.", bars=True),
        graph("Alarms raised", "none", by_hour(a, "count(*) AS raised", f"NOT {a.cleared}", a.code),
              "Messages with a cause, by code.", bars=True),
        rows("Alarms that are on",
             f"SELECT site, node, {a.code}, {a.severity}, {a.evidence}, {a.since} FROM ({newest}) AS newest "
             f"WHERE NOT {a.cleared} ORDER BY {a.since} DESC LIMIT 200", "The newest first."),
        rows("Lampposts",
             f"SELECT site, node, {n.asset}, {n.state}, {n.reason}, {n.firmware}, {n.last_message}, {n.records}, "
             f"{n.devices} FROM {n} WHERE {HERE} ORDER BY {n.last_message}", "The longest silent first."),
    ]  # fmt: skip


def energies() -> list[Any]:
    e = energy
    used = f"max({e.imp_mwh}) - min({e.imp_mwh} - coalesce({e.e_mwh}, 0))"
    spans = (f"SELECT site, node, ({used}) / 1e6 AS kwh FROM {e} "
             f"WHERE $__timeFilter({e.ts}) AND {HERE} GROUP BY site, node, {e.life}")  # fmt: skip
    bad = f"avg(CASE WHEN {e.q}->>'e_mwh' = 'V' THEN 0.0 ELSE 1.0 END)"
    return [
        number("Energy", "kwatth", f"SELECT sum(kwh) AS energy FROM ({spans}) AS spans",
               "By the import registers: it holds over gaps."),
        number("Lampposts that measured", "none", f"SELECT count(DISTINCT site || '/' || node) AS lampposts FROM {e} "
               f"WHERE $__timeFilter({e.ts}) AND {HERE}", "With a window in the chosen time."),
        number("Highest power", "watt", f"SELECT max({e.p_max_mw}) / 1e3 AS watts FROM {e} "
               f"WHERE $__timeFilter({e.ts}) AND {HERE}", "Of one lamppost in one reading."),
        number("Windows not valid", "percentunit", f"SELECT {bad} AS share FROM {e} "
               f"WHERE $__timeFilter({e.ts}) AND {HERE}", "Energy with another letter than V."),
        graph("Energy by hour", "kwatth", by_hour(e, f"sum({e.e_mwh}) / 1e6 AS kwh", series="site"),
              "Sums of windows.", bars=True),
        graph("Voltage", "volt", by_hour(e, f"min({e.u_mv}) / 1e3 AS lowest, avg({e.u_mv}) / 1e3 AS mean, "
              f"max({e.u_mv}) / 1e3 AS highest"), "Means of windows over all lampposts."),
        graph("Windows not valid", "percentunit", by_hour(e, f"{bad} AS share"), "Energy with another letter than V."),
        graph("Power factor", "none", by_hour(e, f"avg({e.pf}) AS mean", f"{e.p_mean_mw} > 5000"),
              "Of windows above 5 W: standby has a bad one by nature."),
        rows("Most energy", f"{spans} ORDER BY kwh DESC LIMIT 50", "By the import registers."),
    ]  # fmt: skip


def bays() -> list[Any]:
    p = parking
    newest = (f"SELECT DISTINCT ON (site, node, {p.bay}) * FROM {p} WHERE {HERE} "
              f"ORDER BY site, node, {p.bay}, {p.life} DESC, {p.b} DESC, {p.s} DESC")  # fmt: skip

    def now(state: str, title: str, about: str) -> stat.Panel:
        sql = f"SELECT count(*) AS bays FROM ({newest}) AS newest WHERE {p.state} = '{state}'"
        return number(title, "none", sql, about)

    share = f"avg(CASE {p.state} WHEN 'occupied' THEN 1.0 WHEN 'free' THEN 0.0 END)"
    known = f"avg(CASE WHEN {p.state} IN ('occupied', 'free') THEN 0.0 ELSE 1.0 END)"
    return [
        now("free", "Free now", "By the last message of each bay."),
        now("occupied", "Occupied now", "By the last message of each bay."),
        now("unknown", "Unknown now", "The lamppost cannot tell, and says why in its evidence."),
        now("blocked", "Blocked now", "Something that is no vehicle covers the sensor."),
        graph("Occupied messages", "percentunit", by_hour(p, f"{share} AS occupied"),
              "Share of the messages free and occupied, not of time: lamplighter report parking has the occupancy."),
        graph("Unknown messages", "percentunit", by_hour(p, f"{known} AS unknown"), "Share of all messages."),
        graph("Arrivals", "none",
              f"SELECT $__timeGroup({p.since}, '1h') AS time, count(DISTINCT site || node || {p.bay} || {p.since}) AS "
              f"arrivals FROM {p} WHERE $__timeFilter({p.since}) AND {HERE} AND {p.state} = 'occupied' GROUP BY 1 "
              f"ORDER BY 1", "Changes to occupied, by the time of the change.", bars=True, span=24),
        rows("Bays", f"SELECT site, node, {p.bay}, {p.state}, {p.confidence}, {p.since}, {p.evidence} "
             f"FROM ({newest}) AS newest ORDER BY site, node, {p.bay}", "The last message of each."),
    ]  # fmt: skip


def air_and_health() -> list[Any]:
    a, e, t = air, event, telemetry

    def valid(name: str) -> str:
        return f"avg({getattr(a, name)}) FILTER (WHERE {a.q}->>'{name}' = 'V')"

    gaps = (f"SELECT site, node, {t.b}, max({t.s}) - min({t.s}) + 1 - count(*) AS missing FROM {t} "
            f"WHERE $__timeFilter({t.ts}) AND {HERE} GROUP BY site, node, {t.life}, {t.b}")  # fmt: skip
    return [
        number("Worst index", "none", f"SELECT max(CAST({a.aqi}->>'index' AS INTEGER)) AS worst FROM {a} "
               f"WHERE $__timeFilter({a.ts}) AND {HERE}", "1 good to 6 extremely poor."),
        number("Air windows", "none", f"SELECT count(*) AS windows FROM {a} WHERE $__timeFilter({a.ts}) AND {HERE}",
               "All, also those with flagged values."),
        number("Boots", "none", f"SELECT count(*) AS boots FROM {e} WHERE $__timeFilter({e.ts}) AND {HERE} "
               f"AND {e.kind} = 'evt_boot'", "A switched circuit gives one a night."),
        number("Missing records", "none", f"SELECT sum(missing) AS missing FROM ({gaps}) AS gaps",
               "Numbers that lack between the first and the last of a boot; late ones may still come."),
        graph("Particles", "conμgm3", by_hour(a, f"{valid('pm2_5')} AS pm2_5, {valid('pm10')} AS pm10"),
              "Mean of valid windows of all lampposts."),
        graph("Index", "none", by_hour(a, f"max(CAST({a.aqi}->>'index' AS INTEGER)) AS worst"),
              "The worst of all lampposts, by their own tables."),
        graph("Temperature and humidity", "none", by_hour(a, f"{valid('t')} AS celsius, {valid('rh')} AS per_cent"),
              "Mean of valid windows."),
        graph("Flagged particles", "percentunit",
              by_hour(a, f"avg(CASE WHEN {a.q}->>'pm2_5' = 'V' THEN 0.0 ELSE 1.0 END) AS share",
                      f"{a.q}->>'pm2_5' IS NOT NULL"), "PM2.5 with another letter than V."),
        graph("Boots by reason", "none", by_hour(e, "count(*) AS boots", f"{e.kind} = 'evt_boot'", e.reset),
              "Why the chip started.", bars=True),
        rows("Missing records", f"SELECT * FROM ({gaps}) AS gaps WHERE missing > 0 ORDER BY missing DESC LIMIT 100",
             "lamplighter store check names each gap and the records beside it.", 12),
    ]  # fmt: skip


DASHBOARDS: dict[str, tuple[str, Callable[[], list[Any]]]] = {
    "street": ("Street", street),
    "energy": ("Energy", energies),
    "parking": ("Parking", bays),
    "air-and-health": ("Air and health", air_and_health),
}


def content() -> dict[str, str]:
    """{path below docs: text}"""
    found = {f"{FOLDER}/dashboards/{name}.json": _dashboard(name, *about) for name, about in DASHBOARDS.items()}
    return found | {
        f"{FOLDER}/provisioning/datasources/lamplighter.yaml": _DATASOURCE,
        f"{FOLDER}/provisioning/dashboards/lamplighter.yaml": _PROVIDER,
    }


def _dashboard(name: str, title: str, panels: Callable[[], list[Any]]) -> str:
    sites = dashboards.QueryVariable("site").label("Site").datasource(SOURCE).multi(True).include_all(True)
    sites = sites.query(f"SELECT DISTINCT {node.site} FROM {node} ORDER BY 1")
    built = dashboards.Dashboard(f"Lampposts: {title}").uid(f"lamplighter-{name}").tags(["lamplighter"])
    built = built.timezone("browser").time("now-7d", "now").refresh("5m").readonly().with_variable(sites)
    for panel in panels():
        built = built.with_panel(panel)
    return JSONEncoder(sort_keys=True, indent=1, ensure_ascii=False).encode(built.build()) + "\n"


_DATASOURCE = """# Generated by `make docs`; do not edit. The password comes from the environment of Grafana.
apiVersion: 1
datasources:
  - name: Lamplighter store
    uid: lamplighter-store
    type: grafana-postgresql-datasource
    url: $LAMPLIGHTER_DB_HOST
    user: $LAMPLIGHTER_DB_USER
    secureJsonData:
      password: $LAMPLIGHTER_DB_PASSWORD
    jsonData:
      database: $LAMPLIGHTER_DB_NAME
      sslmode: prefer
      postgresVersion: 1500
      timescaledb: false
"""
_PROVIDER = """# Generated by `make docs`; do not edit.
apiVersion: 1
providers:
  - name: lamplighter
    folder: Lampposts
    folderUid: lamplighter
    type: file
    allowUiUpdates: false
    options:
      path: /etc/grafana/lamplighter/dashboards
"""
