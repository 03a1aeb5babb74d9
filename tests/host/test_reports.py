"""Reports of a small street whose figures are known by hand, and of one that is simulated."""

import json
import re
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import layout
import pytest
from click.testing import CliRunner
from lamplighter.cli import lamplighter
from lamplighter.contract import check_message
from lamplighter.fleet import month
from lamplighter.problems import NothingToReport, ReportInputInvalid, StoreNewer, StoreUnusable
from lamplighter.report import air_report as air
from lamplighter.report import baseline, dark, intensity, streets, write
from lamplighter.report import carbon_report as carbon
from lamplighter.report import energy_report as energy
from lamplighter.report import parking_report as parking
from lamplighter.report import street_report as street
from lamplighter.report.period import Period
from lamplighter.report.store_source import Source
from lamplighter.store.databases import target
from lamplighter.store.messages import Record, sort

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "interop"))

from postgres_cluster import PostgresCluster, find_postgres  # noqa: E402  # pyright: ignore[reportMissingImports]
from publisher import Lamp  # noqa: E402  # pyright: ignore[reportMissingImports]

DAY = date(2026, 11, 22)
UTC = ZoneInfo("UTC")
OLD = """
[retrofit]
kind = "old-lamps"
watts = 100
source = "Inventory of 2019, sheet 4"

[dimming]
kind = "full-power"
watts = 40
standby_w = 1
lit_from_w = 5
source = "Data sheet"
"""


class Street:
    """A store that messages are put into as they would arrive."""

    def __init__(self, path):
        self.path = path
        self.lamp = Lamp()

    def take(self, *messages):
        database = target(str(self.path))
        database.open()
        at = datetime(2026, 11, 30)
        found = [sort(topic, payload, at + timedelta(microseconds=n)) for n, (topic, payload, _) in enumerate(messages)]
        done = database.commit([one for one in found if one is not None])
        database.close()
        assert not done.rejected
        return done

    def at(self, moment, message, **changes):
        topic, payload, retain = message
        text = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
        return topic, json.dumps({**json.loads(payload), "ts": text, **changes}).encode(), retain

    def energy(self, end, watts, letter="V", register=None):
        mwh = round(watts * 250)
        self.register = getattr(self, "register", 1_000_000) + mwh if register is None else register
        message = self.lamp.energy(e_mwh=mwh, imp_mwh=self.register)
        letters = {**json.loads(message[1])["q"], "e_mwh": letter}
        changes = {"e_mwh": None} if letter == "U" else {}
        return self.at(end, message, q=letters, **changes)

    def hours(self, begin, *watts, letter="V"):
        """Four windows an hour."""
        return [
            self.energy(begin + timedelta(hours=hour, minutes=15 * quarter), power, letter)
            for hour, power in enumerate(watts)
            for quarter in (1, 2, 3, 4)
        ]

    def build(self, make, *more, days=1, zone=UTC):
        period = Period(DAY, DAY + timedelta(days=days - 1), zone)
        database = target(str(self.path))
        with database.reader() as rows:
            source = Source(rows, self.path.name, database.dialect)
            return make(source, period, streets.lampposts(source, {}), *more)


@pytest.fixture
def place(tmp_path):
    return Street(tmp_path / "lamps.duckdb")


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    path = tmp_path_factory.mktemp("month") / "lamps.duckdb"
    database = target(str(path))
    database.open()
    month.write(database, 20, date(2026, 11, 1), 3)
    database.close()
    return path


def figures(report):
    return {figure.name: figure.value for figure in report.figures}


def rows(report, name):
    return next(table.rows for table in report.tables if table.name == name)


def run(*words):
    return CliRunner().invoke(lamplighter, ["report", *map(str, words)])


def baselines(tmp_path, text=OLD, names=()):
    path = tmp_path / "street.toml"
    path.write_text(text)
    return baseline.read(path, names)


def info(lat=38.72, lon=-9.14):
    body = {"firmware": "1", "build": "1", "board": "b", "chip": "c", "parts": [], "units": {}, "asset": "A1",
            "location": {"lat": lat, "lon": lon}, "config": None, "schema": {"config": 1, "messages": 1}}  # fmt: skip
    return Lamp().message("info", body, None, True)


