"""Several boards at once, a supply that dips, a cable that comes back: told as they are, each on its own port."""

import functools
import json
import subprocess
import sys
import threading

import pytest
from lamplighter.boards import board_file
from lamplighter.device import identify, ports
from lamplighter.device.repl import Repl
from lamplighter.flash import esptool_run, preserve
from lamplighter.image import build
from lamplighter.problems import WrongChip
from lamplighter.virtual.lamppost import VirtualLamppost
from lamplighter.virtual.served import Served

BOARD = "lamppost-esp32"
SPEED = 5  # the boot's waiting for a Ctrl-C passes so much faster
MAIN = [sys.executable, "-c", "from lamplighter.cli import main; main()"]


def lamplighter(*arguments):
    done = subprocess.run([*MAIN, *map(str, arguments)], capture_output=True, text=True, timeout=90)
    assert "Traceback" not in done.stderr + done.stdout
    return done


@pytest.fixture
def lamps(virtual_lamppost, tmp_path, monkeypatch):
    """A function (flashed=True, **options) -> a started lamppost."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return functools.partial(virtual_lamppost, BOARD, speed=SPEED)


def test_of_three_boards_one_is_blank_one_is_right_and_one_is_not_there(lamps, tmp_path):
    blank, right = lamps(flashed=False), lamps()
    named = [word for port in (blank.port, right.port, tmp_path / "nobody") for word in ("--port", port)]
    done = lamplighter("flash", *named, "--board", BOARD, "--json")
    first, second, third = json.loads(done.stdout)
    assert first["written"] > 100_000 and first["port"] == blank.port
    assert second["written"] == 0 and second["skipped"] > 100_000
    assert third["error"] == "port-absent" and "There is no port" in third["cause"]
    assert done.returncode == 10 and "2 of 3 boards done." in done.stderr
    assert f"{blank.port}: 100 %" in done.stderr, "each line of progress bears its port"
    assert blank.state == right.state == "running"


def test_a_supply_that_dips_is_refused_before_anything_is_written_unless_it_is_forced(lamps):
    lamp = lamps(speed=2)
    lamp.console.wait_for("Ctrl-C within")
    lamp.supply(weak=True)
    assert identify.ask(lamp.port).state == "brown-out"
    done = lamplighter("flash", "--port", lamp.port, "--board", BOARD, "--force")
    assert done.returncode == 19 and "brown-out detector" in done.stderr and "--force-supply" in done.stderr
    lamp.console.forget()
    lamp.supply(weak=True)  # once more, and from now on it bears the load: the last reset still tells
    lamp.supply(weak=False)
    lamp.console.wait_for("no configuration")
    done = lamplighter("flash", "--port", lamp.port, "--board", BOARD)
    assert done.returncode == 19
    assert lamplighter("flash", "--port", lamp.port, "--board", BOARD, "--force-supply").returncode == 0


def test_a_cable_that_comes_back_is_gone_on_with_by_the_same_command(tmp_path):
    options = {"workdir": tmp_path / "lamp", "flash": tmp_path / "flash.bin", "port_link": tmp_path / "port"}
    board = board_file.load(BOARD)
    parts = build.build(board, build.standin(board)).parts
    total = sum(len(part.data) for part in parts)
    lamp, back, said = VirtualLamppost(BOARD, paced=True, **options).start(), [], []

    def replug():
        back.append(VirtualLamppost(BOARD, **options).start())

    def pull(done, what):
        if done > 0.5 * total and not replug_later.is_alive() and not back:  # what it said before is still read
            replug_later.start()
            lamp.stop()

    replug_later = threading.Timer(0.7, replug)
    try:
        done = esptool_run.flash(lamp.port, board, parts, patience_s=20, progress=pull, say=said.append)
    finally:
        replug_later.join()
        for node in back:
            node.stop()
    lost = next(place for place, line in enumerate(said) if "was disconnected at" in line)
    assert said[lost + 1].endswith("is back: resuming.")
    assert done.skipped > 100_000, "what was written before the cable was pulled is not written again"


def test_another_board_on_the_same_cable_is_not_written_to(lamps, tmp_path):
    lamp = lamps(flashed=False)
    board = board_file.load(BOARD)
    parts = build.build(board, build.standin(board)).parts
    run = esptool_run.Run(esptool_run.cut_pieces(parts), expected="24:0a:c4:00:00:01")
    files = esptool_run.written_files(run.pieces, tmp_path)
    arguments = esptool_run.esptool_arguments(lamp.port, board, 921600, files, True)
    esptool_run.esptool_command(lamp.port, arguments, run, lambda done, what: None)
    assert run.another and isinstance(esptool_run.diagnose(lamp.port, board, run, 1), WrongChip)
    assert lamp.read_flash(0, 1 << 20).strip(b"\xff") == b""


def test_a_bridge_without_a_number_is_followed_by_its_place(monkeypatch, tmp_path):
    there = tmp_path / "ttyUSB1"
    there.write_bytes(b"")
    monkeypatch.setattr(ports, "plugged_in", lambda: [ports.Port(str(there), "CH340", "1-1.4", "")])
    assert ports.follow(ports.Port("/dev/gone", "CH340", "1-1.4", "")) == str(there)
    assert ports.follow(ports.Port("/dev/gone", "CH340", "1-1.3", "")) is None
    assert ports.follow(ports.Port("/dev/gone", "CP210x", "1-1.4", "")) is None


@pytest.mark.parametrize("kind", ["rfc2217", "socket"])
def test_a_lamppost_behind_a_network_address_is_asked_and_talked_to_like_one_on_a_cable(lamps, kind):
    lamp = lamps()
    lamp.console.wait_for("no configuration")
    with Served(lamp.port, kind) as address:
        with Repl(address) as node:
            assert node.run("print(6 * 7)") == "42\n"
            mac = node.run(preserve.WHO.format(register=0)).split()[0]
        assert mac == lamp.mac.hex()
        mpremote = [sys.executable, "-m", "mpremote", "connect", address, "exec", "print(6 * 7)"]
        assert subprocess.run(mpremote, capture_output=True, text=True, timeout=30).stdout == "42\n"
        if kind == "socket":  # each setting of RFC 2217 takes esptool a twentieth of a second
            done = lamplighter("flash", "--virtual", "--port", address, "--board", BOARD, "--json")
            assert json.loads(done.stdout)["skipped"] > 100_000, done.stderr


def test_states_that_stand_in_the_way_are_told_apart(lamps):
    lamp = lamps(flashed=False, reset_lines=False)
    assert identify.ask(lamp.port).state == "blank"
    lamp.press_reset(boot=True)
    assert identify.ask(lamp.port).state == "boot loader"
    lamp.power_off()
    silent = identify.ask(lamp.port)
    assert silent.state == "silent" and "Nothing answers" in silent.trouble.cause
    assert identify.ask("/dev/ttyUSB77").state == "absent"
