"""`lamplighter doctor`: names the cause, ranks it, and gives support a file in which no secret is."""

import json
import re
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from interop.brokers import Mosquitto
from lamplighter.bench import bench_file, memory_of_ports
from lamplighter.boards import board_file
from lamplighter.config import config_file
from lamplighter.device import identify, node_files
from lamplighter.device.repl import Repl
from lamplighter.doctor import host, node, support_file
from lamplighter.doctor.finding import BAD, GOOD, ODD, ORDER, Finding, ranked
from lamplighter.doctor.link_words import REMEDIES, STAGE_OF, STAGES, words
from lamplighter.problems import NodeSilent

ROOT = Path(__file__).parents[2]
WIFI = 'street secret "7" ü'
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
    assert ranked(both)[0].cause == "All 2 parts are silent at the same time: dust, meter." and len(ranked(both)) == 1
    assert len(ranked([*both, Finding("part", "bay-1", GOOD, "3200 mm")])) == 2


def test_every_word_that_the_link_can_log_has_a_stage_a_cause_a_remedy_and_a_row():
    page = (ROOT / "docs/reference/faults.md").read_text().split("## Link")[1].split("## Settings")[0]
    assert set(re.findall(r"^\| `(\w+)`", page, re.M)) == set(REMEDIES) == set(STAGE_OF)
    assert set(STAGE_OF.values()) == set(STAGES) <= set(ORDER)


def test_the_machine_is_looked_at_without_a_port():
    found = {one.what: one for one in host.look(None)}
    assert {"ports", "brltty", "drivers", "esptool", "mpremote", "disk", "clock"} <= set(found)
    assert found["esptool"].state == GOOD and found["clock"].state == GOOD


def test_an_old_tool_a_full_disk_and_a_wrong_clock_are_said(monkeypatch):
    monkeypatch.setattr(host.metadata, "version", lambda name: "3.0.1")
    monkeypatch.setattr(host.shutil, "disk_usage", lambda place: type("", (), {"free": 1000})())
    monkeypatch.setattr(host.time, "time", lambda: 0.0)
    found = {one.what: one for one in host.look(None)}
    assert found["esptool"].cause == "lamplighter was not tested with esptool 3.0.1."
    assert found["disk"].state == BAD and found["clock"].state == BAD


class Console:
    """A console that prints these lines, each a moment after the one before."""

    def __init__(self, lines):
        self._lines = list(lines)

    def __call__(self, port):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *trouble):
        pass

    def lines(self, within):
        clock.now += within
        return [self._lines.pop(0)] if self._lines else []


class Clock:
    """Time that passes only while the console is listened to."""

    now = 0.0

    def monotonic(self):
        return self.now


clock = Clock()


def way(monkeypatch, *lines, tls=True):
    """{what: finding} of a node that logs these lines."""
    monkeypatch.setattr(node, "ConsoleLine", Console(["[     1.200] " + line for line in lines]))
    monkeypatch.setattr(node, "time", clock)
    patient = node.Patient(configuration={"mqtt": {"tls": {}} if tls else {}})
    return {one.what: one for one in node.way_to_broker("port", patient)}


UP = "link: connected to broker.lan by MQTT 5.0"
TIMES = "link: times in ms: start=5230 wifi=1810 dns=20 tcp=3 tls=1340 mqtt=12 ack=35"


@pytest.mark.parametrize("word, stage, good", [("nodns", "dns", 0), ("refused", "tcp", 1), ("untrusted", "tls", 2)])
def test_the_way_to_the_broker_is_good_up_to_where_the_link_fails(monkeypatch, word, stage, good):
    found = list(way(monkeypatch, f"link: {word}: the detail").values())
    assert [one.state for one in found[:good]] == [GOOD] * good
    assert (found[good].what, found[good].state) == (stage, BAD) and "(the detail)" in found[good].cause
    assert {one.said for one in found[good + 1 :]} == {"not reached"}


