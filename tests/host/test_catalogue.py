"""What the catalogue says of a part is what its driver does, and what `lamplighter parts` and its page show."""

import inspect
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from lamplighter import paths
from lamplighter.cli import lamplighter
from lamplighter.config.config_file import Document, check
from lamplighter.parts import catalogue
from lamplighter.problems import ConfigInvalid, UnknownPart

ROOT = Path(__file__).parents[2]
IDS = [
    "pzem004t", "sdm120", "sdm630", "ddsu666", "bl0942", "bl0940", "cse7766", "ade7953", "ina226", "ina228",
    "tfmini", "tfluna", "a02yyuw", "rm3100", "qmc5883l", "ld2410", "sps30", "pms5003", "pms5003t", "pms3003",
    "sds011", "scd41", "sgp41", "sht4x", "bme280", "bmp280", "ads1115", "veml7700", "bh1750", "lis3dh",
    "ds3231",
]  # fmt: skip


def driver(part_id):
    paths.importable()
    from lamppost.drivers import registry

    return registry.driver(part_id)[1]


def every_part(function):
    return pytest.mark.parametrize("part", catalogue.every(), ids=lambda part: part.id)(function)


def test_the_shelf_holds_every_part_and_a_page_for_each():
    assert sorted(catalogue.ids()) == sorted(IDS)
    pages = {path.stem for path in (ROOT / "docs/reference/parts").glob("*.md")}
    assert pages == set(IDS)


@every_part
def test_it_measures_what_its_driver_measures(part):
    assert set(part.measures) == set(driver(part.id).QUANTITIES)


@every_part
def test_its_options_are_those_of_its_driver_with_their_defaults(part):
    taken = {
        name: parameter.default
        for name, parameter in inspect.signature(driver(part.id).__init__).parameters.items()
        if name not in ("self", "bus", "name")
    }
    assert {row["name"] for row in part.options} == set(taken)
    for row in part.options:
        default = taken[row["name"]]
        assert row.get("default") == (list(default) if isinstance(default, tuple) else default), row["name"]


@every_part
def test_its_defaults_lie_within_their_limits(part):
    from jsonschema import Draft202012Validator

    for row in part.options:
        if "default" in row:
            Draft202012Validator(part.schema()[row["name"]]).validate(row["default"])


@every_part
def test_its_facts_have_sources_and_what_is_open_is_said(part):
    assert part.verified and part.wiring and part.traps and part.unverified
    for row in part.verified:
        assert all(len(source) > 4 for source in row["sources"])


@every_part
def test_its_wires_fit_its_bus(part):
    ends = {row["to"].split(" ")[0] for row in part.wiring}
    assert ends & {"uart": {"rx"}, "i2c": {"scl"}, "rs485": {"A"}}[part.bus]
    assert any("GND" in row["to"] for row in part.wiring)


def test_each_driver_loads_only_its_relatives():
    for part in catalogue.every():
        source = ROOT / f"firmware/lamppost/drivers/{part.id}.py"
        others = [other for other in IDS if other != part.id and f"import {other}\n" in source.read_text()]
        assert others in ([], ["bmp280"]), part.id  # a BME280 is one of these, with humidity


@every_part
def test_its_file_keeps_to_the_schema_and_the_rules(part):
    catalogue.check(catalogue.SHELF / f"{part.id}.toml")


@pytest.mark.parametrize(
    ("part", "old", "new", "said"),
    [
        ("tfmini", 'kind = "parking"', 'kind = "bay"', r"tfmini.toml:3: kind: must be one of .*, not \"bay\""),
        ("tfmini", 'bus = "uart"', 'bus = "spi"', "bus: must be one of uart, rs485, i2c"),
        ("tfmini", "baud = 115200\n", "", "baud: is missing"),
        ("bme280", 'bus = "i2c"', 'bus = "i2c"\nbaud = 9600', "baud: is not allowed here"),
        ("tfmini", "legacy = false", "legacy = true", "why: is missing"),
        ("tfmini", 'supply = "', 'supplies = "', "supplies: there is no such key; did you mean supply?"),
        ("tfmini", 'id = "tfmini"', 'id = "tfminy"', "the file is named tfmini, not tfminy"),
        ("bme280", 'name = "address"', 'name = "place"', "a part on I2C has an address; add the option address"),
    ],
)
def test_a_file_that_says_too_little_or_too_much_is_refused_with_line_and_remedy(tmp_path, part, old, new, said):
    path = tmp_path / f"{part}.toml"
    text = (catalogue.SHELF / path.name).read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=said):
        catalogue.check(path)


# the verb


def run(*words):
    return CliRunner().invoke(lamplighter, ["parts", *words])


def test_the_shelf_is_a_table_with_bus_readings_and_status():
    rows = {line.split()[0]: line for line in run().output.splitlines()[1:]}
    assert set(rows) == set(IDS)
    assert "rs485" in rows["sdm120"] and "voltage, current, power" in rows["sdm120"]
    assert "legacy; verified, 4 facts open" in rows["sds011"]
    assert "uart or i2c" in rows["sps30"] and "pm1, pm2.5, pm4, pm10" in rows["sps30"]


