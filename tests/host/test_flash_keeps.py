"""What `lamplighter flash` keeps of a node: its configuration, also where the node itself cannot be asked any more."""

import json
import signal
import subprocess
import sys

import pytest
from lamplighter.boards import board_file
from lamplighter.boards.partitions import SECTOR
from lamplighter.config import config_file
from lamplighter.device import node_files
from lamplighter.device.repl import Repl
from lamplighter.flash import files_on_chip, preserve
from lamplighter.image import build, littlefs
from lamplighter.problems import FilesUnreadable

BOARD = "lamppost-esp32"
DOC = {
    "v": 1, "site": "lisbon", "node": "lp-0042",
    "wifi": {"ssid": "lamplighter", "password": "street-secret"}, "mqtt": {"host": "broker.lan"},
}  # fmt: skip
MAIN = [sys.executable, "-m", "lamplighter"]
TABLE = 0x8000


@pytest.fixture(autouse=True)
def own_state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def lamp(virtual_lamppost, tmp_path):
    """A lamppost with firmware and the configuration DOC."""
    node = virtual_lamppost(BOARD, port_link=tmp_path / "lamp")
    give(node, config_file.encode(DOC))
    return node


def give(node, configuration, path="/config.json"):
    with Repl(node.port) as repl:
        node_files.write(repl, path, configuration)


def on_the_node(lamp):
    with Repl(lamp.port) as node:
        return node_files.document(node, "/config.json")


def flash(lamp, *options):
    command = [*MAIN, "flash", "--port", str(lamp.port), "--board", BOARD, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stderr
    return done


def spoil(lamp, offset, size=4096):
    lamp.power_off()
    lamp.flash_image([(offset, b"\0" * size)])
    lamp.power_on()


@pytest.mark.parametrize("damaged", ["boot loader", "partition table"])
def test_a_board_that_does_not_start_keeps_its_configuration(lamp, damaged):
    spoil(lamp, board_file.load(BOARD).silicon.offset if damaged == "boot loader" else TABLE)
    done = flash(lamp)
    assert done.returncode == 0, done.stderr
    assert "reading its configuration from the flash chip" in done.stderr
    assert "this is lisbon/lp-0042" in done.stderr
    assert on_the_node(lamp) == DOC


def test_the_keys_of_trusted_releases_stay_on_the_node(lamp):
    give(lamp, b'{"keys": {}}', preserve.RELEASE_KEYS)
    flash(lamp, "--force")
    with Repl(lamp.port) as node:
        assert node_files.read(node, preserve.RELEASE_KEYS) == b'{"keys": {}}'
    assert on_the_node(lamp) == DOC


def test_an_update_over_the_air_that_is_on_trial_ends_with_a_flashing(lamp):
    trial = {"active": "a", "trial": {"slot": "b", "crashes": 0}}
    give(lamp, json.dumps(trial).encode(), "/state.json")
    done = flash(lamp)
    assert done.returncode == 0, done.stderr
    with Repl(lamp.port) as node:
        assert "trial" not in (node_files.document(node, "/state.json") or {})
    assert on_the_node(lamp) == DOC


def test_a_damaged_file_system_is_not_written_over_before_the_engineer_gives_it_up(lamp):
    vfs = board_file.load(BOARD).partition("vfs")
    before = lamp.read_flash(vfs.offset, vfs.size)
    spoil(lamp, TABLE)
    lamp.power_off()
    root = b"".join(before[at : at + 24] + b"\0" * (SECTOR - 24) for at in (0, SECTOR))  # no checksum is right now
    lamp.flash_image([(vfs.offset, root)])
    lamp.power_on()
    before = lamp.read_flash(0, lamp.board.flash_size)
    refused = flash(lamp)
    assert refused.returncode == FilesUnreadable.exit_code, refused.stderr
    assert "--erase" in refused.stderr
    assert lamp.read_flash(0, lamp.board.flash_size) == before
    assert flash(lamp, "--erase").returncode == 0


def test_a_configuration_that_is_not_json_is_not_carried_over(lamp):
    give(lamp, b"{ this was edited by hand")
    for option in ("--force", "--force"):
        done = flash(lamp, option)
        assert done.returncode == 0, done.stderr
        assert "/config.json on the node is not a configuration" in done.stderr or option == "--force"
    assert on_the_node(lamp) is None
    assert not preserve.aside(lamp.mac.hex()).exists()


def test_the_configuration_before_is_carried_over_where_the_newest_cannot_be_used(lamp):
    give(lamp, config_file.encode(DOC), "/config.old")
    give(lamp, b"[1, 2")
    assert flash(lamp, "--force").returncode == 0
    assert on_the_node(lamp) == DOC


def test_a_configuration_that_the_node_refuses_is_laid_beside_and_the_flashing_ends_well(lamp):
    doc = {**DOC, "parts": "none"}
    give(lamp, config_file.encode(doc))
    done = flash(lamp, "--force")
    assert done.returncode == 0, done.stderr
    beside = preserve.aside(lamp.mac.hex(), "refused-configuration")
    assert json.loads(beside.read_text()) == doc and str(beside) in done.stderr.replace("\n", "")
    assert not preserve.aside(lamp.mac.hex()).exists()


def test_an_interrupted_first_flashing_is_no_damage():
    board = board_file.load(BOARD)
    image, used = littlefs.littlefs(board, littlefs.files(board, littlefs.compile_app()))
    segments = build.build(board, build.standin(board)).parts
    vfs = board.partition("vfs")
    half = bytearray(b"\xff" * vfs.size)
    for block in sorted(used)[: len(used) // 2]:
        half[block * SECTOR : (block + 1) * SECTOR] = image[block * SECTOR : (block + 1) * SECTOR]

    def read(offset, size):
        return bytes(half[offset - vfs.offset : offset - vfs.offset + size])

    assert files_on_chip.find(board, segments, lambda configuration: [], read) == {}
    half[SECTOR * sorted(used)[len(used) // 2 - 1]] ^= 0xFF  # something else than the new firmware has there
    with pytest.raises(FilesUnreadable):
        files_on_chip.find(board, segments, lambda configuration: [], read)


def test_an_interrupted_flashing_says_what_is_half_done_and_that_it_holds_the_configuration(lamp):
    command = [*MAIN, "flash", "--port", str(lamp.port), "--board", BOARD, "--force"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr
        for line in run.stderr:
            if "%  writing vfs" in line:
                break
        run.send_signal(signal.SIGINT)
        said = run.stderr.read()
        assert run.wait(timeout=20) == 130
    assert "Traceback" not in said
    assert "lamplighter flash" in said and "holds the configuration of lisbon/lp-0042" in said.replace("\n", " ")
    done = flash(lamp)
    assert "the configuration of lisbon/lp-0042 was restored" in done.stderr, done.stderr
    assert on_the_node(lamp) == DOC


def test_without_a_place_for_the_configuration_nothing_is_written_and_a_board_without_one_needs_none(
    lamp, monkeypatch, tmp_path
):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    refused = flash(lamp, "--force")
    assert refused.returncode == 3 and "Nothing was written to the board." in refused.stderr, refused.stderr
    assert "%" not in refused.stderr, "it has begun to write"
    assert on_the_node(lamp) == DOC
    assert flash(lamp, "--erase").returncode == 0
    assert flash(lamp, "--force").returncode == 0, "there is no configuration to keep"
