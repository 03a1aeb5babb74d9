"""Starts of the app that count as failed, and those that a tool ended, which do not."""

import json

import pytest
from click.testing import CliRunner
from lamplighter.cli import lamplighter
from lamplighter.config import config_file
from lamplighter.device import identify, node_files
from lamplighter.device.repl import Repl

DOC = {"v": 1, "site": "lisbon", "node": "lp-0042", "wifi": {"ssid": "lamplighter"}, "mqtt": {"host": "broker.lan"}}
RUNS = "app: lp-0042"


@pytest.fixture
def lamp(virtual_lamppost):
    lamp = virtual_lamppost("lamppost-esp32")
    lamp.console.wait_for("no configuration")
    with Repl(lamp.port) as node:
        node_files.write(node, "/config.json", config_file.encode(DOC))
    lamp.console.wait_for(RUNS)
    return lamp


def slot(lamp):
    return identify.ask(lamp.port).facts["slot"]


def test_starts_that_a_tool_ended_do_not_change_the_slot(lamp):
    for _ in range(4):
        lamp.console.forget()
        with Repl(lamp.port) as node:  # Ctrl-C in the app, and a reset at the end, as each verb does it
            assert node.run("print(1)") == "1\n"
        lamp.console.wait_for(RUNS)
    assert slot(lamp) == "a"


def test_runs_of_doctor_do_not_change_the_slot(lamp):
    for _ in range(4):
        lamp.console.forget()
        done = CliRunner().invoke(lamplighter, ["doctor", "--port", lamp.port, "--json"])
        assert done.output
        lamp.console.wait_for(RUNS)
    assert slot(lamp) == "a"


def test_ctrl_c_in_the_rescue_window_is_no_failed_start(lamp):
    for _ in range(4):
        lamp.console.forget()
        lamp.press_reset()
        with Repl(lamp.port) as node:
            node.fresh()
    lamp.console.forget()
    lamp.press_reset()
    lamp.console.wait_for(RUNS)
    assert slot(lamp) == "a"


def test_an_app_that_resets_before_it_is_healthy_gives_way_and_that_is_said(lamp):
    with Repl(lamp.port) as node:
        # in the place of the app: it starts, and resets the chip
        node.run(
            "import os\nos.rename('/a/lamppost/app.mpy','/a/lamppost/kept.mpy')\n"
            "f=open('/a/lamppost/app.py','w')\n"
            "f.write('import machine\\ndef main(*rest):\\n print(\"app: resets\")\\n machine.reset()\\n')\n"
            "f.close()"
        )
        lamp.console.forget()
    lamp.console.wait_for("lamppost: slot b is started instead of slot a", 60)
    assert lamp.console.text.count("app: resets") == 3
    lamp.console.wait_for("app: slot b runs, the other slot is failed")
    assert slot(lamp) == "b"


def test_a_slot_without_its_manifest_is_not_started_and_that_is_said(lamp):
    with Repl(lamp.port) as node:
        node.run("import os;os.remove('/a/manifest.json')")
        lamp.console.forget()
    lamp.console.wait_for("lamppost: slot a has no manifest: an update of it was interrupted")
    lamp.console.wait_for("lamppost: slot b is started instead of slot a")
    lamp.console.wait_for("app: slot b runs, the other slot is incomplete")
    assert slot(lamp) == "b"


def test_no_half_written_slot_is_started_when_the_other_one_fails(lamp):
    with Repl(lamp.port) as node:
        node.run(
            "import os\nos.remove('/b/manifest.json')\n"
            "f=open('/a/lamppost/app.mpy','wb');f.write(b'no program');f.close()"
        )
        lamp.console.forget()
    lamp.console.wait_for("lamppost: no slot starts")
    assert "slot b failed to start" not in lamp.console.text


def test_a_traceback_on_the_console_names_file_and_line_of_the_source(lamp):
    with Repl(lamp.port) as node:
        node_files.write(node, "/config.json", config_file.encode({**DOC, "energy": {"part": "nobody"}}))
        lamp.console.forget()
    lamp.console.wait_for("KeyError")
    assert json.dumps(lamp.console.text).count('File \\"lamppost/app.py\\", line ') >= 1
    lines = [row for row in lamp.console.text.splitlines() if 'File "lamppost/sensing/setup.py", line ' in row]
    number = int(lines[0].split("line ")[1].split(",")[0])
    from lamplighter import paths

    assert number <= len((paths.folder("firmware") / "lamppost/sensing/setup.py").read_text().splitlines())