@pytest.mark.parametrize("tls", [True, False])
def test_each_stage_of_a_healthy_node_is_good(monkeypatch, tls):
    found = way(monkeypatch, UP, TIMES, tls=tls)
    assert list(found) == ["dns", "tcp", *(["tls"] if tls else []), "mqtt", "records"]
    assert {one.state for one in found.values()} == {GOOD}
    assert found["mqtt"].said == "MQTT 5.0 to broker.lan"


def test_a_record_that_the_broker_refuses_is_a_finding(monkeypatch):
    for refused in ("a record is refused and kept", "a message is refused"):
        found = way(monkeypatch, UP, f"link: {refused}: notallowed: PUBACK code 87 ", "link: closed: by the broker")
        assert found["mqtt"].state == GOOD and found["records"].state == BAD
        assert "records stay on the node" in found["records"].cause and "access list" in found["records"].remedy


def test_a_node_that_steps_down_to_3_1_1_is_healthy(monkeypatch):
    older = "link: steps down to MQTT 3.1.1, because the broker does not speak 5.0"
    lines = ("link: closed: by the broker",) * 2 + (older, UP.replace("5.0", "3.1.1"), TIMES)
    found = way(monkeypatch, *lines)
    assert {one.state for one in found.values()} == {GOOD} and found["mqtt"].said == "MQTT 3.1.1 to broker.lan"


def test_a_state_that_does_not_come_back_is_a_finding_that_stops_a_lamppost_of_3_1_1(monkeypatch):
    back = f"link: {words.BACK}"
    assert way(monkeypatch, UP, back, TIMES)["state"].state == GOOD
    lost = f"link: {words.NOT_BACK}: the broker does not publish it"
    assert way(monkeypatch, UP, TIMES, lost)["state"].state == ODD
    assert way(monkeypatch, UP.replace("5.0", "3.1.1"), TIMES, lost)["state"].state == BAD


def test_a_connection_that_is_lost_again_is_a_finding(monkeypatch):
    found = way(monkeypatch, UP, "link: takenover: DISCONNECT code 8e ")
    assert found["mqtt"].state == GOOD and found["connection"].state == BAD
    assert "Two lampposts have the same site and node" in found["connection"].remedy


def test_a_node_in_its_boot_window_is_asked_by_the_ladder_of_the_other_commands(monkeypatch):
    asked = []

    class Ladder:
        def __init__(self, port, say):
            asked.append(port)

        def __enter__(self):
            raise NodeSilent("Nothing answers on port.")

        def __exit__(self, *trouble):
            pass

    starting = identify.Answer(identify.STRANGE, trouble=NodeSilent("The node on port talks, but gives no prompt."))
    monkeypatch.setattr(identify, "ask", lambda port, patience_s: starting)
    monkeypatch.setattr(node, "Repl", Ladder)
    found = list(node.look("port", node.Patient(), lambda text: None))
    assert asked == ["port"] and [one.cause for one in found] == ["Nothing answers on port."]


@pytest.mark.parametrize("moment", ["2026-11-22T12:00:00", "2036-02-07T06:28:15", "2036-02-07T06:28:16", "2059-12-31"])
def test_a_time_server_is_understood_before_and_after_the_roll_over_of_its_count(monkeypatch, capsys, moment):
    unix = int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp())

    class Server:
        AF_INET, SOCK_DGRAM = 2, 2

        def getaddrinfo(self, *asked):
            return [(2, 2, 0, "", ("192.0.2.1", 123))]

        def socket(self, *kind):
            return self

        def recv(self, most):
            return bytes(40) + ((unix + 2208988800) & 0xFFFFFFFF).to_bytes(4, "big") + bytes(4)

        def settimeout(self, seconds): ...

        def sendto(self, *what): ...

        def close(self): ...

    monkeypatch.setitem(sys.modules, "socket", Server())
    exec(node.TIME_PROGRAM.format(servers=("pool",)), {})
    assert capsys.readouterr().out == f"pool {unix}\n"


