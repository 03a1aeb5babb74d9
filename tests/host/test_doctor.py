"""`lamplighter doctor`: names the cause, ranks it, and gives support a file in which no secret is."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from lamplighter.bench import bench_file, memory_of_ports
from lamplighter.boards import board_file
from lamplighter.config import config_file
from lamplighter.device import node_files
from lamplighter.device.repl import Repl
from lamplighter.doctor import host, node, support_file
from lamplighter.doctor.finding import BAD, GOOD, ODD, ORDER, Finding, ranked
from lamplighter.doctor.link_words import STAGES, WORDS

ROOT = Path(__file__).parents[2]
WIFI = "street secret \"7\" ü"
MQTT = "battery-staple"


def bad(kind, what, said="silent: x"):
    return Finding(kind, what, BAD, said, f"{what} is bad.", "Mend it.")


def test_what_explains_most_comes_first_and_what_only_looks_odd_comes_last():
    odd = Finding("supply", "supply", ODD, "", "odd", "")
    found = [bad("mqtt", "mqtt"), odd, bad("wifi", "wifi"), bad("supply", "supply"), Finding("port", "p", GOOD, "")]
    assert [one.what for one in ranked(found)][:3] == ["supply", "wifi", "mqtt"]
    assert ranked(found)[-1] is odd and len(ranked(found)) == 4


def test_parts_that_are_all_silent_have_one_cause_and_a_single_one_has_its_own():
    both = [bad("part", "meter"), bad("part", "dust")]
    assert ranked(both)[0].cause == "All 2 parts are silent at once: dust, meter." and len(ranked(both)) == 1
    assert len(ranked([*both, Finding("part", "bay-1", GOOD, "3200 mm")])) == 2


def test_every_word_that_the_link_can_say_has_a_stage_a_cause_and_a_remedy():
    page = (ROOT / "docs/reference/faults.md").read_text().split("## Link")[1].split("## Settings")[0]
    assert set(re.findall(r"^\| `(\w+)`", page, re.M)) == set(WORDS)
    assert {stage for stage, _, _ in WORDS.values()} == set(STAGES) <= set(ORDER)


def test_the_machine_is_looked_at_without_a_port():
    found = {one.what: one for one in host.look(None)}
    assert {"ports", "brltty", "drivers", "esptool", "mpremote", "disk", "clock"} <= set(found)
    assert found["esptool"].state == GOOD and found["clock"].state == GOOD


def test_an_old_tool_a_full_disk_and_a_wrong_clock_are_said(monkeypatch):
    monkeypatch.setattr(host.metadata, "version", lambda name: "3.0.1")
    monkeypatch.setattr(host.shutil, "disk_usage", lambda place: type("", (), {"free": 1000})())
    monkeypatch.setattr(host.time, "time", lambda: 0.0)
    found = {one.what: one for one in host.look(None)}
    assert found["esptool"].cause == "lamplighter is not tried with esptool 3.0.1."
    assert found["disk"].state == BAD and found["clock"].state == BAD


@pytest.mark.parametrize("word, stage, good", [("nodns", "dns", 0), ("refused", "tcp", 1), ("untrusted", "tls", 2)])
def test_the_way_to_the_broker_is_good_up_to_where_the_link_fails(monkeypatch, word, stage, good):
    monkeypatch.setattr(node, "_heard", lambda port, patient: (word, "the detail"))
    found = list(node._way("port", node.Patient()))
    assert [one.state for one in found[:good]] == [GOOD] * good
    assert (found[good].what, found[good].state) == (stage, BAD) and "(the detail)" in found[good].cause
    assert {one.said for one in found[good + 1 :]} == {"not reached"}


def test_secrets_are_taken_out_of_a_text_however_they_are_written():
    key = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----"
    text = f"{WIFI} {json.dumps(WIFI)} {json.dumps(WIFI, ensure_ascii=False)} {WIFI!r} {key} end"
    shown = support_file.bare(text, [WIFI])
    assert "street secret" not in shown and "MHcC" not in shown and shown.endswith("end")


def doctor(*words):
    command = [sys.executable, "-m", "lamplighter", "doctor", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=100)


def test_a_port_that_is_not_there_is_the_first_cause():
    done = doctor("--port", "/dev/ttyUSB77", "--json")
    answer = json.loads(done.stdout.splitlines()[0])
    assert done.returncode == 44 and answer["causes"][0]["kind"] == "port"
    assert "There is no port /dev/ttyUSB77" in answer["causes"][0]["cause"]


def test_a_lamppost_with_a_silent_part_and_a_broker_that_nobody_knows_is_told_in_words(virtual_lamppost, tmp_path):
    lamp = virtual_lamppost("lamppost-esp32")
    lamp.network.ssid, lamp.network.password = "lamplighter", WIFI
    place = bench_file.Place("one")
    doc = memory_of_ports.document(place, board_file.load("lamppost-esp32"))
    doc["wifi"]["password"], doc["mqtt"]["user"], doc["mqtt"]["password"] = WIFI, "lp", MQTT
    lamp.console.wait_for("no configuration")
    with Repl(lamp.port) as repl:
        node_files.adopt(repl, config_file.encode(doc))
    lamp.part("meter").fault("silence")
    file = tmp_path / "lp.zip"
    done = doctor("--port", lamp.port, "--bundle", file)
    assert done.returncode == 44, done.stdout + done.stderr
    rows = {line[3:19].strip(): line[:1] for line in done.stdout.split("The likeliest")[0].splitlines()}
    assert (rows["meter"], rows["bay-1"], rows["wifi"], rows["dns"], rows["tcp"]) == ("✗", "✓", "✓", "✗", "?")
    causes = done.stdout.split("cause first:")[1]
    assert re.search(r"1\. meter: silent", causes) and "The broker's name is not found (broker.lan" in causes
    with zipfile.ZipFile(file) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    whole = "\n".join(texts.values()) + done.stdout + done.stderr
    assert MQTT not in whole and "street secret" not in whole
    assert json.loads(texts["config.json"])["mqtt"]["password"] == config_file.HIDDEN
    assert "link: nodns" in texts["console.log"] and json.loads(texts["node.json"])["node"] == "hil/lp-hil"
    assert file.stat().st_mode & 0o077 == 0
