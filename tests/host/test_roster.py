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
    found = said(street(tmp_path, 64, wrong=THIRTY))
    assert len(found) == 30, found
    assert [int(line.split(":")[1]) for line in found] == [n + 1 for n in THIRTY]
    for line in (
        "street.csv:4: asset: line 2 has the asset id LP-0001 already; give each lamppost its own.",
        "street.csv:6: board: there is no board lamppost-esp23; did you mean lamppost-esp32.",
        "street.csv:8: lat: 98.2 is out of range; use -90 to 90.",
        "street.csv:10: lon: only one of lat and lon is there; give both or neither.",
        "street.csv:12: lat: 38,72 is not a number; write a decimal point.",
        "street.csv:30: node: line 2 has the node lisbon/lp-0001 already; give each lamppost its own.",
        "street.csv:18: meter_address: 300 is not a valid meter address; use 1 to 247.",
        "street.csv:42: asset: line 3 has the asset id lp-0002 already; give each lamppost its own.",
    ):
        assert line in found
    assert not any("short" in line for line in found), "a password is not shown, right or wrong"


def test_the_command_shows_them_all_and_writes_nothing(tmp_path):
    path = street(tmp_path, 64, wrong=THIRTY)
    done = CliRunner().invoke(lamplighter, ["roster", "check", str(path)])
    assert isinstance(done.exception, RosterInvalid) and "30 errors in 30 of 64 rows" in done.exception.cause
    assert done.stderr.count("street.csv:") == 30
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("head", "line"),
    [
        (HEAD.replace("wifi_password", "wifi_pasword"), "wifi_pasword: there is no such column; did you"),
        (HEAD.replace("broker", "mqtt.keepalive_s"), "broker: this column is missing; add it"),
        (HEAD.replace("note", "mqtt.keepalive"), "mqtt.keepalive: the configuration has no such key;"),
        (HEAD.replace("note", "asset"), "asset: this column appears twice; remove one"),
    ],
)
def test_a_wrong_header_is_said_once_and_not_for_every_row(tmp_path, head, line):
    found = said(street(tmp_path, 20, head=head))
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


def broken(folder: Path, change) -> Path:
    path = street(folder, 23)
    lines = path.read_text().split("\n")
    change(lines)
    path.write_text("\n".join(lines))
    return path


def test_a_quote_that_is_not_closed_is_an_error_of_its_line_and_takes_no_other_row(tmp_path):
    path = broken(tmp_path, lambda lines: lines.__setitem__(2, lines[2][:-1]))
    remedy = "remove it, or write the whole cell on one line"
    assert said(path) == [f"street.csv:3: row: a quote is not closed on this line; {remedy}."]
    assert len(roster_file.examine(path).rows) == 22
    done = CliRunner().invoke(lamplighter, ["roster", "check", str(path)])
    assert isinstance(done.exception, RosterInvalid) and done.exception.exit_code == 74
    assert done.exception.cause == f"{path} has 1 error."


def test_a_cell_that_spans_lines_is_one_error_and_the_rows_after_it_are_checked(tmp_path):
    def change(lines):
        lines[2] = lines[2].replace("Rua 2, left", "Rua 2,\nleft,\n\nsecond floor")
        lines[9] = lines[9].replace("lamppost-esp32", "lamppost-esp23")

    found = said(broken(tmp_path, change))
    assert [line.split(": ")[0] for line in found] == ["street.csv:3", "street.csv:13"], found
    assert "a quote is not closed" in found[0] and "there is no board" in found[1]


def test_text_after_a_closing_quote_and_a_quote_in_the_header_are_named(tmp_path):
    path = broken(tmp_path, lambda lines: lines.__setitem__(4, lines[4] + "x"))
    assert said(path)[0].startswith("street.csv:5: row: this is not CSV: text after a closing quote")
    path = broken(tmp_path, lambda lines: lines.__setitem__(0, '"' + lines[0]))
    assert [line[:50] for line in said(path)] == ["street.csv:1: row: a quote is not closed on this l"]


def test_the_separator_that_excel_names_is_used(tmp_path):
    path = tmp_path / "street.csv"
    path.write_text("sep=;\n" + street(tmp_path, 2).read_text().replace(", left", " left").replace(",", ";"))
    assert [row.line for row in roster_file.read(path).rows] == [3, 4]


