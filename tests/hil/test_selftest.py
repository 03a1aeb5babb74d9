"""`lamplighter test` at the foot of a lamppost: a verdict for each part, in words."""

import json

import pytest

pytestmark = pytest.mark.real_time


def test_a_lamppost_whose_parts_all_answer_passes(node):
    tested = node.tool("test", "--json")
    assert tested.returncode == 0, tested.stdout + tested.stderr
    rows = json.loads(tested.stdout.splitlines()[-1])["checks"]
    assert all(row["ok"] for row in rows)
    for row in rows:
        assert row["low"] is None or row["value"] >= row["low"]
        assert row["high"] is None or row["value"] <= row["high"]


@pytest.mark.virtual_only
def test_each_broken_part_fails_with_the_word_for_what_is_wrong_and_the_others_pass(node):
    node.lamp.part("meter").fault("silence")
    node.lamp.part("bay-1").fault("noise")
    node.lamp.part("dust").fault("checksum")
    tested = node.tool("test", "--json")
    assert tested.returncode == 42, tested.stderr
    answer = json.loads(tested.stdout.splitlines()[0])
    assert answer["verdict"] == "fail"
    words = {row["check"]: row["word"] for row in answer["checks"]}
    assert (words["meter"], words["bay-1"], words["dust"]) == ("silent", "garbled", "garbled")
    assert (words["climate"], words["journal"], words["wifi"]) == ("", "", "")


@pytest.mark.virtual_only
def test_a_value_out_of_its_limits_fails_with_the_value_and_the_limit(node):
    node.lamp.part("meter").set(volts=180)
    node.lamp.part("climate").fault("silence")
    tested = node.tool("test")
    assert tested.returncode == 42
    voltage = next(line for line in tested.stdout.splitlines() if "voltage" in line)
    assert "180.0" in voltage and "195.5" in voltage and "range" in voltage
    assert "climate t: silent" in tested.stdout or "climate t: bus" in tested.stdout