NOON = datetime(2026, 11, 22)


def test_energy_by_the_register_holds_over_a_gap_that_windows_do_not_cover(place):
    first = place.hours(NOON, 40)
    place.lamp.next += 8  # two hours are missing, in which the meter went on
    place.register += 80_000
    place.take(*first, *place.hours(NOON + timedelta(hours=3), 40))
    found = figures(place.build(energy.build, []))
    assert found["energy_kwh"] == pytest.approx(0.16)
    assert found["windows_kwh"] == pytest.approx(0.08)
    assert found["unplaced_kwh"] == pytest.approx(0.08)


@pytest.mark.parametrize("letter", ["E", "G", "U"])
def test_an_hour_that_was_not_measured_never_counts_as_saved(place, tmp_path, letter):
    evening = NOON + timedelta(hours=20)
    measured, doubtful = place.hours(evening, 40), place.hours(evening + timedelta(hours=1), 10, letter=letter)
    place.take(info(), *measured, *doubtful)  # all other hours have no window at all
    found = figures(place.build(energy.build, baselines(tmp_path)))
    assert found["retrofit_saved_kwh"] == pytest.approx(0.1 - 0.04)
    assert found["retrofit_hours_compared"] == 1
    assert found["retrofit_hours_open"] == 15 - 1  # of the hours with darkness in Lisbon on that day
    assert found["retrofit_open_kwh"] == pytest.approx(0.1 * _dark_hours() - 0.1, abs=0.001)
    assert found["dimming_saved_kwh"] == pytest.approx(0)
    assert found["dimming_hours_open"] == 23


def _dark_hours():
    return sum(seconds for _, seconds in dark.dark_seconds(Period(DAY, DAY, UTC), 38.7, -9.1)) / 3600


def test_one_bad_quarter_takes_its_hour_out_of_the_comparison(place, tmp_path):
    windows = place.hours(NOON + timedelta(hours=20), 40, 40)
    place.take(info(), *windows[:2], *windows[3:])
    assert figures(place.build(energy.build, baselines(tmp_path)))["retrofit_hours_compared"] == 1


def test_dimming_is_compared_with_full_power_for_the_time_lit_and_standby_for_the_rest(place, tmp_path):
    place.take(*place.hours(NOON + timedelta(hours=20), 20, 1))  # dimmed to a half; off
    found = figures(place.build(energy.build, baselines(tmp_path, names=("dimming",))))
    assert found["dimming_saved_kwh"] == pytest.approx(0.020)


def test_standby_by_day_counts_against_what_a_new_lamp_saves(place, tmp_path):
    place.take(info(), *place.hours(NOON + timedelta(hours=11), 1))
    assert figures(place.build(energy.build, baselines(tmp_path)))["retrofit_saved_kwh"] == pytest.approx(-0.001)


def test_a_zone_that_is_half_an_hour_off_has_the_same_darkness(place, tmp_path):
    place.take(info(28.6, 77.2), *place.hours(NOON + timedelta(hours=13), 40))  # 18:30 in Delhi
    report = place.build(energy.build, baselines(tmp_path, names=("retrofit",)), zone=ZoneInfo("Asia/Kolkata"))
    assert figures(report)["retrofit_saved_kwh"] == pytest.approx(0.06)


def test_a_lamppost_that_a_baseline_misspells_is_named(place, tmp_path):
    place.take(info(), *place.hours(NOON + timedelta(hours=20), 40))
    text = OLD.replace("[dimming]", '[retrofit.nodes]\n"lisbon/lp-9999" = 70\n\n[dimming]')
    report = place.build(energy.build, baselines(tmp_path, text))
    assert any("lisbon/lp-9999" in words for section in report.sections for words in section.words)


def test_a_lamppost_of_unknown_place_is_left_out_of_the_old_lamps_by_name(place, tmp_path):
    place.take(*place.hours(NOON + timedelta(hours=20), 40))
    report = place.build(energy.build, baselines(tmp_path))
    assert figures(report)["retrofit_hours_compared"] == 0
    assert any("lisbon/lp-0042" in words for words in report.sections[1].words)


