"""The lamppost of docs/field/six-parts.md: from its two files to telemetry, and what its self-test says when it is
wired wrongly.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from lamplighter.bench.lampposts import WIFI, VirtualPost
from lamplighter.boards import board_file
from lamplighter.image import build

pytestmark = pytest.mark.virtual_only
EXAMPLE = Path(__file__).parents[2] / "docs/field/six-parts"
WRONG = """
[[parts]]
id = "meter"
values = {watts = -120.0, pf = 0.9}

[[parts]]
id = "addressed"
part = "sdm630"
bus = "meters"
address = 3

[[parts]]
id = "quick"
part = "ddsu666"
bus = "meters"
address = 4
options = {baud = 4800}

[[parts]]
id = "climate"
part = "bmp280"
bus = "i2c0"
address = 0x76
"""
FITTED = [  # what the configuration says that this one has
    {"id": "meter", "part": "sdm120", "bus": "meters", "address": 1, "baud": 9600},
    {"id": "addressed", "part": "sdm630", "bus": "meters", "address": 2},
    {"id": "quick", "part": "ddsu666", "bus": "meters", "address": 4},
    {"id": "climate", "part": "bme280", "bus": "i2c0"},
    {"id": "range", "part": "tfmini", "bus": "parking"},
    {"id": "magnet", "part": "rm3100", "bus": "i2c0"},
]


@pytest.fixture(scope="module")
def flash(tmp_path_factory):
    """The flash of that board, fresh from `lamplighter image`."""
    board = board_file.load("lamppost-six", EXAMPLE)
    return board, build.build(board, build.standin(board)).flash()


@pytest.fixture
def six(flash, tmp_path, broker):
    """six(document, **options of VirtualLamppost) -> the lamppost at work with that configuration."""
    board, content = flash
    (tmp_path / "flash.bin").write_bytes(content)
    posts = []

    def make(document, **options):
        document = {**document, "wifi": WIFI, "mqtt": {**document["mqtt"], "spread_s": 0, "keepalive_s": 5}}
        (tmp_path / "six.json").write_text(json.dumps(document))
        first = VirtualPost(board, tmp_path / "first", broker.port, flash=tmp_path / "flash.bin")
        with first.lamp:
            done = first.tool("configure", tmp_path / "six.json")
            assert done.returncode == 0, done.stderr
        posts.append(VirtualPost(board, tmp_path / "second", broker.port, flash=tmp_path / "flash.bin", **options))
        posts[-1].lamp.start()
        return posts[-1]

    yield make
    for post in posts:
        post.lamp.stop()


def example():
    return json.loads((EXAMPLE / "lp-0066.json").read_text(encoding="utf-8"))


def shorter(document):
    """With windows that a test can wait for."""
    document["energy"].update(window_s=2, every_ms=500)
    document["air"].update(window_s=10, every_ms=5000)
    document["light"].update(window_s=5, every_ms=1000)
    return document


def test_six_parts_are_seen_in_telemetry_and_on_the_live_screen(six, heard, broker):
    post = six(shorter(example()), speed=8)
    lamp = post.lamp
    lamp.part("meter").set(watts=432, pf=1)
    lamp.part("range").set(mm=3200)
    lamp.part("dust").set(pm2_5=31)
    lamp.part("carbon").set(ppm=612)
    lamp.part("daylight").set(lux=1234)
    energy = heard.until("tele/energy", lambda m: m["p_mean_mw"] == 432000 and m["q"]["p_mean_mw"] == "V", within=120)
    assert energy["u_mv"] == 230000
    heard.until("tele/parking/1", lambda m: m["state"] == "free", within=120)
    light = heard.until("tele/light", lambda m: m["q"]["lux"] == "V" and m["lux"] > 1000, within=120)
    assert light["lux"] == pytest.approx(1234, rel=0.02)
    heard.until("tele/air", lambda m: m["q"]["co2"] == "W", within=120)
    air = heard.until("tele/air", lambda m: m["q"]["co2"] == m["q"]["pm2_5"] == "V", within=120)
    assert (air["co2"], air["pm2_5"]) == (612, 31.0)
    command = [sys.executable, "-m", "lamplighter", "watch", "--host", "127.0.0.1", "--port", str(broker.port)]
    shown = subprocess.run([*command, "--strict", "--seconds", "5"], capture_output=True, text=True, timeout=60)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    for suffix in ("tele/energy", "tele/parking/1", "tele/air", "tele/light"):
        assert suffix in shown.stdout, shown.stdout
    assert "CO₂ 612 ppm" in shown.stdout and re.search(r"12\d\d\.\d lx", shown.stdout)
    assert post.lamp.boots == 1
    heard.nothing_lost()


def test_parts_that_are_wired_or_set_wrongly_are_each_named_with_a_word_and_a_remedy(six, tmp_path):
    (tmp_path / "wrong.toml").write_text(WRONG)
    document = {key: value for key, value in example().items() if key not in ("parking", "air", "light")}
    post = six({**document, "parts": FITTED}, scenario=tmp_path / "wrong.toml")
    post.started()
    post.lamp.part("range").fault("silence")  # RX and TX swapped
    tested = post.tool("test")
    assert tested.returncode == 42, tested.stderr
    said = tested.stdout
    words = dict(re.findall(r"^(\S+) \S+: (\w+)\. ", said, re.MULTILINE))
    assert words == {
        "meter": "backwards", "addressed": "silent", "quick": "silent", "climate": "foreign", "range": "silent",
    }  # fmt: skip
    assert "climate t: foreign. Another part or address answered: compare with the configuration." in said
    assert "meter p_mw: backwards. Swap the two wires of the meter's current path" in said
    assert "quick u_mv: silent." in said and "`address` and `baud` in its configuration" in said
