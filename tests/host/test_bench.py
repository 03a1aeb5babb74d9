"""The bench: its file is checked whole, its plug-in costs nothing unused, and its reports hold what was measured."""

import http.server
import json
import os
import re
import subprocess
import sys
import threading
import xml.etree.ElementTree as xml

import pytest
from lamplighter import problems
from lamplighter.bench import bench_file, power, wiring
from lamplighter.boards import board_file
from lamplighter.commissioning import check_sentences
from lamplighter.device.check_rows import judged, row

BOARD = board_file.load("lamppost-esp32")


def run(folder, *words, within=100):
    """pytest as a stranger runs it: in a folder of its own, with nothing of this repository's."""
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", folder, "-q", *map(str, words)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=within)


def written(folder, text):
    (folder / "test_it.py").write_text(text)
    return folder


# the bench file


def faults(folder, text):
    file = folder / "bench.toml"
    file.write_text(text)
    with pytest.raises(problems.BenchInvalid) as caught:
        bench_file.load(file)
    return "\n".join(line.replace(str(folder) + "/", "") for line in caught.value.details)


def test_every_fault_of_a_bench_file_is_said_at_once_with_its_line(tmp_path):
    (tmp_path / "left.toml").write_text('[pins]\nlamp = 45\nfan = 16\n[loops]\nlamp_relay = "presense"\n')
    said = faults(tmp_path, """
colour = "green"
[[node]]
name = "left"
port = "/dev/ttyUSB77"
board = "lampost-esp32"
[[node]]
name = "left"
port = "virtual"
power = {kind = "relay", on = "http://127.0.0.1/on"}
wiring = "left.toml"
[[node]]
name = "Right"
limits = {"meter.u_mv" = [1]}
""")
    assert "bench.toml:2: colour: " in said
    assert "bench.toml:5: node[0].port: There is no port /dev/ttyUSB77" in said
    assert "bench.toml:6: node[0].board: there is no board lampost-esp32; did you mean lamppost-esp32?" in said
    assert "bench.toml:8: node[1].name: left appears twice" in said
    assert "node[1].power.off: a relay needs an address; add off." in said
    assert "pins.fan: GPIO 16 belongs to the module's PSRAM; wire another pin" in said
    assert "the ESP32 has no GPIO 45" in said and "there is no presense; did you mean presence?" in said
    assert "node[2].name" in said and "node[2].limits.meter.u_mv" in said


@pytest.mark.parametrize("text, words", [("[[node]", "not TOML"), ("name = 'x'\n", "node")])
def test_a_bench_file_that_is_none_is_said(tmp_path, text, words):
    assert words in faults(tmp_path, text)


def test_a_fault_of_the_bench_is_pytests_usage_error_before_any_test(tmp_path):
    written(tmp_path, "def test_it(lamppost): raise SystemError")
    done = run(tmp_path, "--node", "/dev/ttyUSB77", "--node", "/dev/ttyUSB78")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "no port /dev/ttyUSB77" in done.stderr and "no port /dev/ttyUSB78" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_wiring_has_the_boards_names_and_the_benchs_own(tmp_path):
    file = tmp_path / "wiring.toml"
    file.write_text('[pins]\nlamp = 32\n[loops]\nlamp = "presence"\n')
    wired = wiring.load(file, BOARD)
    assert (wired.pin("lamp"), wired.pin("lamp_relay"), wired.pin("meter_tx")) == (32, 19, 32)
    assert wired.other_end("lamp") == "presence" and wired.other_end("lamp_relay") is None
    with pytest.raises(problems.BenchInvalid, match="did you mean lamp_relay"):
        wired.pin("lamp_rely")


# power


def test_a_relay_is_asked_at_its_addresses_and_one_that_refuses_is_said():
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200 if self.path != "/broken" else 500)
            self.end_headers()

        def log_message(self, *words):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_address[1]}"
        relay = power.of({"kind": "relay", "on": f"{base}/on", "off": f"{base}/off"}, "left", print)
        relay.off()
        relay.on()
        with pytest.raises(problems.BenchInvalid, match="does not switch"):
            power.Relay(f"{base}/broken", f"{base}/off").on()
        server.shutdown()
    assert asked == ["/off", "/on", "/broken"]


def test_a_person_is_asked_by_the_name_of_the_place_and_nobody_switches_what_has_no_switch():
    asked = []
    power.of({"kind": "prompt"}, "left", asked.append).off()
    assert asked == ["Switch the power of left OFF, then press Enter: "]
    with pytest.raises(power.NoPower):
        power.of({}, "left", asked.append).off()
    with pytest.raises(power.NoPower):
        power.at_the_terminal(None)("nobody there?")


# limits


def test_a_bench_has_limits_of_its_own_and_a_fault_is_not_judged_away():
    meter = row("meter", "u_mv", 230000, "mV", 195500, 253000)
    assert meter["ok"] and not judged(meter, {"meter.u_mv": (231000, 232000)})["ok"]
    assert judged({**meter, "value": None, "word": "silent"}, {"meter.u_mv": (0, 1)})["word"] == "silent"
    assert not row("meter", "u_mv", None, "mV", 0, 1)["ok"]
    assert check_sentences.cells(row("lamp", "current", 0.43, "A", 0.4))["value"] == "0.43"