def test_a_window_longer_than_an_hour_is_spread_over_its_hours(place):
    place.take(place.at(NOON + timedelta(hours=4), place.lamp.energy(e_mwh=40_000, window_s=4 * 3600)))
    hours = rows(place.build(energy.build, []), "energy-by-hour")
    assert [row["measured_kwh"] for row in hours] == [0.01] * 4


def test_days_follow_the_time_zone_also_when_the_clock_changes():
    lisbon = ZoneInfo("Europe/Lisbon")
    assert Period(date(2026, 10, 25), date(2026, 10, 25), lisbon).hours == 25
    period = Period(date(2026, 10, 24), date(2026, 10, 26), lisbon)
    for moment in (datetime(2026, 10, 25, 0, 30), datetime(2026, 10, 25, 1, 0), datetime(2026, 10, 26, 2, 0)):
        sql = period.local_sql(f"TIMESTAMP '{moment}'")
        assert duckdb.execute(f"SELECT {sql}").fetchone() == (period.local(moment),)


def test_the_dark_hours_of_the_far_north_are_none_in_june_and_all_in_december():
    tromso = 69.65, 18.96
    june, december = (Period(date(2026, one, 15), date(2026, one, 15), UTC) for one in (6, 12))
    assert sum(seconds for _, seconds in dark.dark_seconds(june, *tromso)) == 0
    assert sum(seconds for _, seconds in dark.dark_seconds(december, *tromso)) == 86400


def test_carbon_by_half_hour_keeps_energy_without_an_intensity_apart(place, tmp_path):
    path = tmp_path / "gb.json"
    values = [("00:00", 300, 200), ("00:30", 100, None), ("01:30", 100, 100)]
    path.write_text(json.dumps({"data": [
        {"from": f"2026-11-22T{at}Z", "to": "", "intensity": {"forecast": forecast, "actual": actual}}
        for at, forecast, actual in values
    ]}))  # fmt: skip
    place.take(*place.hours(NOON, 40, 40))
    report = place.build(carbon.build, (0.2, "Ministry"), intensity.read(path))
    found = figures(report)
    assert found["yearly_kg"] == pytest.approx(0.016)
    assert found["half_hourly_kg"] == pytest.approx(0.02 * 0.2 + 0.02 * 0.1 + 0.02 * 0.1)
    assert found["without_intensity_kwh"] == pytest.approx(0.02)
    method = next(one.method for one in report.figures if one.name == "half_hourly_kg")
    assert "0.0 kWh by actual" in method and "forecast" in method
    assert any("gb.json" in one and "SHA-256" in one for one in report.sources)


def test_a_file_that_is_not_there_is_answered_with_its_name_and_where_to_look(tmp_path):
    with pytest.raises(ReportInputInvalid, match="There is no file") as refused:
        intensity.read(tmp_path / "absent.csv")
    assert refused.value.remedy == "Check its name and its folder."


def test_an_intensity_file_is_refused_with_all_that_is_wrong(tmp_path):
    path = tmp_path / "wrong.csv"
    path.write_text("from,g_per_kwh\n2026-11-22T00:00Z,100\n2026-11-22T00:10Z,100\nyesterday,5\n2026-11-22T00:30Z,-4\n"
                    "2026-11-22T00:00Z,101\n2026-11-22T01:00Z,ten\n")  # fmt: skip
    with pytest.raises(ReportInputInvalid) as refused:
        intensity.read(path)
    assert len(refused.value.details) == 5


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"data": 7}', '{"data": [{"from": 3}]}', "from\n", '{"data": [[[[]]]]}', "\0"]
)
def test_a_file_that_holds_no_intensity_is_refused(tmp_path, text):
    path = tmp_path / "wrong"
    path.write_text(text)
    with pytest.raises(ReportInputInvalid):
        intensity.read(path)


