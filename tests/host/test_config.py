"""The configuration is checked whole before anything is written, and its secrets are seen nowhere."""

import json
import os
from typing import Any

import pytest
from click.testing import CliRunner
from lamplighter import paths
from lamplighter.boards import board_file
from lamplighter.cli import lamplighter
from lamplighter.config import config_file
from lamplighter.parts import catalogue
from lamplighter.problems import ConfigInvalid, ConfigUnreadable, Problem

GOOD = {
    "v": 1, "site": "lisbon", "node": "lp-0042", "asset": "LP-0042", "location": {"lat": 38.72, "lon": -9.14},
    "wifi": {"ssid": "city", "password": "street-secret"},
    "mqtt": {"host": "broker.lan", "port": 1883, "user": "lp", "password": "broker-secret"},
    "parts": [
        {"id": "meter", "part": "pzem004t", "bus": "meter", "address": 1},
        {"id": "bay-1", "part": "tfmini", "bus": "parking"},
        {"id": "dust", "part": "sps30", "bus": "air"},
        {"id": "climate", "part": "bme280", "bus": "i2c0", "address": 118},
    ],
    "energy": {"part": "meter", "window_s": 900, "every_ms": 1000, "mid": False},
    "parking": [{"bay": "1", "part": "bay-1", "empty_mm": 3200, "every_ms": 1000}],
    "air": {"parts": ["dust", "climate"], "window_s": 600, "every_ms": 10000},
}  # fmt: skip


@pytest.fixture(scope="module")
def facts():
    return board_file.load("lamppost-esp32").node_document()


def errors(tmp_path, doc, facts=None):
    """What is said about a document, without file name and line."""
    file = tmp_path / "node.json"
    file.write_text(doc if isinstance(doc, str) else json.dumps(doc, indent=1))
    with pytest.raises(ConfigInvalid) as caught:
        config_file.load(str(file), facts)
    return [detail.split(": ", 1)[1] for detail in caught.value.details]


def changed(**changes):
    doc: Any = json.loads(json.dumps(GOOD))
    for path, value in changes.items():
        place: Any = doc
        *way, last = [int(key) if key.isdigit() else key for key in path.split("__")]
        for key in way:
            place = place[key]
        if value is None:
            del place[last]
        else:
            place[last] = value
    return doc


def test_a_whole_configuration_is_taken_as_it_is(tmp_path, facts):
    file = tmp_path / "node.json"
    file.write_text(json.dumps(GOOD))
    assert config_file.load(str(file), facts) == GOOD


def test_the_smallest_configuration_is_enough(tmp_path, facts):
    file = tmp_path / "node.json"
    file.write_text('{"v":1,"site":"a","node":"b","wifi":{"ssid":"open"},"mqtt":{"host":"10.0.0.1"}}')
    assert config_file.load(str(file), facts)["node"] == "b"


