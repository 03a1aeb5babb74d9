"""Scenarios: what a file says becomes the world of a virtual lamppost, and a wrong file is refused in one go."""

import csv
import importlib
import json
import struct
from pathlib import Path

import pytest
from lamplighter.boards import board_file
from lamplighter.problems import ScenarioInvalid
from lamplighter.virtual import events, recorded, scenario_file
from lamplighter.virtual.parts import pzem004t, tfmini
from lamplighter.virtual.parts.series import Series

SECOND = 1_000_000


@pytest.fixture
def board():
    return board_file.load("lamppost-esp32")


def loaded(tmp_path, board, text):
    path = tmp_path / "street.toml"
    path.write_text(text)
    return scenario_file.load(path, board)


def refused(tmp_path, board, text):
    with pytest.raises(ScenarioInvalid) as refusal:
        loaded(tmp_path, board, text)
    assert refusal.value.exit_code == 62
    return refusal.value.details


@pytest.mark.parametrize("name", board_file.names())
def test_without_a_scenario_everything_fitted_stands_in_plausible_values(tmp_path, name):
    board = board_file.load(name)
    world = scenario_file.default(board).world(tmp_path)
    assert [(part["id"], part["part"], part["bus"]) for part in world["parts"]] == [
        ("meter", "pzem004t", "meter"), ("bay-1", "tfmini", "parking"), ("dust", "sps30", "air"),
        ("climate", "bme280", "i2c0"),
    ]  # fmt: skip
    assert world["start"] is None and world["events"] == []
    assert json.loads(json.dumps(world)) == world


@pytest.mark.parametrize("name", ["lisbon", "london", "milan"])
@pytest.mark.parametrize("board_name", board_file.names())
def test_the_scenarios_that_come_along_play_on_every_board(tmp_path, name, board_name):
    world = scenario_file.load(name, board_file.load(board_name)).world(tmp_path)
    for part in world["parts"]:
        for series in part["options"]["series"]:
            values = {}
            Series(series).take(0, values)
            assert set(values) == set(series["columns"]), "the first row of the demo must have every value"


def test_a_recorded_row_is_what_the_meter_shows_at_its_time(tmp_path, board):
    world = loaded(tmp_path, board, """
[[parts]]
id = "meter"
[[parts.series]]
file = "household_power.csv"
step_s = 60
columns.watts = {column = "active_kW", scale = 1000}
columns.volts = {column = "voltage_V"}
""").world(tmp_path / "world")  # fmt: skip
    rows = list(csv.DictReader((recorded.FOLDER / "household_power.csv").open()))
    meter = next(part for part in world["parts"] if part["id"] == "meter")
    for minute in (0, 1, 1439, 4319, 4320):  # it starts over after three days
        twin = pzem004t.Twin(meter["options"])
        now = minute * 60 * SECOND
        twin.written(bytes.fromhex("01040000000A700D"), now)
        reply = struct.unpack(">10H", twin.emitted(now + SECOND)[3:23])
        row = rows[minute % 4320]
        assert reply[0] == round(float(row["voltage_V"]) * 10 + 1e-6)
        assert reply[3] == round(float(row["active_kW"]) * 10000)


def test_a_bay_that_was_occupied_is_a_near_car(tmp_path, board):
    world = scenario_file.load("lisbon", board).world(tmp_path)
    bay = next(part for part in world["parts"] if part["id"] == "bay-1")
    rows = list(csv.DictReader((recorded.FOLDER / "parking_bays.csv").open()))
    twin = tfmini.Twin(bay["options"])
    twin.emitted(0)
    for index, row in enumerate(rows):
        now = index * 3 * SECOND + SECOND
        twin.emitted(now)
        frame = twin.emitted(now + 100_000)[-9:]
        assert int.from_bytes(frame[2:4], "little") == (175 if row["bay_1"] == "1" else 320)


def test_a_missing_value_leaves_the_default_and_is_never_zero(tmp_path, board):
    (tmp_path / "gap.csv").write_text("w\n100\n\n300\n")
    world = loaded(tmp_path, board, """
[[parts]]
id = "meter"
[[parts.series]]
file = "gap.csv"
step_s = 1
loop = false
smooth = true
columns.watts = {column = "w", add = 5}
""").world(tmp_path / "world")  # fmt: skip
    series = Series(world["parts"][0]["options"]["series"][0])
    seen = []
    for now in (0, 500_000, 1_500_000, 2_000_000, 99_000_000):
        values = {"watts": 60}
        series.take(now, values)
        seen.append(values["watts"])
    assert seen == [105, 105, 60, 305, 305]