def test_a_healthy_lamppost_and_brokers_that_refuse_its_records_or_do_not_give_its_state_back_are_told_apart(
    virtual_lamppost, tmp_path
):
    states = []
    denies = "topic write lamppost/v1/+/+/state\n"
    unread = "topic write lamppost/v1/#\n"  # Mosquitto 2.0.11 hangs up on what it does not let a 3.1.1 client write
    for name, acl, version in (("open", "", 5), ("shut", denies, 5), ("unread", unread, 4)):
        broker = Mosquitto(tmp_path / name, acl=acl)
        broker.start()
        lamp = virtual_lamppost("lamppost-esp32")
        lamp.network.ssid, lamp.network.password = "lamplighter", WIFI
        lamp.network.hosts["broker.lan"] = ("127.0.0.1", broker.port)
        doc = memory_of_ports.document(bench_file.Place("one"), board_file.load("lamppost-esp32"))
        doc["wifi"]["password"] = WIFI
        doc["mqtt"]["version"] = version
        lamp.console.wait_for("no configuration")
        with Repl(lamp.port) as repl:
            node_files.adopt(repl, config_file.encode(doc))
        try:
            answer = json.loads(doctor("--port", lamp.port, "--json").stdout.splitlines()[0])
        finally:
            lamp.stop()
            broker.stop()
        states.append({one["what"]: one for one in answer["findings"]})
    healthy, refused, unread = states
    ways = ("dns", "tcp", "mqtt", "records", "state")
    assert [healthy[what]["state"] for what in ways] == [GOOD] * 5, [healthy.get(what) for what in ways]
    assert refused["mqtt"]["state"] == GOOD and refused["records"]["state"] == BAD
    assert "PUBACK code 87" in refused["records"]["cause"]
    assert unread["records"]["state"] == GOOD
    assert unread["state"]["state"] == BAD and "access list" in unread["state"]["cause"]


@pytest.mark.parametrize("acl, code", [("", 0), ("topic read #\ntopic write lampost/v1/#\n", 55)])
def test_test_waits_for_the_lamppost_at_its_broker_and_finds_a_mistyped_access_list(
    virtual_lamppost, tmp_path, acl, code
):
    broker = Mosquitto(tmp_path / "broker", acl=acl)
    broker.start()
    lamp = virtual_lamppost("lamppost-esp32")
    lamp.network.ssid, lamp.network.password = "lamplighter", WIFI
    lamp.network.hosts["broker.lan"] = ("127.0.0.1", broker.port)
    doc = memory_of_ports.document(bench_file.Place("one"), board_file.load("lamppost-esp32"))
    doc["wifi"]["password"] = WIFI
    doc["mqtt"]["version"] = 4  # which acknowledges, or hangs up, but never says why
    lamp.console.wait_for("no configuration")
    with Repl(lamp.port) as repl:
        node_files.adopt(repl, config_file.encode(doc))
    where = f"127.0.0.1:{broker.port}"
    words = [sys.executable, "-m", "lamplighter", "test", "--port", lamp.port, "--broker", where, "--within", "20"]
    words.append("--json")
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=100)
    finally:
        lamp.stop()
        broker.stop()
    assert done.returncode == code, done.stderr
    answer = json.loads(done.stdout)
    if code:
        assert answer["error"] == "not-at-broker" and "access list" in answer["remedy"]
    else:
        assert {"state", "info", "evt/boot"} <= set(answer["broker"]["topics"])


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
    assert re.search(r"1\. meter: silent", causes) and "name cannot be resolved (broker.lan" in causes
    with zipfile.ZipFile(file) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    whole = "\n".join(texts.values()) + done.stdout + done.stderr
    assert MQTT not in whole and "street secret" not in whole
    assert json.loads(texts["config.json"])["mqtt"]["password"] == config_file.HIDDEN
    assert "link: nodns" in texts["console.log"] and json.loads(texts["node.json"])["node"] == "hil/lp-hil"
    assert file.stat().st_mode & 0o077 == 0
