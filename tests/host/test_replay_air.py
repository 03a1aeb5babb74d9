"""`lamplighter replay air`: a recorded trace becomes what a node would have told, by the node's own code."""

import json
import random
import subprocess
import sys

import pytest
from lamplighter.contract import check_message
from lamplighter.replay import air

START = 1_700_006_400  # a full hour


def write(tmp_path, heading, rows):
    file = tmp_path / "trace.csv"
    file.write_text("\n".join([heading, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return file


def told(file, **options):
    return list(air.replay(air.read(file), **options))


def run(*words):
    command = [sys.executable, "-m", "lamplighter", "replay", "air", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.fixture
def hour(tmp_path):
    """An hour at 10 s: 12 ug/m3 and some noise, at 80 %."""
    chance = random.Random(7)
    rows = [(START + 10 * n, 12 + chance.random(), 15 + chance.random(), 80 + chance.random()) for n in range(360)]
    return write(tmp_path, "t_s,pm2_5,t,rh", rows)


def test_an_hour_is_six_windows_on_the_clock_that_keep_to_the_contract(hour):
    windows = told(hour)
    assert [window["t_s"] for window in windows] == [START + 600 * n for n in range(1, 7)]
    for window in windows:
        assert 12 <= window["pm2_5"] <= 13 and window["capture"] == 100
        assert set(window["q"].values()) == {"V"}
        assert window["aqi"] == {"table": "EAQI-2024", "index": 2, "of": ["pm2_5"], "partial": True}
        head = {"v": 1, "b": 1, "s": 0, "ts": "2026-11-22T00:00:00Z", "tq": 3, "h": 0}
        body = {name: value for name, value in window.items() if name != "t_s"}
        message = json.dumps(head | body).encode()
        assert check_message("lamppost/v1/lisbon/lp-1/tele/air", message) == []


def test_humidity_is_taken_off_as_published_and_the_measured_value_stays(hour):
    for plain, dry in zip(told(hour), told(hour, humidity="crilley-2018", kappa=0.3), strict=True):
        growth = 1 + 0.3 / 1.65 * (dry["rh"] / 100) / (1 - dry["rh"] / 100)
        assert dry["pm2_5"] == pytest.approx(plain["pm2_5"] / growth, abs=0.06)
        assert dry["raw"] == {"pm2_5": plain["pm2_5"]} and dry["humidity"] == "crilley-2018"


def test_a_hole_is_null_with_its_letter_and_empty_cells_lower_the_capture(tmp_path):
    chance = random.Random(3)
    times = [*range(120), *range(240, 360)]
    rows = [(START + 10 * n, "" if 90 <= n < 100 else round(10 + chance.random(), 1)) for n in times]
    windows = told(write(tmp_path, "t_s,pm10", rows))
    assert [window["pm10"] is None for window in windows] == [False, False, True, True, False, False]
    assert [window["q"]["pm10"] for window in windows] == ["V", "V", "U", "U", "V", "V"]
    assert [window["capture"] for window in windows] == [100, 83, 0, 0, 100, 100]


def test_a_part_that_comes_less_often_than_others_is_not_missing(tmp_path):
    chance = random.Random(4)
    rows = [(START + n, 10 + chance.random(), 400 + chance.randrange(9) if n % 5 == 0 else "") for n in range(600)]
    window = told(write(tmp_path, "t_s,t,co2", rows))[0]
    assert window["q"] == {"t": "V", "co2": "V"} and window["capture"] == 100


def test_the_index_is_of_the_table_that_is_asked_for(tmp_path):
    rows = [(START + 600 * n, 30 + n % 2, 40 + n % 2 / 10) for n in range(24 * 6)]
    file = write(tmp_path, "t_s,pm2_5,no2", rows)
    for table, hours, first, last in (
        ("EAQI-2024", 1, (4, ["no2", "pm2_5"]), 4),  # 40 ppb of NO2 are 76.5 ug/m3
        ("EAQI-2019", 1, (2, ["no2"]), 4),  # particles want a day
        ("US-2024", 1, (38, ["no2"]), 91),  # NowCast wants two hours
    ):
        windows = told(file, window_s=3600, table=table)
        assert (windows[hours - 1]["aqi"]["index"], windows[hours - 1]["aqi"]["of"]) == first
        assert windows[-1]["aqi"]["index"] == last and windows[-1]["aqi"]["of"] == ["no2", "pm2_5"]


def test_ticks_become_indices_after_three_quarters_of_a_minute(tmp_path):
    chance = random.Random(5)
    rows = [(START + n, 30000 + chance.randrange(60), 16000 + chance.randrange(20)) for n in range(600)]
    windows = told(write(tmp_path, "t_s,voc_raw,nox_raw", rows), window_s=60)
    assert windows[0]["q"]["voc_index"] == "E", "too few of the first minute"
    assert all(60 <= window["voc_index"] <= 140 and window["nox_index"] == 1 for window in windows[1:])


def test_the_command_prints_one_object_a_window_or_a_table(hour):
    said = run(hour, "--json")
    assert said.returncode == 0, said.stderr
    assert [json.loads(line)["t_s"] for line in said.stdout.splitlines()] == [START + 600 * n for n in range(1, 7)]
    shown = run(hour, "--window-s", "1800")
    assert shown.returncode == 0 and len(shown.stdout.splitlines()) == 3
    assert "2 fair (pm2_5)" in shown.stdout


def test_a_window_that_does_not_divide_the_day_is_refused_with_one_that_does(hour):
    refused = run(hour, "--window-s", "700")
    assert refused.returncode == 2 and "600" in refused.stderr


def test_wrong_columns_and_cells_are_named_all_at_once(tmp_path):
    refused = run(write(tmp_path, "t_s,pm25,voc_raw", [(1, 2, 3), (0, "x", 3)]))
    assert refused.returncode == 43
    assert "nox_raw" in refused.stderr and "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("column", "usual", "mark"),
    [("pm2_5", 12, -999), ("pm2_5", 12, -200), ("pm10", 12, 9999), ("t", 15, 185), ("p", 1013, 101325),
     ("rh", 80, 101), ("no2", 20, -200), ("co", 300, -999), ("co2", 420, 0), ("co2", 420, -1)],
)  # fmt: skip
def test_a_mark_for_missing_is_missing_and_its_line_is_noted(tmp_path, column, usual, mark):
    chance = random.Random(4)
    rows = [(START + 10 * n, mark if n == 30 else usual + chance.random()) for n in range(61)]
    recorded = air.read(write(tmp_path, f"t_s,{column}", rows))
    assert any(f":32: {column} is {mark}" in note for note in recorded.notes)
    window = list(air.replay(recorded))[0]
    assert usual <= window[column] <= usual + 1 and window["capture"] == 98
    assert window["q"][column] == "V"
