"""The contract says the same in the package, in docs/contract, in docs/integrate and in the firmware."""

import copy
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator
from lamplighter import paths
from lamplighter.contract import UNITS, TopicError, check_message, kinds, parse_topic, publish
from lamplighter.contract import examples as examples_of_contract
from publisher import Lamp

paths.importable()

ROOT = Path(__file__).resolve().parents[2]
ENERGY = "lamppost/v1/lisbon/lp-0042/tele/energy"


def examples():
    """(topic, payload) of every example in the integrator's page."""
    page = (ROOT / "docs/integrate/contract.md").read_text(encoding="utf-8")
    return re.findall(r"`(lamppost/v1/[^`]+)`[^\n]*\n+```json\n(.*?)```", page, re.DOTALL)


@pytest.mark.parametrize("topic, payload", examples(), ids=lambda text: text.rsplit("/", 1)[-1] if "/" in text else "")
def test_every_example_that_integrators_read_keeps_to_the_contract(topic, payload):
    assert check_message(topic, payload.encode()) == []


def test_every_topic_has_an_example():
    assert {parse_topic(topic).kind for topic, _ in examples()} == set(kinds())


def test_units_and_limits_are_those_of_the_firmware():
    from lamplighter.contract import SCHEMA
    from lamppost.core.quantities import QUANTITIES

    inner = {"utc_s"}  # travels from part to sensing only
    assert UNITS.keys() == QUANTITIES.keys() - inner
    for name, (decimals, low, high, ucum, rec20) in QUANTITIES.items():
        if name not in inner:
            row = SCHEMA["$defs"][name]
            assert UNITS[name] == {"decimals": decimals, "ucum": ucum, "rec20": rec20}, name
            assert row["minimum"] * 10**decimals == low, name
            assert row.get("maximum") is None if high is None else row["maximum"] * 10**decimals == high, name


def test_letters_are_those_of_the_firmware():
    from lamplighter.contract import SCHEMA
    from lamppost.core import quality

    letters = [value for name, value in vars(quality).items() if name.isupper()]
    assert sorted(SCHEMA["$defs"]["letter"]["enum"]) == sorted(letters)


def test_the_published_files_are_not_stale():
    for name, text in publish.content().items():
        assert (ROOT / "docs/contract" / name).read_text(encoding="utf-8") == text, f"{name}: run make docs"
    folder = ROOT / "docs/contract"
    there = {path.relative_to(folder).as_posix() for path in folder.glob("*/*.json")}
    assert there == publish.content().keys() - {"asyncapi.yaml"}


@pytest.mark.parametrize("name", examples_of_contract.files())
def test_every_published_example_passes_both_schemas(name):
    example = examples_of_contract.files()[name]
    payload = b"" if example["payload"] is None else json.dumps(example["payload"]).encode()
    assert check_message(example["topic"], payload) == []
    assert example["summary"]
    if example["payload"] is not None:
        Draft202012Validator(publish.schema(parse_topic(example["topic"]).kind)).validate(example["payload"])


def test_every_topic_has_a_published_example_and_values_are_shown_missing():
    rows = examples_of_contract.files().values()
    assert {parse_topic(row["topic"]).kind for row in rows} == set(kinds())
    measured = [row for row in rows if "q" in (row["payload"] or {})]
    missing = {parse_topic(row["topic"]).kind.name for row in measured if "U" in row["payload"]["q"].values()}
    assert {"tele_energy", "tele_parking", "tele_air", "tele_light"} <= missing


def test_open_schemas_pass_what_a_later_version_adds_and_refuse_what_breaks_this_one():
    for row in examples_of_contract.files().values():
        if row["payload"] is None:
            continue
        open_one = Draft202012Validator(publish.schema(parse_topic(row["topic"]).kind))
        assert open_one.is_valid({**row["payload"], "added_later": 1}), row["name"]
        needed = "id" if parse_topic(row["topic"]).kind.received else "b"
        assert not open_one.is_valid({name: value for name, value in row["payload"].items() if name != needed})


@pytest.fixture(scope="module")
def asyncapi():
    """The AsyncAPI initiative's own schema of AsyncAPI 3.0.0 (package @asyncapi/specs 6.11.1, Apache-2.0)."""
    return Draft7Validator(json.loads((ROOT / "tests/data/asyncapi-3.0.0.json").read_text(encoding="utf-8")))


def test_the_published_document_is_valid_asyncapi(asyncapi):
    document = yaml.safe_load((ROOT / "docs/contract/asyncapi.yaml").read_text(encoding="utf-8"))
    assert [error.message for error in asyncapi.iter_errors(document)] == []
    for message in document["components"]["messages"].values():
        Draft202012Validator.check_schema(
            json.loads((ROOT / "docs/contract" / message["payload"]["$ref"]).read_text(encoding="utf-8"))
        )
    for operation in document["operations"].values():
        channel = document["channels"][operation["channel"]["$ref"].removeprefix("#/channels/")]
        holes = set(re.findall(r"\{(\w+)\}", channel["address"]))
        assert holes == channel["parameters"].keys()


@pytest.mark.parametrize(
    "path, value",
    [
        (("asyncapi",), "2.6.0"),
        (("operations", "send_state", "action"), "publish"),
        (("operations", "send_state", "bindings", "mqtt", "qos"), 3),
        (("servers", "broker", "bindings", "mqtt", "lastWill", "qos"), "one"),
    ],
)
def test_a_document_that_is_not_asyncapi_is_found_out(asyncapi, path, value):
    document = copy.deepcopy(publish.asyncapi())
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert not asyncapi.is_valid(document)


