"""What `watch` and the demo show of a lamp, with and without a light sensor beside it."""

import json

from lamplighter.telemetry import panel
from lamplighter.telemetry.state import Telemetry

LAMP = {"level": 50, "commanded": 50, "why": "schedule", "burn_s": 3600, "switchings": 2}
SENSOR = {"lux": 3.2, "night": True, "part": "eye", "q": {"lux": "V"}}


def shown(suffix, **body):
    telemetry = Telemetry()
    head = {"v": 1, "b": 1, "s": 0, "ts": "2026-12-21T17:18:25Z", "tq": 3, "h": 0}
    seen = telemetry.take(f"lamppost/v1/lisbon/lp-1/{suffix}", json.dumps({**head, **body}).encode(), False)
    return panel.words(seen).plain, telemetry


def test_a_lamp_without_a_light_sensor_shows_its_level_and_reason():
    text, telemetry = shown("tele/light", **LAMP)
    assert text == "lamp ██░ 50 % schedule"
    assert panel.table(telemetry, 5, 112)


def test_a_light_sensor_without_a_lamp_shows_lux_and_night():
    assert shown("tele/light", **SENSOR)[0] == "3.2 lx  night"


def test_both_stand_on_one_line():
    assert shown("tele/light", **SENSOR, **LAMP)[0] == "3.2 lx  night  lamp ██░ 50 % schedule"


def test_a_switching_shows_its_level_power_and_cause():
    row = {"n": 3, "boot": 1, "up_s": 9, "at": None, "at_tq": 0, "level": 50, "p_mw": 45100, "imp_mwh": None,
           "cause": "schedule", "since": None, "hash": "0" * 64}  # fmt: skip
    assert shown("evt/switching", **row)[0] == "row 3: 50 %, 45.1 W, schedule"


def test_a_message_without_words_of_its_own_shows_no_empty_fields():
    told = {"config": "30a3e704c2f1", "phase": "stable", "id": "", "reason": "", "left_min": None, "errors": []}
    assert shown("cfg/reported", **told, s=None)[0] == "config 30a3e704c2f1, phase stable"