def test_smooth_draws_straight_lines_and_steps_do_not(tmp_path, board):
    (tmp_path / "two.csv").write_text("c\n10\n20\n")
    for smooth, expected in (("true", 12.5), ("false", 10)):
        world = loaded(tmp_path, board, f"""
[[parts]]
id = "climate"
[[parts.series]]
file = "two.csv"
step_s = 4
smooth = {smooth}
columns.celsius = {{column = "c"}}
""").world(tmp_path / smooth)  # fmt: skip
        climate = next(part for part in world["parts"] if part["id"] == "climate")
        values = {}
        Series(climate["options"]["series"][0]).take(SECOND, values)
        assert values["celsius"] == expected


def test_everything_in_a_file_arrives_in_the_world(tmp_path, board):
    world = loaded(tmp_path, board, """
start = 2026-06-01T22:00:00+02:00
[wifi]
ssid = "street"
[hosts]
"broker.lan" = "127.0.0.1:18830"
[[parts]]
id = "meter"
values = {watts = 82.5, energy_wh = 5}
options = {answer_ms = 90}
[[parts]]
id = "bay-1"
absent = true
[[parts]]
id = "bay-2"
part = "tfmini"
bus = "parking"
[[events]]
at_s = 30
do = "fault"
part = "meter"
kind = "slow"
ms = 700
for_s = 10
[[events]]
at_s = 5
do = "power_cut"
for_s = 2
[[events]]
at_s = 6
do = "values"
part = "bay-2"
values = {mm = 900}
[[events]]
at_s = 50
do = "host"
name = "broker.lan"
address = "127.0.0.1:18831"
""").world(tmp_path / "world")  # fmt: skip
    assert world["start"] == 833659200  # 2026-06-01T20:00:00Z
    assert world["wifi"] == {"ssid": "street", "password": "lamplighter", "rssi": -61}
    assert world["hosts"] == {"broker.lan": ["127.0.0.1", 18830]}
    assert [part["id"] for part in world["parts"]] == ["meter", "dust", "climate", "bay-2"]
    assert world["parts"][0]["options"] == {
        "address": 1, "answer_ms": 90, "bus": "uart", "values": {"watts": 82.5, "energy_wh": 5}, "series": [],
    }  # fmt: skip
    assert world["events"] == [
        {"at_s": 5, "do": "power_cut"},
        {"at_s": 6, "do": "values", "part": "bay-2", "values": {"mm": 900}},
        {"at_s": 7, "do": "power_on"},
        {"at_s": 30, "do": "fault", "part": "meter", "kind": "slow", "options": {"ms": 700}},
        {"at_s": 40, "do": "fault", "part": "meter", "kind": "none", "options": {}},
        {"at_s": 50, "do": "host", "name": "broker.lan", "address": "127.0.0.1", "port": 18831},
    ]


def test_several_faults_are_all_said_at_once_with_line_and_remedy(tmp_path, board):
    details = refused(tmp_path, board, """start = "soon"
[wifi]
pasword = "x"
[[parts]]
id = "metre"
[[parts]]
id = "meter"
values = {voltz = 3}
[[events]]
at_s = 3
do = "fualt"
""")  # fmt: skip
    assert details == [
        "street.toml:1: start: soon is not a time after 2000 with an offset; "
        "write it like 2026-06-01T20:00:00Z, unquoted.",
        "street.toml:3: wifi.pasword: there is no such key; did you mean password?",
        "street.toml:5: parts[0].id: metre is not fitted on lamppost-esp32, which has meter, bay-1, dust, climate; "
        "use one of these, or add part and bus.",
        "street.toml:8: parts[1].values.voltz: pzem004t has no quantity voltz; did you mean volts?",
        'street.toml:11: events[0].do: must be one of 11 choices, not "fualt"; did you mean fault?',
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[parts]]\nid = "meter"\nbus = "i2c0"', "pzem004t needs uart or rs485; use meter or air or parking"),
        ('[[parts]]\nid = "meter"\nbus = "metre"', "lamppost-esp32 has no bus metre; did you mean meter?"),
        ('[[parts]]\nid = "meter"\n[[parts]]\nid = "meter"', "meter appears twice"),
        ('[[parts]]\nid = "meter"\nvalues = {watts = "much"}', 'must be a number, not "much"; give a number'),
        ('[hosts]\nbroker = "127.0.0.1"', "give an address and a port"),
        ('[hosts]\nbroker = "127.0.0.1:70000"', "there is no port 70000"),
        ('[[events]]\nat_s = 1\ndo = "fault"\nkind = "noise"', "fault needs part"),
        ('[[events]]\nat_s = 1\ndo = "power_cut"\npart = "meter"', "power_cut does not accept part"),
        ('[[events]]\nat_s = 1\ndo = "values"\npart = "dust"\nvalues = {mm = 1}', "sps30 has no quantity mm"),
        ('[[events]]\nat_s = 1\ndo = "values"\npart = "dusk"\nvalues = {mm = 1}', "no part dusk; did you mean dust?"),
        ('[[events]]\nat_s = -1\ndo = "reset"', "give seconds since the scenario began"),
        ("start = 1999-01-01T00:00:00Z", "not a time after 2000"),
        ("start = 2026-01-01T00:00:00", "with an offset"),
        ("wifi = 3\nhosts = 4\nparts = 5\nevents = 6", "wifi: must be an object in { }, not 3"),
        ("[wifi\n", "not TOML"),
    ],
)  # fmt: skip
def test_what_cannot_be_played_is_refused(tmp_path, board, text, said):
    details = refused(tmp_path, board, text)
    assert any(said in detail for detail in details), details
    assert all(detail.startswith("street.toml:") for detail in details)