def test_one_mac_in_two_spellings_is_one_mac(tmp_path):
    head, spelt = (
        HEAD.replace("note", "mac"),
        ("24:0a:c4:aa:16:d9", "240AC4AA16D9", "24-0A-C4-aa-16-d9", "240a.c4aa.16d9"),
    )
    path = street(tmp_path, 5, {n: {"note": mac} for n, mac in enumerate((*spelt, "24:0a:c4:aa:16"), 1)}, head)
    first = "line 2 has the MAC 24:0a:c4:aa:16:d9 already; give each lamppost its own."
    last = "24:0a:c4:aa:16 is not a MAC address; write it as 24:0a:c4:12:34:56."
    assert said(path) == [*(f"street.csv:{line}: mac: {first}" for line in (3, 4, 5)), f"street.csv:6: mac: {last}"]


def test_site_and_node_are_told_apart_and_only_equal_pairs_collide(tmp_path):
    rows = {1: {"site": "lisbon-lp", "node": "0017"}, 2: {"site": "lisbon", "node": "lp-0017"},
            3: {"site": "lisbon", "node": "lp-0017"}}  # fmt: skip
    found = roster_file.examine(street(tmp_path, 3, rows))
    assert [row.name for row in found.rows[:2]] == ["lisbon-lp/0017", "lisbon/lp-0017"]
    assert [one.told("s") for one in found.mistakes] == [
        "s:4: node: line 3 has the node lisbon/lp-0017 already; give each lamppost its own."
    ]


@pytest.mark.parametrize(
    ("column", "cell", "said_of_it"),
    [
        ("broker", "broker.lan:1883x", "broker: 'broker.lan:1883x' has no port from 1 to 65535"),
        ("broker", "192.168.1.300", "broker: '192.168.1.300' is not an IPv4 address; use four numbers"),
        ("broker", "[::1", "broker: '[::1' is not of the form [ADDRESS]:PORT"),
        ("wifi", "街" * 20, "wifi: has 60 octets"),
        ("wifi_password", "z" * 64, "wifi_password: has 64 characters that are not all hex digits"),
        ("meter_address", "010²", "meter_address: 010² is not a valid meter address"),
        ("meter_address", "9" * 5000, "is not a valid meter address"),
        ("parts", "meter=pzem004t@meter:" + "9" * 5000, "is not a part of this board"),
    ],
)
def test_a_cell_that_would_break_the_node_or_the_tool_is_refused(tmp_path, column, cell, said_of_it):
    found = said(street(tmp_path, 1, {1: {column: cell}}))
    assert len(found) == 1 and said_of_it in found[0], found


def test_an_ipv6_broker_may_have_a_port(tmp_path):
    rows = {1: {"broker": "[2001:db8::1]:1883"}, 2: {"broker": "2001:db8::1"}, 3: {"meter_address": "010"}}
    documents = [row.document() for row in roster_file.read(street(tmp_path, 3, rows)).rows]
    assert [(doc["mqtt"]["host"], doc["mqtt"]["port"]) for doc in documents[:2]] == [
        ("2001:db8::1", 1883), ("2001:db8::1", 8883)]  # fmt: skip
    assert documents[2]["parts"][0]["address"] == 10


def test_a_blank_at_the_end_of_a_networks_name_is_pointed_out(tmp_path):
    done = CliRunner().invoke(lamplighter, ["roster", "check", str(street(tmp_path, 1, {1: {"wifi": '"city "'}}))])
    assert done.exit_code == 0 and ":2: wifi: begins or ends with a blank, which is ignored." in done.stderr
    assert "1 valid row, 1 not yet commissioned." in done.stdout


@pytest.mark.parametrize("base", [{"wifi": 1, "mqtt": []}, {"mqtt": {"tls": "x"}}, {"energy": "x"}, {"air": []}])
def test_a_base_of_another_form_is_an_error_and_no_crash(tmp_path, base):
    path = street(
        tmp_path, 2, head=HEAD.replace("note", "energy.window_s"), wrong={1: {"note": "60"}, 2: {"note": "60"}}
    )
    roster_file.examine(path, base)


def test_results_whose_quote_is_open_are_not_written_over(tmp_path):
    path = street(tmp_path, 2)
    results = Results(path)
    results.note("LP-0001", state="failed", problem="two\nlines")
    assert results.of("LP-0001")["problem"] == "two lines"
    spoilt = results.path.read_text() + 'LP-0002,"failed\n'
    results.path.write_text(spoilt)
    with pytest.raises(RosterInvalid, match=r"results\.csv:3: a quote is not closed"):
        results.note("LP-0001", state="commissioned")
    assert results.path.read_text() == spoilt