def test_the_answer_for_a_region_is_read_too(tmp_path):
    rows = [{"from": "2026-11-22T00:00Z", "to": "2026-11-22T00:30Z", "intensity": {"forecast": 90, "index": "low"}}]
    path = tmp_path / "regional.json"
    for document in ({"data": {"regionid": 13, "data": rows}}, {"data": [{"regionid": 13, "data": rows}]}):
        path.write_text(json.dumps(document))
        assert intensity.read(path).values == {NOON: (90.0, "forecast")}


def bay(place, *told):
    """told -- (hour, state)"""
    return [place.at(NOON + timedelta(hours=hour), place.lamp.parking(state)) for hour, state in told]


def test_a_bay_is_occupied_between_messages_and_unknown_time_is_in_no_share(place):
    told = [(hour, "free") for hour in range(8)] + [(8, "occupied"), (9, "occupied"), (10, "free"), (11, "unknown")]
    place.take(*bay(place, *told))
    found = figures(place.build(parking.build))
    # 9 h free, 2 h occupied, 1.25 h unknown until nothing is known, 11.75 h silent
    assert found["occupancy"] == pytest.approx(100 * 2 / 11, abs=0.01)
    assert found["unknown_share"] == pytest.approx(100 * 13 / 24, abs=0.01)
    assert found["median_stay_min"] == 120


def test_a_stay_whose_end_was_not_seen_is_open_and_in_no_duration(place):
    place.take(*bay(place, (1, "free"), (2, "occupied"), (3, "unknown"), (4, "free"), (5, "occupied"), (5.5, "free")))
    report = place.build(parking.build)
    assert figures(report)["open_stays"] == 1
    assert figures(report)["median_stay_min"] == 30
    assert rows(report, "parking-by-bay")[0]["arrivals"] == 2


def air_window(place, end, letter, value=10.0):
    message = place.lamp.air()
    letters = {**json.loads(message[1])["q"], "pm2_5": letter}
    return place.at(end, message, q=letters, pm2_5=None if letter == "U" else value, window_s=3600)


def test_flagged_air_is_in_no_mean_and_a_day_without_enough_capture_has_none(place):
    first = [air_window(place, NOON + timedelta(hours=hour), "R" if hour > 20 else "V", 90 if hour > 20 else 10)
             for hour in range(1, 25)]  # fmt: skip
    second = [air_window(place, NOON + timedelta(hours=24 + hour), "U" if hour > 10 else "V") for hour in range(1, 25)]
    place.take(*first, *second)
    report = place.build(air.build, days=2)
    days = [row for row in rows(report, "air-by-day") if row["name"] == "pm2_5"]
    assert [(row["mean"], row["mean_of_valid"], row["hours_flagged"]) for row in days] == [(10, 10, 4), (None, 10, 14)]
    assert [row["capture"] for row in days] == [pytest.approx(83.3), pytest.approx(41.7)]
    left_out = {row["letter"]: row["hours"] for row in rows(report, "air-flagged") if row["value"] == "PM2.5"}
    assert left_out == {"R": 4, "U": 14}


def boot(place, moment, last, reset="power-on"):
    place.lamp.boot, place.lamp.next = last[0] + 1, 0
    body = {"last_b": last[0], "last_s": last[1], "power_cuts": 1, "reset": reset, "slot": "a", "build": "x"}
    return place.at(moment, place.lamp.message("evt/boot", body, place.lamp.number()))


@pytest.mark.parametrize(("reset", "off", "silent"), [("power-on", 9, 3), ("watchdog", 0, 12)])
def test_a_night_that_ended_is_no_silence_but_a_hung_node_is(place, reset, off, silent):
    night = place.hours(NOON, *[40] * 6)  # until 6:00, and again from 15:00 to 21:00
    place.take(*night, boot(place, NOON + timedelta(hours=15, seconds=1), (3, 23), reset),
               *place.hours(NOON + timedelta(hours=15), *[40] * 6))  # fmt: skip
    (row,) = rows(place.build(street.build), "street-by-lamppost")
    assert (row["hours_reporting"], row["hours_off"], row["hours_silent"]) == (12, off, silent)