@pytest.mark.parametrize(
    ("content", "column", "said"),
    [
        ("a,b\n1,2\n", "c", "bad.csv has no column c; use one of a, b"),
        ("a\n1\nx\n", "a", "line 3 of bad.csv has 'x', not a number"),
        ("a\n1\nnan\n", "a", "line 3 of bad.csv has 'nan', not a number"),
        ("a\n", "a", "bad.csv has no rows"),
        ("", "a", "bad.csv has no column a"),
    ],
)
def test_a_series_that_cannot_be_played_is_refused_before_the_lamp_starts(tmp_path, board, content, column, said):
    (tmp_path / "bad.csv").write_text(content)
    text = f"""
[[parts]]
id = "meter"
[[parts.series]]
file = "bad.csv"
step_s = 1
columns.watts = {{column = "{column}"}}
"""
    details = refused(tmp_path, board, text)
    assert any(said in detail for detail in details), details
    missing = refused(tmp_path, board, text.replace("bad.csv", "household_powr.csv"))
    assert "did you mean household_power.csv?" in missing[0]


def test_a_file_that_is_not_there_is_a_problem_with_the_names_that_come_along(board):
    with pytest.raises(ScenarioInvalid) as refusal:
        scenario_file.load("porto", board)
    assert "lisbon, london, milan" in refusal.value.remedy


SCHEMA = json.loads((Path(scenario_file.__file__).parent / "scenario.schema.json").read_text())
ROW = SCHEMA["properties"]["parts"]["items"]["properties"]
PAGE = (Path(__file__).parents[2] / "docs/reference/scenario.md").read_text()


def test_every_simulated_part_can_stand_in_a_scenario():
    modules = [path.stem for path in (Path(scenario_file.__file__).parent / "parts").glob("*.py")]
    twins = [
        name for name in modules
        if hasattr(importlib.import_module(f"lamplighter.virtual.parts.{name}"), "Twin")
    ]  # fmt: skip
    assert sorted(ROW["part"]["enum"]) == sorted(twins)


@pytest.mark.parametrize("part", ROW["part"]["enum"])
def test_the_page_names_a_parts_quantities_buses_and_faults_and_it_starts_with_them(part):
    rows = [line for line in PAGE.splitlines() if line.startswith("|") and f"`{part}`" in line.split("|")[1]]
    assert len(rows) == 1, f"docs/reference/scenario.md has {len(rows)} rows of {part}"
    for bus in events.twin(part).BUSES:
        assert {"uart": "UART", "i2c": "I²C", "rs485": "RS-485", "dali": "DALI"}[bus] in rows[0]
    for name in events.quantities(part) + events.kinds(part):
        assert f"`{name}`" in PAGE, f"docs/reference/scenario.md does not explain {name} of {part}"
    twin = events.twin(part)({"values": {}, "series": []})
    for kind in events.kinds(part):
        twin.fault(kind)
    assert json.loads(json.dumps(twin.state())) == twin.state()


def test_the_page_names_every_option():
    for option in ROW["options"]["properties"]:
        assert f"`{option}`" in PAGE, f"docs/reference/scenario.md does not explain {option}"


def test_a_fault_that_a_part_cannot_have_is_refused_with_those_that_it_can(tmp_path, board):
    details = refused(tmp_path, board, '[[events]]\nat_s = 1\ndo = "fault"\npart = "climate"\nkind = "silense"')
    assert "bme280 has no fault silense; did you mean silence?" in details[0]


def test_a_part_learns_the_bus_that_it_is_put_on(tmp_path, board):
    text = '[[parts]]\nid = "dust"\nbus = "i2c0"\naddress = 0x69'
    dust = next(part for part in loaded(tmp_path, board, text).world(tmp_path)["parts"] if part["id"] == "dust")
    assert dust["options"]["bus"] == "i2c" and dust["options"]["address"] == 0x69