def test_all_errors_come_at_once_each_with_its_line_and_a_way_out(tmp_path):
    text = """{
  "v": 1, "site": "lisbon", "node": "lp-0042",
  "wifi": {"ssid": "city", "pasword": "street-secret"},
  "mqtt": {
    "host": "broker.lan",
    "port": "1883"
  },
  "parts": [{"id": "meter", "part": "pzem04t", "bus": "meter"}]
}"""
    file = tmp_path / "lamp.json"
    file.write_text(text)
    with pytest.raises(ConfigInvalid) as caught:
        config_file.load(str(file))
    assert caught.value.cause.endswith("lamp.json has 3 errors.")
    assert [detail.removeprefix(str(file)) for detail in caught.value.details] == [
        ":3: wifi.pasword: there is no such key; did you mean password?",
        ':6: mqtt.port: must be a whole number, not "1883".',
        ':8: parts[0].part: must be one of 31 choices, not "pzem04t"; did you mean pzem004t?',
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"node": None}, "node: is missing (The lamppost, unique within"),
        ({"node": "LP_42"}, 'node: must be 1 to 32 lower-case letters, digits and hyphens, not "LP_42".'),
        ({"node": "lp-0042\n"}, "node: must be 1 to 32 lower-case letters"),
        ({"v": 2}, "v: must be 1, not 2."),
        ({"location__lat": 98}, "location.lat: 98 is above the maximum of 90."),
        ({"mqtt__host": "mqtt://broker"}, "mqtt.host: 'mqtt://broker' is a URL; give the host alone"),
        ({"mqtt__port": 70000}, "mqtt.port: 70000 is above the maximum of 65535."),
        ({"mqtt__user": None}, "mqtt: has a password and no user; add user."),
        ({"mqtt__window": 17}, "mqtt.window: 17 is above the maximum of 16."),
        ({"parts__0__bus": "metre"}, "parts[0].bus: lamppost-esp32 has no bus metre; did you mean meter?"),
        ({"parts__0__bus": "i2c0"}, "parts[0].bus: pzem004t needs uart or rs485; i2c0 is i2c."),
        ({"parts__0__address": 248}, "parts[0].address: 248 is above the maximum of 247."),
        ({"parts__3__address": 119, "parts__0__address": 0}, "parts[0].address: 0 is below the minimum of 1."),
        ({"parts__3__address": "0x76"}, 'parts[3].address: must be a whole number, not "0x76"; 0x76 is 118.'),
        ({"parts__1__address": 3}, "parts[1].address: 3 is below the minimum of 8."),
        ({"parts__0__warm_s": 8}, "parts[0].warm_s: there is no such key; known are id, part, bus, serial, address."),
        ({"parts__2__warn_s": 8}, "parts[2].warn_s: there is no such key; did you mean warm_s?"),
        ({"parts__2__warm_s": 9999}, "parts[2].warm_s: 9999 is above the maximum of 3600."),
        ({"parts__2__bus": "parking"}, "parts[2].bus: parking carries bay-1 already."),
        ({"parts__2__id": "meter", "air__parts": ["climate"]}, "parts[2].id: meter is the id of parts[0] already."),
        ({"energy__part": "metre"}, "energy.part: no part has the id metre; did you mean meter?"),
        ({"energy__part": "dust"}, "energy.part: dust measures air, not energy."),
        ({"parking__0__part": "climate"}, "parking[0].part: climate measures air, not distance."),
        ({"air__parts": ["bay-1"]}, "air.parts[0]: bay-1 measures distance, not air."),
        ({"air__parts": ["dust", "dust"]}, "air.parts: must not contain duplicates."),
        ({"energy__window_s": 700}, "energy.window_s: 700 s do not divide a day; use 720."),
        ({"energy__window_s": 1, "energy__every_ms": 2000}, "energy.every_ms: no reading fits into a window of 1 s"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused_in_words(tmp_path, facts, changes, said):
    found = errors(tmp_path, changed(**changes), facts)
    assert len(found) == 1 and found[0].startswith(said), found


def test_two_meters_on_one_line_need_two_addresses(tmp_path, facts):
    second: dict[str, Any] = {"id": "second", "part": "pzem004t", "bus": "meter"}
    assert errors(tmp_path, changed(parts=[*GOOD["parts"], second]), facts) == [
        "parts[4].bus: meter has the address 1 on meter already; pzem004t can have 2, 3, 4 and more."
    ]
    second["address"] = 2
    file = tmp_path / "two.json"
    file.write_text(json.dumps(changed(parts=[*GOOD["parts"], second])))
    config_file.load(str(file), facts)


def test_a_bay_that_is_there_twice_is_refused(tmp_path, facts):
    found = errors(tmp_path, changed(parking=[GOOD["parking"][0], GOOD["parking"][0]]), facts)
    assert found == ["parking[1].bay: 1 is the bay of parking[0] already.",
                     "parking[1].part: bay-1 already observes bay 1."]  # fmt: skip


def test_a_key_that_is_there_twice_is_refused(tmp_path):
    found = errors(tmp_path, '{"v":1,"v":1,"site":"a","node":"b","wifi":{"ssid":"x"},"mqtt":{"host":"h"}}')
    assert found == ["v: this key appears twice; keep one."]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"v": 1,\n "site" "a"}', "2: this is not JSON: a colon is missing after a key."),
        ('{"v": 1\n "site": "a"}', "1: this is not JSON: a comma or } is missing at the end of this line."),
        ('{"v": 1,\n}', "2: this is not JSON: there is an extra comma."),
        ('{"v": 1,\n "site": lisbon}', "2: this is not JSON: a value is expected"),
        ('{"v": [1,\n 2', "2: this is not JSON: a comma or ] is missing"),
        ("", "1: this is not JSON: the document is incomplete."),
        ("{} {}", "1: this is not JSON: there is text after the end of the document."),
    ],
)
def test_a_slip_in_the_json_is_shown_with_its_line(tmp_path, text, said):
    file = tmp_path / "slip.json"
    file.write_text(text)
    with pytest.raises(ConfigUnreadable) as caught:
        config_file.read(str(file))
    assert caught.value.cause.startswith(f"{file}:{said}")