FLAWS = {
    "imp_mwh: is missing.": {"imp_mwh": ...},
    "umv: there is no such key; did you mean u3_mv?": {"umv": 1},
    'u_mv: must be a whole number or null, not "230".': {"u_mv": "230"},
    "u_mv: must be a whole number or null, not 230.5.": {"u_mv": 230.5},
    "u_mv: -1 is below the minimum of 0.": {"u_mv": -1},
    "f_mhz: 80000 is above the maximum of 70000.": {"f_mhz": 80000},
    "pf is 0.987, but may have 2 decimals at most.": {"pf": 0.987},
    "u_mv is null, but q calls it valid.": {"u_mv": None},
    "s: must be a whole number, not null.": {"s": None},
    "s: -1 is below the minimum of 0.": {"s": -1},
    "tq is 3, but ts is null: no time has quality 0.": {"ts": None},
    "tq is 0 (no time), but ts has a time.": {"tq": 0},
    "tu: is missing.": {"tq": 2},
    "ts is '2026-02-31T00:00:00Z', which is not a date.": {"ts": "2026-02-31T00:00:00Z"},
    "v: must be 1, not 2.": {"v": 2},
    "h: must be one of 0, 1, not true.": {"h": True},
    "q: is missing.": {"q": ...},
}


@pytest.mark.parametrize("sentence", FLAWS)
def test_a_flaw_is_told_in_a_sentence(sentence):
    message = json.loads(Lamp().energy()[1])
    for name, value in FLAWS[sentence].items():
        if value is ...:
            del message[name]
        else:
            message[name] = value
    assert check_message(ENERGY, json.dumps(message).encode()) == [sentence]


@pytest.mark.parametrize("letter, flaw", [("W", []), ("U", ["u_mv has a value, but q calls it unavailable."])])
def test_a_value_that_is_there_may_be_doubtful_but_not_unavailable(letter, flaw):
    message = json.loads(Lamp().energy()[1])
    message["q"]["u_mv"] = letter
    assert check_message(ENERGY, json.dumps(message).encode()) == flaw


def test_a_missing_value_needs_its_letter():
    message = json.loads(Lamp().energy(u_mv=None)[1])
    message["q"]["u_mv"] = "U"
    assert check_message(ENERGY, json.dumps(message).encode()) == []
    del message["q"]["u_mv"]
    assert check_message(ENERGY, json.dumps(message).encode()) == ["q has no letter for u_mv."]


@pytest.mark.parametrize(
    "payload, begin",
    [
        (b"", "The payload is empty"),
        (b"\xff", "The payload is not UTF-8"),
        (b'{"v":1', "The payload is not JSON"),
        (b'{"v":NaN}', "The payload is not JSON: NaN"),
        (b'{"v":1,"v":1}', "v appears twice"),
        (b"[" * 100_000, "The payload is nested too deeply"),
        (b"[1]", "The message must be an object, not a list"),
    ],
)
def test_what_is_no_json_object_is_told_in_a_sentence(payload, begin):
    (said,) = check_message(ENERGY, payload)
    assert said.startswith(begin)


def test_an_alarm_ends_with_an_empty_payload_and_nothing_else_does():
    assert check_message(*Lamp().over("supplyLoss")[:2]) == []
    assert check_message("lamppost/v1/lisbon/lp-0042/state", b"") != []


def test_only_what_the_contract_retains_may_come_retained():
    lamp = Lamp()
    assert check_message(*lamp.state()[:2], retain=True) == []
    topic, payload, _ = lamp.energy()
    assert check_message(topic, payload, retain=True) == [
        "tele/energy was retained, but the contract publishes it without the retain flag."
    ]


@pytest.mark.parametrize(
    "topic, said",
    [
        ("lamppost/v2/lisbon/lp-1/state", "is not below lamppost/v1/{site}/{node}/"),
        ("lamppost/v1/Lisbon/lp-1/state", "The site 'Lisbon'"),
        ("lamppost/v1/lisbon/lp_1/state", "The node 'lp_1'"),
        ("lamppost/v1/lisbon/lp-1/tele/enrgy", "The contract has no topic tele/enrgy."),
        ("lamppost/v1/lisbon/lp-1/tele/parking/1/2", "The contract has no topic"),
        ("lamppost/v1/lisbon/lp-1/alarm/", "The contract has no topic"),
    ],
)
def test_a_topic_outside_the_contract_is_refused(topic, said):
    with pytest.raises(TopicError, match=re.escape(said)):
        parse_topic(topic)


def test_a_topic_is_the_same_after_it_was_taken_apart():
    for topic, _ in examples():
        assert str(parse_topic(topic)) == topic


def test_units_in_info_must_be_those_of_the_contract():
    topic, payload = next((t, p) for t, p in examples() if t.endswith("/info"))
    info = json.loads(payload)
    info["units"]["u_mv"]["ucum"] = "V"
    assert check_message(topic, json.dumps(info).encode()) == [
        'units says {"ucum": "V", "rec20": "2Z"} for u_mv, but its unit is mV.'
    ]


def test_a_session_in_which_a_broken_message_was_seen_fails_and_names_the_test(tmp_path):
    (tmp_path / "test_one.py").write_text(
        "from lamplighter.telemetry.recording import record\n"
        "def test_that_sees_a_broken_message():\n"
        "    record('lamppost/v1/a/b/state', b'{}')\n"
    )
    run = [sys.executable, "-m", "pytest", "-q", "-p", "lamplighter.telemetry.recording", "-p", "no:cacheprovider"]
    done = subprocess.run([*run, "test_one.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stdout
    assert "1 passed" in done.stdout
    assert "test_that_sees_a_broken_message: lamppost/v1/a/b/state: v: is missing" in done.stdout
