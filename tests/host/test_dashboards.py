"""The Grafana dashboards: each query runs on a filled database, and no panel can name what is not there."""

import json
import re
import sys
from datetime import date
from pathlib import Path

import pytest
import yaml
from grafana_foundation_sdk.models.dashboard import Dashboard
from lamplighter.fleet import month
from lamplighter.store.databases import target

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "docs"), str(ROOT / "tests/interop")]

from pages import dashboards  # noqa: E402  # pyright: ignore[reportMissingImports]
from postgres_cluster import running_cluster  # noqa: E402  # pyright: ignore[reportMissingImports]

FILES = {name.rpartition("/")[2]: text for name, text in dashboards.content().items() if name.endswith(".json")}
NAMES = list(FILES)


@pytest.fixture(scope="module")
def filled():
    with running_cluster() as cluster:
        database = target(cluster.url())
        database.open()
        month.write(database, 20, date(2026, 11, 1), 2)
        database.close()
        yield cluster.url()


def panels(name):
    return [panel for panel in json.loads(FILES[name])["panels"] if panel["type"] != "row"]


def as_grafana_sends_it(sql):
    """Grafana's macros and variable, written out as its PostgreSQL data source does."""
    span = r"\1 BETWEEN '2026-11-01T00:00:00Z' AND '2026-11-03T00:00:00Z'"
    sql = re.sub(r"\$__timeFilter\(([^)]*)\)", span, sql)
    sql = re.sub(r"\$__timeGroup\(([^,]*), '1h'\)", r"floor(extract(epoch from \1)/3600)*3600", sql)
    sql = sql.replace("$site", "'simulated','lisbon'")
    assert "$" not in sql
    return sql


@pytest.mark.parametrize("name", NAMES)
def test_each_query_of_a_dashboard_gives_rows(filled, name):
    import psycopg

    # of invented lampposts none is silent, none has an alarm that is on, and none has lost a record
    may_be_empty = {"Alarms that are on", "Missing records", "Alarms raised"}
    with psycopg.connect(filled) as connection:
        for panel in panels(name):
            (query,) = panel["targets"]
            found = connection.execute(as_grafana_sends_it(query["rawSql"]))
            names = [column.name for column in found.description]
            rows = found.fetchall()
            assert rows or panel["title"] in may_be_empty, panel["title"]
            assert (query["format"] == "time_series") == (names[0] == "time"), panel["title"]
            values = [value for row in rows for value in row[1 if names[0] == "time" else 0 :]]
            assert any(value is not None for value in values) or panel["title"] in may_be_empty, panel["title"]


@pytest.mark.parametrize("name", NAMES)
def test_a_dashboard_is_what_the_types_of_the_sdk_know(name):
    document = json.loads(FILES[name])
    again = Dashboard.from_json(json.loads(FILES[name]))
    assert (again.uid, again.title, len(again.panels)) == (document["uid"], document["title"], len(document["panels"]))
    uids = {panel["datasource"]["uid"] for panel in panels(name)}
    assert uids == {dashboards.SOURCE.uid}
    assert all(panel["description"] for panel in panels(name))


def test_the_provisioned_source_is_the_one_that_panels_name():
    documents = [yaml.safe_load(text) for name, text in dashboards.content().items() if name.endswith(".yaml")]
    source = next(one for one in documents if "datasources" in one)["datasources"][0]
    assert (source["uid"], source["type"]) == (dashboards.SOURCE.uid, dashboards.SOURCE.type_val)


def test_a_panel_cannot_name_a_column_that_does_not_exist():
    with pytest.raises(AttributeError, match="has no column e_kwh"):
        _ = dashboards.energy.e_kwh