@pytest.mark.parametrize("value", ["short", 12345678, ["street-secret"], "x" * 65])
def test_a_wrong_password_is_refused_without_being_shown(tmp_path, value):
    found = errors(tmp_path, changed(wifi__password=value))
    assert found[0].startswith("wifi.password: must ")
    assert str(value)[:5] not in found[0].removeprefix("wifi.password: must have at least 8 characters")


@pytest.mark.parametrize("text", ['{"wifi": {"password": s3cret-word}}', '{"wifi": {"password": "s3cret-word}}',
                                  '{"wifi": "s3cret-word"}', '{"wifi": {"s3cret" "x"}}'])  # fmt: skip
def test_no_slip_around_a_password_brings_it_to_the_screen(tmp_path, text):
    file = tmp_path / "slip.json"
    file.write_text(text)
    with pytest.raises(Problem) as caught:
        config_file.load(str(file))
    assert "s3cret" not in " ".join([caught.value.cause, *caught.value.details])


def test_a_redacted_configuration_holds_no_secret():
    assert "secret" not in json.dumps(config_file.redacted(GOOD))
    assert GOOD["wifi"]["password"] == "street-secret"


def test_a_password_can_come_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("LAMP_WIFI", "from-outside")
    file = tmp_path / "env.json"
    file.write_text(json.dumps(changed(wifi__password={"$env": "LAMP_WIFI"})))
    assert config_file.load(str(file))["wifi"]["password"] == "from-outside"


def test_a_password_that_the_environment_lacks_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv("LAMP_WIFI", raising=False)
    assert errors(tmp_path, changed(wifi__password={"$env": "LAMP_WIFI"})) == [
        "wifi.password: the environment has no LAMP_WIFI; set it: export LAMP_WIFI=...."
    ]


def test_one_content_has_one_fingerprint_however_it_is_written():
    turned = dict(reversed(GOOD.items()))
    assert config_file.config_hash(turned) == config_file.config_hash(GOOD)
    assert config_file.config_hash(turned) != config_file.config_hash(changed(asset="other"))


def test_the_node_computes_the_same_fingerprint(tmp_path):
    paths.importable()
    from lamppost.ops import config_store

    doc = changed(wifi__password='caf\u00e9 "noir"', mqtt__password="a\\b")
    (tmp_path / "config.json").write_bytes(config_file.encode(doc))
    assert config_store.load(f"{tmp_path}/")[1] == config_file.config_hash(doc)


def test_the_schema_is_a_valid_one_and_explains_every_key_that_must_be_there():
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(config_file.schema())
    assert config_file.schema()["$defs"]["part"]["properties"]["part"]["enum"] == catalogue.ids()


def test_a_wrong_configuration_ends_with_its_exit_code_before_the_port_is_looked_at(tmp_path):
    file = tmp_path / "node.json"
    file.write_text(json.dumps(changed(site="L", node="L")))
    result = CliRunner().invoke(lamplighter, ["configure", "--port", "/dev/absent", str(file)])
    assert isinstance(result.exception, ConfigInvalid)
    assert result.exception.exit_code == 30


def test_a_configuration_can_be_checked_for_a_board_without_a_node(tmp_path):
    file = tmp_path / "node.json"
    file.write_text(json.dumps(GOOD))
    arguments = ["configure", "--board", "lamppost-esp32", "--dry-run", str(file)]
    result = CliRunner().invoke(lamplighter, arguments)
    assert result.exit_code == 0
    assert result.output == f"lp-0042: configuration {config_file.config_hash(GOOD)} is right.\n"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"wifi__ssid": "街" * 20}, "wifi.ssid: has 60 octets, as UTF-8 of 20 characters"),
        ({"wifi__ssid": "s" * 33}, "wifi.ssid: has 33 octets;"),
        ({"wifi__password": "z" * 64}, "wifi.password: has 64 characters that are not all hex digits"),
        ({"wifi__password": "ü" * 40}, "wifi.password: has a character that is not printable ASCII"),
        ({"wifi__password": "street-secret\r\n"}, "wifi.password: begins or ends with a line break"),
        ({"mqtt__user": "l\0p"}, "mqtt.user: has the character U+0000"),
        ({"mqtt__host": "broker.lan:1883"}, "mqtt.host: 'broker.lan:1883' has a port;"),
        ({"mqtt__host": "192.168.1.300"}, "mqtt.host: '192.168.1.300' is not an IPv4 address;"),
        ({"mqtt__host": "[::1]"}, "mqtt.host: '[::1]' is in brackets"),
        ({"mqtt__tls": {"server_name": "a..b"}}, "mqtt.tls.server_name: 'a..b' has nothing between two points"),
        ({"time": {"servers": ["ntp.lan", "10.0.0"]}}, "time.servers[1]: '10.0.0' is not an IPv4 address;"),
        ({"air__calibration": [{"part": "dust", "quantity": "pm10", "id": "c1", "date": "2025-02-29"}]},
         "air.calibration[0].date: 2025-02-29 does not exist"),
        ({"air__calibration": [{"part": "dust", "quantity": "pm10", "id": "c1", "date": "1.3.2026"}]},
         "air.calibration[0].date: must be a date like 2026-03-01"),
    ],
)  # fmt: skip
def test_what_wifi_resolver_and_calendar_refuse_is_refused_here(tmp_path, changes, said):
    found = errors(tmp_path, changed(**changes))
    assert len(found) == 1 and found[0].startswith(said), found
    assert "secret" not in found[0] and "zzz" not in found[0] and "üü" not in found[0]