def test_missing_numbers_and_alarms_that_are_on_stand_in_the_street_report(place):
    first = place.hours(NOON, 40)
    place.lamp.next += 3
    at = NOON + timedelta(hours=2)
    place.take(*first, *place.hours(at, 40), place.at(at, place.lamp.alarm("lampFailure")),
               place.at(at, place.lamp.alarm("supplyLoss")), place.lamp.over("supplyLoss"))  # fmt: skip
    report = place.build(street.build, days=10)
    assert figures(report)["missing"] == 3
    assert [row["code"] for row in rows(report, "alarms-on")] == ["lampFailure"]


def test_the_simulated_month_keeps_to_the_contract():
    lamps = [month.Lamppost(number, date(2026, 11, 1), 1, 1) for number in (1, 2, 20)]
    messages = [one for lamp in lamps for one in lamp.messages()]
    assert {one.kind for one in messages} >= {"tele_energy", "tele_air", "tele_parking", "evt_boot", "info", "state"}
    for one in messages:
        assert check_message(one.topic, one.body.encode() if one.body else b"") == []
    keys = [(one.node, one.b, one.s) for one in messages if isinstance(one, Record)]
    assert len(set(keys)) == len(keys)


@pytest.mark.skipif(not find_postgres(), reason="PostgreSQL is not installed")
def test_both_databases_give_the_same_report(simulated, tmp_path):
    cluster = PostgresCluster()
    try:
        cluster.start()
        database = target(cluster.url())
        database.open()
        month.write(database, 20, date(2026, 11, 1), 3)
        database.close()
        factor, period = (0.2, "Ministry"), Period(date(2026, 11, 1), date(2026, 11, 3), ZoneInfo("Europe/Lisbon"))
        path = tmp_path / "g.csv"
        path.write_text("from,g_per_kwh\n2026-11-01T20:00Z,200\n2026-11-01T20:30Z,100\n")
        for make, more in (
            (energy.build, [baselines(tmp_path)]), (carbon.build, [factor, intensity.read(path)]), (parking.build, []),
            (air.build, []), (street.build, []),
        ):  # fmt: skip
            made = []
            for url in (str(simulated), cluster.url()):
                with target(url).reader() as rows_of:
                    source = Source(rows_of, "store", target(url).dialect)
                    report = make(source, period, streets.lampposts(source, {}), *more)
                    made.append(json.loads(json.dumps(write.document(report, ""))))
            assert _rounded(made[0]) == _rounded(made[1])
    finally:
        cluster.remove()


def _rounded(value):
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return float(f"{value:.6g}") if isinstance(value, int | float) else value


@pytest.mark.parametrize("words", [
    ["energy", "--baselines", "{baselines}"], ["carbon", "--factor", "0.177", "--factor-source", "a ministry"],
    ["parking"], ["air"], ["street"],
])  # fmt: skip
def test_each_report_writes_a_page_that_needs_nothing_from_elsewhere(simulated, tmp_path, words):
    (tmp_path / "b.toml").write_text(OLD)
    words = [word.format(baselines=tmp_path / "b.toml") for word in words]
    out = tmp_path / "out"
    done = run(*words, "--store", simulated, "--from", "2026-11-01", "--to", "2026-11-03", "--out", out,
               "--zone", "Europe/Lisbon", "--json")  # fmt: skip
    assert done.exit_code == 0, done.output
    page = (out / f"{words[0]}.html").read_text(encoding="utf-8")
    links = re.findall(r'(?:href|src)="([^"]*)"|url\(([^)]*)\)|@import', page)
    assert all(target.startswith(("#", "data:image/png;base64,")) for pair in links for target in pair if target)
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids)), "two charts share an id"
    document = json.loads((out / f"{words[0]}.json").read_text(encoding="utf-8"))
    assert json.loads(done.stdout) == document
    assert document["figures"] and all(row["method"] for row in document["figures"].values())
    for name, table in document["tables"].items():
        lines = (out / f"{name}.csv").read_text(encoding="utf-8").splitlines()
        assert lines[0].split(",") == list(table["columns"])
        assert len(lines) == 1 + len(table["rows"])
    assert bool(list(out.glob("*.svg"))) == (words[0] != "carbon")  # of a yearly factor there is nothing to draw


