"""The host's verbs on a virtual lamppost: from blank to tested, and what is said when something is wrong."""

import json
import os
import re
import signal
import subprocess
import sys
import threading

import pytest
from lamplighter.boards import board_file
from lamplighter.commands import flash as flash_verb
from lamplighter.config import config_file
from lamplighter.device import node_files, ports
from lamplighter.device.repl import Repl
from lamplighter.flash import esptool_run, preserve
from lamplighter.image import build
from lamplighter.problems import CablePulled, FlashFailed, ImageInvalid, ImageMissing, WrongChip
from lamplighter.virtual.lamppost import VirtualLamppost

BOARD = "lamppost-esp32"
SECRET = "street-secret"
DOC = {
    "v": 1, "site": "lisbon", "node": "lp-0042", "asset": "LP-0042",
    "wifi": {"ssid": "lamplighter", "password": SECRET}, "mqtt": {"host": "broker.lan"},
    "parts": [{"id": "meter", "part": "pzem004t", "bus": "meter"}],
    "energy": {"part": "meter"},
}  # fmt: skip
MAIN = [sys.executable, "-c", "from lamplighter.cli import main; main()"]


def lamplighter(*arguments, **options):
    """A verb as a user runs it: no terminal, nothing remembered from elsewhere."""
    done = subprocess.run([*MAIN, *map(str, arguments)], capture_output=True, text=True, timeout=60, **options)
    assert "Traceback" not in done.stderr + done.stdout
    assert SECRET not in done.stderr + done.stdout
    return done


@pytest.fixture(autouse=True)
def own_state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def lamp(virtual_lamppost, tmp_path):
    """A lamppost with firmware and without a configuration."""
    node = virtual_lamppost(BOARD, port_link=tmp_path / "lamp")
    node.network.ssid, node.network.password = "lamplighter", SECRET
    return node


@pytest.fixture
def blank(virtual_lamppost, tmp_path):
    return virtual_lamppost(BOARD, flashed=False, port_link=tmp_path / "lamp")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "lp-0042.json"
    path.write_text(json.dumps(DOC, indent=1))
    return path


def built(name=BOARD):
    board = board_file.load(name)
    return board, build.build(board, build.standin(board)).parts


def on_the_node(lamp, name="/config.json"):
    with Repl(lamp.port) as node:
        return node_files.document(node, name)


def configure(lamp, file):
    done = lamplighter("configure", "--port", lamp.port, file)
    assert done.returncode == 0, done.stderr
    return done


# from blank to tested


def test_a_blank_board_is_flashed_configured_and_tested_with_three_commands(blank, file):
    blank.network.ssid, blank.network.password = "lamplighter", SECRET
    flashed = lamplighter("flash", "--port", blank.port, "--board", BOARD, "--json")
    assert flashed.returncode == 0, flashed.stderr
    told = json.loads(flashed.stdout)
    assert told["mac"].replace(":", "") == blank.mac.hex() and told["written"] > 200_000 and told["baud"] == 921600
    assert "100 %" in flashed.stderr

    assert configure(blank, file).stdout == (
        f"lp-0042: configuration {config_file.config_hash(DOC)} is written, and the node runs with it.\n"
    )
    tested = lamplighter("test", "--port", blank.port)
    assert tested.returncode == 0, tested.stderr
    lines = tested.stdout.splitlines()
    voltage = next(line for line in lines if "voltage" in line)
    assert re.match(r"✓  meter +voltage +230\.\d +195\.5 +253\.0  V$", voltage)
    assert re.match(r"PASS lp-0042: \d+ checks\.$", lines[-1])


def test_flashing_again_writes_nothing_and_the_configuration_stays(lamp, file):
    configure(lamp, file)
    again = lamplighter("flash", "--port", lamp.port, "--board", BOARD, "--json")
    assert json.loads(again.stdout)["written"] == 0
    assert "this is lisbon/lp-0042" in again.stderr
    assert on_the_node(lamp) == DOC


def test_a_file_system_that_is_written_anew_gets_its_configuration_back(lamp, file):
    configure(lamp, file)
    with Repl(lamp.port) as node:
        node.run("f=open('/main.py','a');f.write('#');f.close()")
    again = lamplighter("flash", "--port", lamp.port, "--board", BOARD)
    assert again.returncode == 0, again.stderr
    assert "the configuration of lisbon/lp-0042 was restored" in again.stderr
    assert on_the_node(lamp) == DOC
    assert not preserve.aside(lamp.mac.hex()).exists()