@pytest.mark.parametrize(
    "changes",
    [{"wifi__ssid": "街" * 10}, {"wifi__password": "0" * 64}, {"wifi__password": "z" * 63}, {"mqtt__host": "::1"},
     {"mqtt__host": "2001:db8::"}, {"mqtt__tls": {"server_name": "2001:db8::1"}}],
)  # fmt: skip
def test_what_they_take_is_taken(tmp_path, changes):
    file = tmp_path / "node.json"
    file.write_text(json.dumps(changed(**changes)), encoding="utf-8")
    assert config_file.load(str(file))


def test_a_password_of_the_environment_is_measured_too(tmp_path, monkeypatch):
    monkeypatch.setenv("LAMP_WIFI", "ü" * 40)
    found = errors(tmp_path, changed(wifi__password={"$env": "LAMP_WIFI"}))
    cause = "has a character that is not printable ASCII, which a WPA passphrase must not have"
    assert found == [f"wifi.password: {cause}."]
    monkeypatch.setitem(os.environ, "LAMP_WIFI", b"caf\xe9-street".decode("utf-8", "surrogateescape"))
    found = errors(tmp_path, changed(wifi__password={"$env": "LAMP_WIFI"}))
    cause = "the environment variable LAMP_WIFI is not UTF-8 text"
    assert found == [f"wifi.password: {cause}; save its source as UTF-8."]


def test_a_blank_at_the_end_of_a_name_is_pointed_out_and_taken(tmp_path):
    file = tmp_path / "node.json"
    file.write_text(json.dumps(changed(wifi__ssid="city ", mqtt__user="lp\r\n")))
    done = CliRunner().invoke(lamplighter, ["configure", "--dry-run", "--board", "lamppost-esp32", str(file)])
    assert done.exit_code == 0, done.output
    assert "wifi.ssid: the name begins or ends with a blank; remove it unless it is intended." in done.stderr
    assert "mqtt.user: the user name begins or ends with a line break" in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 100_000, "1: this is not JSON: there are more than 64 levels of brackets."),
        ('{"a":' * 100_000, "1: this is not JSON: there are more than 64 levels"),
        ('{\n"v": ' + "1" * 5000 + "}", "2: this is not JSON: a number has 5000 characters"),
        ('{"v": 1.5٣}', "1: this is not JSON: a comma or } is missing"),
        ('{"v": 1e999}', "1: this is not JSON: the number 1e999 is too large"),
        ('{"v": -1e999}', "1: this is not JSON: the number -1e999 is too large"),
        ('{"site": "\\ud83d"}', "1: this is not JSON: a text contains a lone surrogate"),
        ('{"\\udc00": 1}', "1: this is not JSON: a text contains a lone surrogate"),
    ],
)
def test_json_that_would_break_a_reader_is_refused_with_its_line(tmp_path, text, said):
    file = tmp_path / "hard.json"
    file.write_text(text)
    with pytest.raises(ConfigUnreadable) as caught:
        config_file.read(str(file))
    assert caught.value.cause.startswith(f"{file}:{said}")


def test_a_byte_order_mark_is_no_part_of_a_configuration(tmp_path):
    text = b"\xef\xbb\xbf" + json.dumps(GOOD).encode()
    done = CliRunner().invoke(lamplighter, ["configure", "--dry-run", "--board", "lamppost-esp32", "-"], input=text)
    assert done.exit_code == 0, done.output
    (tmp_path / "utf16.json").write_text(json.dumps(GOOD), encoding="utf-16")
    with pytest.raises(ConfigUnreadable, match="is not UTF-8 text, but UTF-16"):
        config_file.read(str(tmp_path / "utf16.json"))
