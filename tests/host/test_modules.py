"""A module that the app cannot run on: without PSRAM, or with too little flash. Each verb says so, with the remedy."""

import dataclasses
import json
import subprocess
import sys

import pytest
from lamplighter.boards import board_file

BOARD = "lamppost-esp32"
MAIN = [sys.executable, "-c", "from lamplighter.cli import main; main()"]
DOC = {
    "v": 1, "site": "lisbon", "node": "lp-0042", "wifi": {"ssid": "city", "password": "street-secret"},
    "mqtt": {"host": "broker.lan"}, "parts": [],
}  # fmt: skip


def lamplighter(*arguments):
    done = subprocess.run([*MAIN, *map(str, arguments)], capture_output=True, text=True, timeout=100)
    assert "Traceback" not in done.stderr + done.stdout
    return done


@pytest.fixture(autouse=True)
def own_state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def bare(virtual_lamppost):
    """A lamppost whose module has no PSRAM, with firmware."""
    return virtual_lamppost(BOARD, psram=False)


def test_without_psram_the_console_says_so_and_the_app_does_not_start(bare):
    bare.console.wait_for("lamppost: no PSRAM on this module, so the app does not start; use a module")
    bare.console.wait_for("lamppost: no PSRAM: the app is not started; reset in 5 minutes")
    assert "app: " not in bare.console.text and "no configuration" not in bare.console.text


def test_list_shows_a_module_without_psram(bare):
    bare.console.wait_for("the app is not started")
    done = lamplighter("list", "--json", bare.port)
    told = json.loads(done.stdout)[0]
    assert told["state"] == "without PSRAM" and "boards/README.md" in told["trouble"]


def test_flash_finds_a_module_without_psram_out(virtual_lamppost):
    blank = virtual_lamppost(BOARD, flashed=False, psram=False)
    done = lamplighter("flash", "--port", blank.port, "--board", BOARD, "--json")
    assert done.returncode == 27 and json.loads(done.stdout)["error"] == "without-psram"
    assert "This module has no PSRAM" in done.stderr and "boards/README.md" in done.stderr


@pytest.mark.parametrize("verb", ["configure", "test"])
def test_a_verb_on_a_module_without_psram_ends_with_cause_and_remedy(bare, tmp_path, verb):
    file = tmp_path / "lp-0042.json"
    file.write_text(json.dumps(DOC))
    done = lamplighter(verb, "--port", bare.port, *([file] if verb == "configure" else []))
    assert done.returncode == 27
    assert f"The module on {bare.port} has no PSRAM: " in done.stderr and "boards/README.md" in done.stderr


def test_the_doctor_names_the_missing_psram_as_the_first_cause(bare):
    done = lamplighter("doctor", "--port", bare.port)
    assert done.returncode == 44
    assert "no PSRAM" in done.stdout and "boards/README.md" in done.stdout + done.stderr


def test_a_chip_with_less_flash_than_the_board_is_refused_before_anything_is_written(virtual_lamppost):
    small = dataclasses.replace(board_file.load(BOARD), flash_size=4 << 20)
    lamp = virtual_lamppost(small, flashed=False)
    done = lamplighter("flash", "--port", lamp.port, "--board", BOARD, "--json")
    assert done.returncode == 28 and json.loads(done.stdout)["error"] == "flash-too-small"
    assert f"The module on {lamp.port} has 4 MB of flash; {BOARD} needs 8 MB." in done.stderr
    assert lamp.read_flash(0, 4 << 20).count(0xFF) == 4 << 20


def test_a_chip_with_more_flash_than_the_board_is_flashed_and_starts(virtual_lamppost):
    large = dataclasses.replace(board_file.load("lamppost-esp32s3"), flash_size=16 << 20)  # an N16R8
    lamp = virtual_lamppost(large, flashed=False)
    done = lamplighter("flash", "--port", lamp.port, "--board", "lamppost-esp32s3")
    assert done.returncode == 0, done.stderr
    assert lamp.state == "running" and lamp.read_flash(3, 1)[0] >> 4 == 3