def test_what_an_interrupted_run_laid_aside_never_replaces_a_newer_configuration(lamp, file):
    configure(lamp, file)
    old = json.dumps({**DOC, "asset": "old"}).encode()
    preserve.keep(preserve.Before(lamp.mac.hex(), "lisbon/lp-0042", old, False))
    assert lamplighter("flash", "--port", lamp.port, "--board", BOARD).returncode == 0
    assert on_the_node(lamp) == DOC
    assert not preserve.aside(lamp.mac.hex()).exists()


def test_what_an_interrupted_run_laid_aside_is_given_to_a_node_that_has_none(lamp):
    preserve.keep(preserve.Before(lamp.mac.hex(), "lisbon/lp-0042", json.dumps(DOC).encode(), False))
    done = lamplighter("flash", "--port", lamp.port, "--board", BOARD)
    assert "the configuration of lisbon/lp-0042 was restored" in done.stderr
    assert on_the_node(lamp) == DOC


# the cable


def test_a_cable_pulled_half_way_is_said_and_the_same_command_completes(tmp_path):
    options = {"flash": tmp_path / "flash.bin", "port_link": tmp_path / "lamp", "paced": True}
    board, parts = built()
    total = sum(len(part.data) for part in parts)
    node = VirtualLamppost(BOARD, **options).start()

    def pull(done, what):
        if done > 0.5 * total:
            node.stop()

    with pytest.raises(CablePulled, match=r"was disconnected at [5-7]\d %") as caught:
        esptool_run.flash(node.port, board, parts, progress=pull)
    assert "run the same command" in caught.value.remedy
    with VirtualLamppost(BOARD, **{**options, "paced": False}) as replugged:
        done = lamplighter("flash", "--port", replugged.port, "--board", BOARD, "--json")
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert told["skipped"] > 64 * 1024 and told["written"] < total - 64 * 1024


def test_a_cable_pulled_while_a_configuration_is_written_leaves_the_old_one(tmp_path, file, monkeypatch):
    options = {"flash": tmp_path / "flash.bin", "port_link": tmp_path / "lamp"}
    with VirtualLamppost(BOARD, **options) as node:
        node.flash_image(build.build(node.board, build.standin(node.board)))
        configure(node, file)
        send = node_files.send

        def pulled(repl, block):
            send(repl, block)
            node.stop()

        monkeypatch.setattr(node_files, "send", pulled)
        with pytest.raises(CablePulled), Repl(node.port) as repl:
            node_files.adopt(repl, config_file.encode({**DOC, "node": "lp-0043"}))
    with VirtualLamppost(BOARD, **options) as replugged:
        assert on_the_node(replugged) == DOC


# boards and images


def test_another_chip_is_refused_before_anything_is_written(virtual_lamppost, tmp_path):
    node = virtual_lamppost("lamppost-esp32s3", flashed=False, port_link=tmp_path / "lamp")
    done = lamplighter("flash", "--port", node.port, "--board", BOARD)
    assert done.returncode == 20
    assert "is an ESP32-S3; lamppost-esp32 has an ESP32." in done.stderr
    assert node.read_flash(0, 1 << 20).strip(b"\xff") == b""


def test_a_slower_line_is_tried_when_the_quick_one_fails(monkeypatch, tmp_path):
    """What esptool says is played back: a cable that carries 115200 baud and no more."""
    tried, said = [], []

    def esptool(device, arguments, run, progress):
        if "flash-id" in arguments:
            run.heard("Detected flash size: 8MB", progress)
            return 0
        tried.append(int(arguments[arguments.index("--baud") + 1]))
        run.heard("Chip type:          ESP32-D0WD-V3 (revision v3.1)", progress)
        if tried[-1] > 115200:
            run.heard("ERROR: A fatal error occurred: Invalid head of packet (0x80): Possible serial noise.", progress)
            return 2
        return 0

    monkeypatch.setattr(esptool_run, "esptool_command", esptool)
    monkeypatch.setattr(esptool_run.ports, "is_there", lambda device: True)
    board, parts = built()
    assert esptool_run.flash("/dev/ttyUSB0", board, parts, say=said.append).baud == 115200
    assert tried == [921600, 460800, 115200]
    assert said[1].endswith("Invalid head of packet. Continuing at 460800 baud.")

    monkeypatch.setattr(esptool_run, "BAUDS", (921600,))
    with pytest.raises(FlashFailed, match="error at 0 %: Invalid head of packet"):
        esptool_run.flash("/dev/ttyUSB0", board, parts)


