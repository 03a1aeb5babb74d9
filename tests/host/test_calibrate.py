"""`lamplighter calibrate`, and calibrations of another sensor, of nothing, or of a part that is not there."""

import json
import subprocess
import sys

import pytest
from lamplighter.boards import board_file
from lamplighter.commands.calibrate import changed
from lamplighter.config import config_file
from lamplighter.problems import ConfigInvalid

ROW = {"part": "dust", "quantity": "pm2_5", "slope": 0.87, "offset": -1.2, "id": "KS-1", "date": "2026-03-14"}
CELL = {
    "part": "adc", "gas": "no2", "id": "202040001", "we": 0, "ae": 1, "we_zero_uv": 224000, "ae_zero_uv": 226000,
    "nv_ppb": 223000, "nt": [[-30, 1300], [50, 1300]],
}  # fmt: skip


def document(serial=None, **air):
    parts = [dict(row) for row in board_file.load("lamppost-esp32").node_document()["fitted"]]
    parts.append({"id": "adc", "part": "ads1115", "bus": "i2c0"})
    if serial:
        next(row for row in parts if row["id"] == "dust")["serial"] = serial
    return {
        "v": 1, "site": "lisbon", "node": "lp-1", "wifi": {"ssid": "a"}, "mqtt": {"host": "broker.lan"},
        "parts": parts, "air": {"parts": ["dust", "climate"], **air},
    }  # fmt: skip


def errors(doc):
    try:
        config_file.check(config_file.Document(doc, "lp-1.json"))
    except ConfigInvalid as wrong:
        return [line.split(": ", 1)[1] for line in wrong.details]
    return []


def test_a_calibration_takes_the_place_of_an_earlier_one_and_touches_nothing_else():
    first = changed(document(), ROW, False)
    assert first["air"]["calibration"] == [ROW] and errors(first) == []
    second = changed(first, {**ROW, "slope": 0.9}, False)
    third = changed(second, {**ROW, "quantity": "pm10"}, False)
    assert [row["slope"] for row in third["air"]["calibration"]] == [0.9, 0.87] and errors(third) == []
    assert changed(changed(third, ROW, True), {**ROW, "quantity": "pm10"}, True) == document()


def test_a_calibration_of_another_sensor_is_refused_in_words():
    right = document("5F3A", calibration=[{**ROW, "serial": "5F3A"}])
    assert errors(right) == []
    other = document("77B0", calibration=[{**ROW, "serial": "5F3A"}])
    assert errors(other) == [
        "air.calibration[0].serial: this calibration is for the sensor 5F3A, and dust is 77B0; "
        "calibrate this one, or refit the other."
    ]
    unknown = document(calibration=[{**ROW, "serial": "5F3A"}])
    assert "dust has no serial in `parts`" in errors(unknown)[0]


@pytest.mark.parametrize(
    ("air", "said"),
    [
        ({"calibration": [{**ROW, "part": "dist"}]}, "did you mean dust?"),
        ({"calibration": [{**ROW, "quantity": "co2"}]}, "dust does not measure it; it measures pm1, pm2_5, pm4, pm10"),
        ({"calibration": [ROW, ROW]}, "pm2_5 is in air.calibration[0] already"),
        ({"calibration": [{**ROW, "date": "14.3.2026"}]}, "a date like 2026-03-01"),
        ({"calibration": [{**ROW, "slope": 0}]}, "0 is below the minimum of 0.1"),
        ({"parts": ["adc"]}, "adc gives voltages only"),
        ({"parts": ["adc"], "cells": [{**CELL, "gas": "o3"}]}, "add a cell for no2"),
        ({"parts": ["adc"], "cells": [{**CELL, "ae": 0}]}, "both electrodes are at input 0"),
        ({"parts": ["dust", "adc"], "cells": [{**CELL, "part": "dust"}]}, "cells are at an ads1115; dust is a sps30"),
        ({"parts": ["dust"], "kappa": 0.3}, "has no effect without humidity"),
        ({"parts": ["dust"], "index": "EAQI-2020"}, "did you mean EAQI-2024?"),
    ],
)
def test_what_cannot_work_is_said(air, said):
    assert said in " ".join(errors(document(**air)))


def test_cells_with_a_calibration_of_the_gas_are_right():
    row = {**ROW, "part": "adc", "quantity": "no2", "serial": "202040001"}
    assert errors(document(parts=["adc", "climate"], cells=[CELL], calibration=[row])) == []


def test_a_name_or_its_removal_is_needed():
    words = ("calibrate", "--port", "/dev/null", "--part", "dust", "--quantity", "pm2_5", "--json")
    done = subprocess.run([sys.executable, "-m", "lamplighter", *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "--id" in done.stderr
    assert json.loads(done.stdout or "{}") == {}