# the plug-in


def test_the_plug_in_loads_nothing_where_it_is_not_used(tmp_path):
    written(tmp_path, """
import sys
def test_it():
    loaded = {name for name in sys.modules if name.split(".")[0] in ("lamplighter", "serial", "rich", "jsonschema")}
    assert loaded == {"lamplighter", "lamplighter.bench", "lamplighter.bench.plugin"}
""")
    done = run(tmp_path)
    assert done.returncode == 0, done.stdout


MEASURES = """
def test_the_lamp(measured, wiring):
    assert wiring.pin("lamp_relay") in (19, 21, 2, 3, 4, 5, 6, 7)
    measured("lamp.current", 0.43, "A", low=0.4, high=0.5)
    measured("lamp.dips", 0, high=0)
    measured("lamp.voltage", 260.0, "V", low=195.5, high=253.0)
"""


def test_what_was_measured_is_in_junit_html_and_json_with_its_limits_for_each_of_several(tmp_path):
    written(tmp_path, MEASURES)
    done = run(tmp_path, "--node=virtual", "--node", "virtual", "--junitxml=r.xml",
               "--bench-report", "r.html", "--bench-json", "r.json")  # fmt: skip
    assert done.returncode == 1
    assert "virtual-1: fail (tests_failed)" in done.stdout and "virtual-2 | " in done.stdout
    assert re.search(r"^virtual-1 \| .*test_the_lamp FAILED", done.stdout, re.MULTILINE), "no line of its own"
    whole = json.loads((tmp_path / "r.json").read_text())
    assert whole["verdict"] == "fail" and [one["place"] for one in whole["lampposts"]] == ["virtual-1", "virtual-2"]
    good, _, bad = whole["lampposts"][1]["tests"][0]["measured"]
    assert (good["value"], good["low"], good["high"], good["ok"]) == (0.43, 0.4, 0.5, True)
    assert (bad["ok"], bad["word"]) == (False, "range")
    suites = xml.parse(tmp_path / "r.xml").getroot().findall("testsuite")
    assert [suite.get("name") for suite in suites] == ["virtual-1", "virtual-2"]
    said = {one.get("name"): one.get("value") for one in suites[0].iter("property")}
    assert said["lamp.voltage"] == "260.0 V (195.5 to 253.0) range"
    assert said["lamp.dips"] == "0 (at most 0)" and "None" not in (tmp_path / "r.xml").read_text()
    page = (tmp_path / "r.html").read_text()
    assert "lamp voltage: 260 V is not 195.5 to 253" in page and page.count("<h2 ") == 2
    assert "http" not in page.replace("http-equiv", ""), "needs nothing from elsewhere"


def test_three_dead_connections_in_a_row_end_the_run_and_an_answer_in_between_does_not(tmp_path):
    written(tmp_path, """
import pytest
from lamplighter.problems import NodeSilent
@pytest.mark.parametrize("dead", [1, 1, 0, 1, 1, 1, 1, 1])
def test_it(dead):
    if dead:
        raise NodeSilent("Nothing answers.")
""")
    done = run(tmp_path, "--bench-json", "r.json")
    assert done.returncode == pytest.ExitCode.INTERRUPTED
    assert "the lamppost did not answer 3 times in a row" in done.stdout and "5 failed, 1 passed" in done.stdout
    assert "did not answer" in json.loads((tmp_path / "r.json").read_text())["lampposts"][0]["stopped"]


def test_a_blank_chip_is_brought_to_work_tested_and_its_words_are_in_the_failure(tmp_path):
    from lamplighter.virtual.lamppost import VirtualLamppost

    written(tmp_path, """
import pytest
def test_it_starts(node, power):
    node.started()
    with pytest.raises(pytest.skip.Exception, match="name a relay"):
        power.off()
    assert False, "shown with what the lamppost said"
""")
    lamp = VirtualLamppost("lamppost-esp32", workdir=tmp_path / "lamp")
    lamp.network.ssid, lamp.network.password = "lamplighter", ""
    bench = tmp_path / "bench.toml"
    bench.write_text(f'[[node]]\nname = "lab"\nport = "{lamp.port}"\nlimits = {{"climate.t" = [40.0, 60.0]}}\n')
    with lamp:
        done = run(tmp_path, "--bench", bench, "test_it.py", "--pyargs", "lamplighter.acceptance",
                   "--bench-json", "r.json", "--bench-report", "r.html")  # fmt: skip
    assert "2 failed, 9 passed" in done.stdout, done.stdout + done.stderr
    assert "what the lamppost said" in done.stdout and "app: lp-hil, boot" in done.stdout
    assert "climate air temp: " in done.stdout
    assert "app: lp-hil, boot" in (tmp_path / "r.html").read_text()