def test_simulated_micropython_is_refused_on_a_real_port(lamp, monkeypatch):
    board = board_file.load(BOARD)
    monkeypatch.setattr(ports, "is_pty", lambda device: False)
    with pytest.raises(ImageInvalid, match="only a virtual lamppost can run"):
        flash_verb.flash_segments(lamp.port, board, build.standin(board), None)


@pytest.mark.parametrize(
    ("spoil", "problem", "said"),
    [
        (lambda data: data[: len(data) // 2], ImageInvalid, "is truncated: it has 4,194,304 bytes; the flash of"),
        (lambda data: data[:70000] + b"\0" + data[70001:], ImageInvalid, "The app is damaged"),
        (lambda data: b"\xff" * len(data), ImageInvalid, "is blank"),
        (None, ImageMissing, "cannot be read: No such file"),
    ],
)
def test_a_whole_image_that_is_not_whole_is_refused_before_the_port_is_opened(tmp_path, spoil, problem, said):
    board = board_file.load(BOARD)
    path = tmp_path / "whole.bin"
    if spoil:
        path.write_bytes(spoil(build.build(board, build.standin(board)).flash()))
    with pytest.raises(problem, match=said):
        flash_verb.flash_segments("/dev/ttyUSB0", board, None, path)


def test_a_whole_image_of_another_board_is_refused(tmp_path):
    other = board_file.load("lamppost-esp32s3")
    path = tmp_path / "s3.bin"
    path.write_bytes(build.build(other, build.standin(other)).flash())
    with pytest.raises((ImageInvalid, WrongChip)):
        flash_verb.flash_segments("/dev/ttyUSB0", board_file.load(BOARD), None, path)


def test_a_whole_image_holds_the_same_as_its_pieces_and_leaves_the_journal_alone(tmp_path):
    board, parts = built()
    path = tmp_path / "whole.bin"
    path.write_bytes(build.build(board, build.standin(board)).flash())
    from lamplighter.image import flash_dump

    read = flash_dump.read(path, board)
    assert {part.name for part in read} == {"loader", "table", "otadata", "ota_0", "vfs"}
    assert preserve.files_of(board, read) == preserve.files_of(board, parts)


# the node


def test_a_lamppost_without_power_is_silent(blank):
    blank.power_off()
    done = lamplighter("flash", "--port", blank.port, "--board", BOARD, "--json")
    assert done.returncode == 14 and json.loads(done.stdout)["error"] == "node-silent"
    assert "No chip answers" in done.stderr and "hold BOOT" in done.stderr


def test_a_configuration_with_three_errors_leaves_the_node_untouched(lamp, file):
    configure(lamp, file)
    boots = lamp.boots
    bad = json.dumps({**DOC, "node": "LP 42", "mqtt": {"hots": "broker.lan"}, "energy": {"part": 7}}, indent=1)
    done = lamplighter("configure", "--port", lamp.port, "-", input=bad)
    assert done.returncode == 30
    assert [line.split(": ")[1] for line in done.stderr.splitlines()[:3]] == ["node", "mqtt.hots", "energy.part"]
    assert "did you mean host?" in done.stderr and "stdin has 3 errors." in done.stderr
    assert lamp.boots == boots
    assert on_the_node(lamp) == DOC


def test_a_part_on_a_bus_that_the_node_does_not_have_is_refused_by_the_nodes_own_board(lamp, file):
    file.write_text(json.dumps({**DOC, "parts": [{"id": "meter", "part": "pzem004t", "bus": "metre"}]}))
    done = lamplighter("configure", "--port", lamp.port, file)
    assert done.returncode == 30 and "lamppost-esp32 has no bus metre; did you mean meter?" in done.stderr
    assert on_the_node(lamp) is None


def test_an_unchanged_configuration_is_not_written_again_and_a_changed_one_keeps_the_one_before(lamp, file):
    configure(lamp, file)
    again = configure(lamp, file)
    assert "is unchanged" in again.stdout and "writing" not in again.stderr
    file.write_text(json.dumps({**DOC, "asset": "LP-0042-b"}))
    configure(lamp, file)
    assert on_the_node(lamp, "/config.old") == DOC


def test_a_part_that_does_not_answer_fails_the_test_with_its_remedy(lamp, file):
    configure(lamp, file)
    lamp.part("meter").fault("silence")
    done = lamplighter("test", "--port", lamp.port)
    assert done.returncode == 42
    assert re.search(r"^✗  meter +voltage +–.*silent$", done.stdout, re.M)
    assert "meter u_mv: silent. Check its supply, its data wires" in done.stdout
    assert "of" in done.stderr and "checks failed." in done.stderr

    told = json.loads(lamplighter("test", "--port", lamp.port, "--json").stdout.splitlines()[0])
    assert told["verdict"] == "fail" and [row["word"] for row in told["checks"] if not row["ok"]][0] == "silent"


def test_a_node_without_configuration_is_told_what_it_lacks(lamp):
    done = lamplighter("test", "--port", lamp.port)
    assert done.returncode == 16 and "Configure it with `lamplighter configure`" in done.stderr


def test_list_asks_a_node_who_it_is_without_stopping_it(lamp, file):
    configure(lamp, file)
    boots = lamp.boots
    told = json.loads(lamplighter("list", "--json", lamp.port).stdout)[0]
    wanted = {"state": "running", "mac": lamp.mac.hex(), "asset": "LP-0042", "node": "lisbon/lp-0042", "chip": "esp32"}
    assert wanted.items() <= told.items() and told["config"] == config_file.config_hash(DOC)
    assert lamp.boots == boots and "stopped" not in lamp.console.text.rpartition("app: lp-0042")[2]


def test_list_stops_a_node_that_waits_at_its_prompt_only_when_it_may(lamp):
    told = json.loads(lamplighter("list", "--json", lamp.port).stdout)[0]
    assert told["state"] == "not configured" and "lamplighter configure" in told["trouble"]
    assert told["mac"] == lamp.mac.hex() and "firmware" not in told
    told = json.loads(lamplighter("list", "--ask", "--json", lamp.port).stdout)[0]
    assert told["state"] == "not configured" and told["mac"] == lamp.mac.hex() and told["firmware"]


# the log


def test_the_log_goes_on_after_the_cable_was_out(tmp_path):
    options = {"flash": tmp_path / "flash.bin", "port_link": tmp_path / "lamp"}
    node = VirtualLamppost(BOARD, **options)
    node.flash_image(build.build(node.board, build.standin(node.board)))
    saved = tmp_path / "night.log"
    heard = []
    with node, subprocess.Popen(
        [*MAIN, "log", "--port", node.port, "--save", str(saved)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as log:  # fmt: skip
        boots = 0
        stop = threading.Timer(40, log.kill)
        stop.start()
        try:
            node.wait_state("running")
            for line in log.stdout or ():
                heard.append(line)
                if "Ctrl-C within" in line or "no configuration" in line:
                    boots += 1
                    if boots == 1:
                        node.stop()
                        node = VirtualLamppost(BOARD, **options).start()
                    else:
                        break
        finally:
            stop.cancel()
            log.kill()
            node.stop()
        assert boots == 2
    assert all(re.match(r"\d\d:\d\d:\d\d\.\d{3}  ", line) for line in heard)
    assert re.match(r"\d{4}-\d\d-\d\dT[\d:.+]+  \S", saved.read_text())


def test_listening_does_not_reset_the_node(lamp, file):
    configure(lamp, file)
    boots = lamp.boots
    done = lamplighter("log", "--port", lamp.port, "--seconds", "1", "--json")
    assert done.returncode == 0 and lamp.boots == boots
    for line in done.stdout.splitlines():
        assert set(json.loads(line)) == {"at", "text"}


def test_a_configuration_laid_aside_is_for_its_owner_only():
    preserve.keep(preserve.Before("240ac4000001", "lisbon/lp-0042", b"{}", False))
    assert os.stat(preserve.aside("24:0a:c4:00:00:01")).st_mode & 0o777 == 0o600


def test_ctrl_c_in_the_middle_ends_with_130_and_the_node_works_on(lamp, file):
    configure(lamp, file)
    lamp.console.forget()
    command = [*MAIN, "test", "--port", lamp.port]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stdout and run.stdout.readline()
        run.send_signal(signal.SIGINT)
        out, said = run.communicate(timeout=20)
    assert run.returncode == 130 and "Traceback" not in out + said
    assert "Interrupted. " in said and "Run `lamplighter test` again" in said
    lamp.console.wait_for("app: lp-0042, boot")