@pytest.mark.skipif(not layout.BROWSER, reason="no Chromium here: apt-get install chromium")
def test_nothing_runs_out_of_a_report_on_a_phone(simulated, tmp_path):
    run("parking", "--store", simulated, "--from", "2026-11-01", "--to", "2026-11-03", "--out", tmp_path)
    found = layout.look(tmp_path / "parking.html", height=9000)
    assert found["texts"] and not found["wide"] and found["width"] <= layout.PHONE, found


def test_what_a_node_says_of_itself_is_never_html_nor_a_formula(place):
    topic, payload, retain = info()
    hostile = json.dumps({**json.loads(payload), "asset": "=1+1<script>alert(1)</script>"}).encode()
    place.take((topic, hostile, retain), *place.hours(NOON, 40))
    made = write.files(place.build(energy.build, []), "now")
    assert b"<script" not in made["energy.html"]
    assert b"'=1+1" in made["energy-by-lamppost.csv"]


def test_the_password_of_a_database_is_on_no_page():
    assert "geheim" not in target("postgresql://lamps:geheim@db.lan/lamps").where


def test_an_empty_period_is_refused_with_the_time_that_the_store_has(simulated, tmp_path):
    done = run("air", "--store", simulated, "--from", "2027-01-01", "--to", "2027-01-02", "--out", tmp_path / "x")
    assert isinstance(done.exception, NothingToReport)
    assert "from 2026-11-01 to 2026-11-04" in str(done.exception)
    assert not (tmp_path / "x").exists()


def test_the_last_day_before_the_first_is_wrong_usage(simulated, tmp_path):
    done = run("air", "--store", simulated, "--from", "2026-11-02", "--to", "2026-11-01", "--out", tmp_path)
    assert done.exit_code == 2 and "is before" in done.output


def test_a_store_of_a_newer_schema_and_a_missing_one_are_refused(place, tmp_path):
    place.take(*place.hours(NOON, 40))
    with duckdb.connect(str(place.path)) as connection:
        connection.execute("INSERT INTO schema_version VALUES (99, TIMESTAMP '2030-01-01')")
    days = ["--from", "2026-11-22", "--to", "2026-11-22", "--out", tmp_path / "x"]
    assert isinstance(run("energy", "--store", place.path, *days).exception, StoreNewer)
    assert isinstance(run("energy", "--store", tmp_path / "none.duckdb", *days).exception, StoreUnusable)


def test_an_unknown_baseline_is_answered_with_those_there_are(tmp_path):
    with pytest.raises(ReportInputInvalid, match="it has retrofit, dimming. Did you mean dimming"):
        baselines(tmp_path, names=("dimmin",))


def test_a_file_of_baselines_is_refused_with_every_fault_and_its_line(tmp_path):
    text = '[Old]\nkind = "old-lamps"\nwatts = -3\n[b]\nkind = "c"\nwatts = 5\nsource = "s"\nfull = 3\n'
    with pytest.raises(ReportInputInvalid) as refused:
        baselines(tmp_path, text)
    assert len(refused.value.details) >= 4
    assert any(":3:" in line for line in refused.value.details)


def test_streets_of_a_file_group_the_lampposts(simulated, tmp_path):
    path = tmp_path / "streets.csv"
    path.write_text("site;node;street\nsimulated;lp-0001;Rua Augusta\nsimulated;lp-0002;Rua Augusta\n"
                    "simulated;lp-9999;Rua Augusta\n")  # fmt: skip
    done = run("energy", "--store", simulated, "--from", "2026-11-01", "--to", "2026-11-03", "--out", tmp_path / "x",
               "--streets", path, "--json")  # fmt: skip
    document = json.loads(done.stdout)
    found = {row["street"]: row["lampposts"] for row in document["tables"]["energy-by-street"]["rows"]}
    assert found == {"Rua Augusta": 2, "simulated": 18}
    assert any("simulated/lp-9999" in words for words in document["cautions"])  # a name that was misspelt
    path.write_text("site,node,street\nsimulated,lp-0001,A\nsimulated,lp-0001,B\nsimulated,,C\n")
    with pytest.raises(ReportInputInvalid) as refused:
        streets.read(path)
    assert len(refused.value.details) == 2
