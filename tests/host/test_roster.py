"""A street's CSV: two hundred rows checked whole, every error said at once, each row a configuration that is taken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from lamplighter.boards import board_file
from lamplighter.cli import lamplighter
from lamplighter.config import config_file
from lamplighter.problems import RosterInvalid
from lamplighter.roster import roster_file
from lamplighter.roster.results import Results

HEAD = "asset,site,node,lat,lon,board,parts,meter_address,wifi,wifi_password,broker,certificate,note"
ROW = {
    "asset": "LP-{n:04d}", "site": "lisbon", "node": "lp-{n:04d}", "lat": "38.7{n:03d}", "lon": "-9.14",
    "board": "lamppost-esp32", "parts": "", "meter_address": "", "wifi": "city", "wifi_password": "$LAMP_WIFI",
    "broker": "broker.lan", "certificate": "", "note": '"Rua {n}, left"',
}  # fmt: skip


def street(folder: Path, count: int = 200, wrong: dict[int, dict[str, str]] | None = None, head: str = HEAD) -> Path:
    """A roster whose row n (from 1) says what is right, but for what `wrong` says."""
    lines = [head]
    for n in range(1, count + 1):
        cells = {**ROW, **(wrong or {}).get(n, {})}
        lines.append(",".join(cells[name].format(n=n) for name in HEAD.split(",")))
    path = folder / "street.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def said(path: Path) -> list[str]:
    return [mistake.told("street.csv") for mistake in roster_file.examine(path).mistakes]


def test_two_hundred_right_rows_are_two_hundred_configurations(tmp_path):
    rows = roster_file.read(street(tmp_path)).rows
    facts = board_file.load("lamppost-esp32").node_document()
    assert len(rows) == 200
    doc = rows[16].document()
    assert (doc["asset"], doc["node"], doc["location"]) == ("LP-0017", "lp-0017", {"lat": 38.7017, "lon": -9.14})
    assert doc["wifi"] == {"ssid": "city", "password": {"$env": "LAMP_WIFI"}}
    assert doc["mqtt"] == {"host": "broker.lan", "port": 8883, "tls": {}}
    assert doc["parts"] == facts["fitted"] and doc["energy"] == {"part": "meter"}
    assert doc["parking"] == [{"bay": "1", "part": "bay-1"}] and doc["air"] == {"parts": ["dust", "climate"]}
    doc["wifi"]["password"] = "from-elsewhere"
    assert config_file.faults(doc, facts) == []


THIRTY = {
    3: {"asset": "LP-0001"}, 5: {"board": "lamppost-esp23"}, 7: {"lat": "98.2"}, 9: {"lon": ""}, 11: {"lat": '"38,72"'},
    13: {"node": "LP_13"}, 15: {"parts": "metre"}, 17: {"meter_address": "300"}, 19: {"broker": "mqtt://x"},
    21: {"wifi_password": "short"}, 23: {"wifi": ""}, 25: {"certificate": "yes"}, 27: {"lat": "0", "lon": "0"},
    29: {"node": "lp-0001"}, 31: {"site": "Lisbon"}, 33: {"parts": "meter=pzem004t@i2c0"}, 35: {"broker": "x:port"},
    37: {"lon": "-190"}, 39: {"parts": "dust", "meter_address": "1"}, 41: {"asset": "lp-0002"}, 43: {"board": ""},
    45: {"parts": "meter=pzem004t@meter:1;second=pzem004t@meter:1"}, 47: {"lat": "north"}, 49: {"wifi": "w" * 33},
    51: {"node": ""}, 53: {"asset": ""}, 55: {"parts": "x=nopart@meter"}, 57: {"broker": "a b"},
    59: {"certificate": "none", "lat": "nan"}, 61: {"site": ""},
}  # fmt: skip


def test_thirty_errors_are_thirty_lines_each_with_row_column_cause_and_remedy(tmp_path):
    found = said(street(tmp_path, wrong=THIRTY))
    assert len(found) == 30, found
    assert [int(line.split(":")[1]) for line in found] == [n + 1 for n in THIRTY]
    for line in (
        "street.csv:4: asset: line 2 has the asset id LP-0001 already; give each lamppost its own.",
        "street.csv:6: board: there is no board lamppost-esp23; did you mean lamppost-esp32.",
        "street.csv:8: lat: 98.2 is not on the globe; give -90 to 90.",
        "street.csv:10: lon: only one of lat and lon is there; give both, or none.",
        "street.csv:12: lat: 38,72 is no number; write a point.",
        "street.csv:30: node: line 2 has the node lisbon/lp-0001 already; give each lamppost its own.",
        "street.csv:18: meter_address: 300 is no address of a meter; give 1 to 247.",
        "street.csv:42: asset: line 3 has the asset id lp-0002 already; give each lamppost its own.",
    ):
        assert line in found
    assert not any("short" in line for line in found), "a password is not shown, right or wrong"


def test_the_command_shows_them_all_and_writes_nothing(tmp_path):
    path = street(tmp_path, wrong=THIRTY)
    done = CliRunner().invoke(lamplighter, ["roster", "check", str(path)])
    assert isinstance(done.exception, RosterInvalid) and "30 errors in 30 of 200 rows" in done.exception.cause
    assert done.stderr.count("street.csv:") == 30
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("head", "line"),
    [
        (HEAD.replace("wifi_password", "wifi_pasword"), "wifi_pasword: there is no such column; did you"),
        (HEAD.replace("broker", "mqtt.keepalive_s"), "broker: this column is missing; add it"),
        (HEAD.replace("note", "mqtt.keepalive"), "mqtt.keepalive: the configuration has no such key;"),
        (HEAD.replace("note", "asset"), "asset: this column is there twice; remove one"),
    ],
)
def test_a_wrong_header_is_said_once_and_not_for_every_row(tmp_path, head, line):
    found = said(street(tmp_path, head=head))
    assert sum(line in one for one in found) == 1, found[:5]


def test_a_column_with_a_dot_is_a_key_of_the_configuration(tmp_path):
    path = street(tmp_path, 3, head=HEAD.replace("note", "energy.window_s"), wrong={
        1: {"note": "60"}, 2: {"note": ""}, 3: {"note": "700"}})  # fmt: skip
    found = roster_file.examine(path)
    assert found.rows[0].document()["energy"] == {"part": "meter", "window_s": 60}
    assert found.rows[1].document()["energy"] == {"part": "meter"}
    assert [one.told("s") for one in found.mistakes] == ["s:4: energy.window_s: 700 s do not divide a day; use 720."]


def test_what_all_have_in_common_comes_from_one_document_and_its_errors_once(tmp_path):
    path = street(tmp_path, 20)
    base = {"time": {"servers": ["ntp.lan"]}, "mqtt": {"keepalive_s": 30}, "energy": {"window_s": 60}}
    doc = roster_file.read(path, base).rows[4].document()
    assert doc["time"] == base["time"] and doc["mqtt"]["keepalive_s"] == 30
    assert doc["energy"] == {"part": "meter", "window_s": 60}
    found = roster_file.examine(path, {"mqtt": {"keepalive_s": 1}}).mistakes
    assert len(found) == 1 and found[0].column == "mqtt.keepalive_s"


@pytest.mark.parametrize("separator", [";", "\t"])
def test_spreadsheets_of_other_countries_are_read(tmp_path, separator):
    path = tmp_path / "street.csv"
    path.write_bytes(b"\xef\xbb\xbf" + street(tmp_path, 2).read_bytes().replace(b",", separator.encode()).replace(
        separator.encode() + b" left", b", left"))  # fmt: skip
    assert [row.asset for row in roster_file.read(path).rows] == ["LP-0001", "LP-0002"]


@pytest.mark.parametrize(
    ("content", "cause"),
    [(b"", "is empty"), (b"\xff\xfe", "is not UTF-8"), (f"{HEAD}\n".encode(), "has 1 error"), (None, "no file")],
)
def test_a_file_that_is_no_roster_is_named_as_what_it_is(tmp_path, content, cause):
    path = tmp_path / "street.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RosterInvalid, match=cause):
        roster_file.read(path)


def test_results_stand_beside_and_the_next_unfinished_row_is_offered(tmp_path):
    path = street(tmp_path, 4)
    before, results = path.read_bytes(), Results(path)
    results.note("LP-0001", state="commissioned", mac="24:0a:c4:00:00:01")
    results.note("LP-0002", state="failed", problem="self-test: wifi")
    results.note("LP-0003", state="broker postponed")
    results.note("LP-0002", problem="again, with a comma")
    assert path.read_bytes() == before and results.path.name == "street.results.csv"
    assert results.of("LP-0002") == {**results.of("LP-0002"), "state": "failed", "problem": "again, with a comma"}
    assert results.of_mac("24:0a:c4:00:00:01") == "LP-0001" and results.of_mac("") == ""
    assert [row.asset for row in results.unfinished(roster_file.read(path))] == ["LP-0002", "LP-0004"]
    done = CliRunner().invoke(lamplighter, ["roster", "next", str(path), "--json"])
    assert json.loads(done.stdout)["next"]["asset"] == "LP-0002" and json.loads(done.stdout)["left"] == 2


def test_a_note_that_somebody_added_to_the_results_stays(tmp_path):
    path = street(tmp_path, 2)
    Results(path).note("LP-0001", state="commissioned")
    text = Results(path).path.read_text().splitlines()
    Results(path).path.write_text(f"{text[0]},remark\n{text[1]},door is rusty\n")
    Results(path).note("LP-0002", state="failed")
    assert Results(path).of("LP-0001")["remark"] == "door is rusty"