def test_one_part_is_shown_with_wiring_options_traps_and_what_is_open():
    said = run("SDS-011").output
    for words in (
        "Legacy: Its laser lasts",
        "rx",
        "sleeps",
        "Above 70 % humidity",
        "Not verified",
        "AA C0 09",
    ):
        assert words in said, words


def test_all_of_it_is_there_for_programs():
    rows = json.loads(run("--json").output)
    assert [row["id"] for row in rows] == catalogue.ids()
    one = json.loads(run("bme280", "--json").output)
    assert one["address"] == 0x76 and one["says"] == ["temperature_c", "humidity_percent", "pressure_pa"]
    assert one["status"].startswith("verified") and one["verified"][0]["sources"]


def test_a_part_that_is_not_there_is_told_with_the_nearest():
    done = run("bme28O")
    assert isinstance(done.exception, UnknownPart) and "Did you mean bme280?" in str(done.exception)


# what `lamplighter configure` says of parts that cannot work together

BOARD = {
    "board": "here",
    "buses": {"line": {"kind": "uart"}, "meters": {"kind": "rs485"}, "i2c0": {"kind": "i2c"}},
}


def said(*parts, **sections):
    document = {
        "v": 1,
        "site": "a",
        "node": "b",
        "wifi": {"ssid": "x"},
        "mqtt": {"host": "h"},
        "parts": list(parts),
    }
    try:
        check(Document({**document, **sections}, "node.json"), BOARD)
    except ConfigInvalid as wrong:
        return [detail.split(": ", 1)[1] for detail in wrong.details]
    return []


def part(id, kind, bus, **options):
    return {"id": id, "part": kind, "bus": bus, **options}


def test_meters_of_several_makes_share_two_wires_if_each_has_its_address():
    meters = [
        part("a", "sdm120", "meters"),
        part("b", "sdm630", "meters", address=2),
        part("c", "pzem004t", "meters"),
    ]
    assert said(*meters) == [
        "parts[2].bus: a has the address 1 on meters already; pzem004t can have 2, 3, 4 and more."
    ]
    meters[2]["address"] = 3
    assert said(*meters) == []


def test_parts_at_one_address_of_an_i2c_bus_are_told_with_the_free_ones():
    assert said(part("a", "veml7700", "i2c0"), part("b", "tfluna", "i2c0")) == [
        "parts[1].bus: a has the address 16 on i2c0 already; tfluna can have 8, 9, 10 and more."
    ]
    assert said(part("a", "bme280", "i2c0"), part("b", "bmp280", "i2c0", address=118)) == [
        "parts[1].address: a has the address 118 on i2c0 already; bmp280 can have 119."
    ]
    assert said(part("a", "tfmini", "i2c0"), part("b", "veml7700", "i2c0")) == [
        "parts[1].bus: a has the address 16 on i2c0 already; a veml7700 has no other, put it on another bus."
    ]


def test_a_plain_line_carries_one_part_unless_its_kind_takes_turns():
    assert said(part("a", "tfmini", "line"), part("b", "sps30", "line")) == [
        "parts[1].bus: line carries a already."
    ]
    assert said(part("a", "bl0942", "line"), part("b", "bl0942", "line", address=1)) == []
    assert said(part("a", "pzem004t", "line"), part("b", "bl0942", "line")) == [
        "parts[1].bus: line carries a already."
    ]


def test_wrong_options_of_several_parts_are_told_at_once():
    found = said(
        part("a", "sdm120", "meters", baud=19200),
        part("b", "lis3dh", "i2c0", upright=[0, 0]),
        part("c", "ina226", "i2c0", shunt_mohm=2),
        part("d", "a02yyuw", "line", model="jsn-sr04t"),
        part("e", "bh1750", "i2c0", address=36),
    )
    assert sorted(found) == [
        "parts[0].baud: must be one of 1200, 2400, 4800, 9600, not 19200.",
        "parts[1].upright: must have at least 3 entries; it has 2.",
        "parts[2].shunt_mohm: there is no such key; did you mean shunt_uohm?",
        'parts[3].model: must be one of a02yyuw, jsn_sr04t, aj_sr04m, not "jsn-sr04t"; did you mean jsn_sr04t?',
        "parts[4].address: must be one of 35, 92, not 36.",
    ]


def test_a_calibration_of_another_piece_is_refused():
    row = {
        "part": "dust",
        "quantity": "pm2_5",
        "slope": 1.2,
        "id": "park",
        "date": "2026-03-01",
        "serial": "A1",
    }
    air = {"parts": ["dust"], "calibration": [row]}
    dust = part("dust", "sps30", "line")
    assert said({**dust, "serial": "A1"}, air=air) == []
    assert (
        "this calibration is for the sensor A1, and dust is B2" in said({**dust, "serial": "B2"}, air=air)[0]
    )
