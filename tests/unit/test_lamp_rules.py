"""lamp/rules.py: what cable and node refuse in the section `lamp`, all at once, and whatever form it has."""

from ground import Seed
from lamppost.lamp import rules

PINS = {"lamp_pwm": 18, "lamp_relay": 19}
GOOD = {
    "output": "0-10v", "zone": "WET0WEST,M3.5.0/1,M10.5.0", "min_level": 10, "max_level": 90, "ramp_s": 2.5,
    "calibration": [[10, 1000], [25, 2500], [50, 5000], [75, 7500], [100, 10000]],
    "light_output": {"virtual": 90, "constant": [[0, 80], [20000, 100]],
                     "maintenance": {"cleaned": "2026-03-01", "per_year": 3}},
    "calendar": [{"programme": "late", "days": ["fri"], "from": "12-01", "to": "01-06"}],
    "programmes": {"late": {"periods": [{"from": "sunset", "to": "sunrise"}],
                            "points": [{"at": "23:00", "op": "set", "level": 50}]}},
}  # fmt: skip


def found(pins=PINS, location=True, **changes):
    doc = {"lamp": dict(GOOD, **changes)}
    if location:
        doc["location"] = {"lat": 38.72, "lon": -9.14}
    return {".".join([str(step) for step in path]): cause for path, cause in rules.faults(doc, pins)}


def test_a_good_section_and_none_at_all_have_no_faults():
    assert found() == {} and rules.faults({}, PINS) == []


def test_limits_that_exclude_each_other_are_named():
    assert found(min_level=95)["lamp.min_level"] == "95 is above max_level, 90: no level is left"


def test_all_faults_are_named_at_once():
    wrong = found(
        location=False, zone="LIS", output="1-10v", standby="on", cool_down_s=600,
        light_output={"constant": [[0, 80], [0, 100]], "constant_by": "driver"},
        calendar=[{"programme": "none"}], watts=[[10, 5], [25, 4], [50, 9], [75, 12], [100, 20]],
    )  # fmt: skip
    assert sorted(wrong) == [
        "lamp.calendar.0", "lamp.cool_down_s", "lamp.light_output.constant", "lamp.standby", "lamp.watts",
        "lamp.zone", "location",
    ]  # fmt: skip


def test_periods_while_dark_and_of_presence_need_somebody_who_sees_that():
    sensed = {"p": {"periods": [{"when": "dark"}], "presence": [{"from": "23:00", "to": "05:00", "level": 80}]}}
    calendar = [{"programme": "p"}]
    wrong = found(programmes=sensed, calendar=calendar)
    assert sorted(wrong) == ["lamp.presence", "light"] and "programme p" in wrong["light"]
    assert sorted(found(programmes=sensed, calendar=calendar, presence={"bays": ["1"]})) == [
        "lamp.presence.bays", "light",
    ]  # fmt: skip


def test_a_board_without_the_pins_is_refused_for_what_needs_them():
    assert found(pins={"lamp_relay": 19}) == {"lamp.output": "this board has no pin lamp_pwm"}
    assert "lamp.output" in found(pins={"lamp_pwm": 18}) and found(pins={"lamp_pwm": 18}, standby="on") == {}
    assert found(pins=None) == {}


def test_dali_needs_a_bus_that_can_carry_it():
    doc = {"lamp": {"output": "dali"}, "location": {"lat": 38.72, "lon": -9.14}}
    buses = {"dali": {"kind": "dali"}, "air": {"kind": "uart"}, "i2c0": {"kind": "i2c"}}
    assert rules.faults(doc, PINS, buses) == [] and rules.faults(doc, PINS) == []
    doc["lamp"]["dali"] = {"bus": "air"}
    assert rules.faults(doc, PINS, buses) == []
    doc["lamp"]["dali"] = {"bus": "i2c0"}
    words = "this board has no bus i2c0 for DALI; use air or dali"
    assert rules.faults(doc, PINS, buses) == [(("lamp", "dali", "bus"), words)]
    assert "lamp.dali" in found(dali={"bus": "dali"}), "0-10 V has no use for it"


def test_a_pushed_section_of_any_form_is_answered_and_never_raises():
    seed = Seed(4)
    odd = (None, 7, -1.5, "", "x", [], {}, [[]], [[1]], True, {"late": 3}, [{"programme": {}}], "sunset")

    def spoilt(value):
        if seed.below(4) == 0:
            return odd[seed.below(len(odd))]
        if isinstance(value, dict):
            return {key: spoilt(one) for key, one in value.items() if seed.below(12)}
        if isinstance(value, list):
            return [spoilt(one) for one in value]
        return value

    for _ in range(2000):
        rules.faults({"lamp": spoilt(GOOD), "location": {"lat": 1, "lon": 2}}, PINS)
