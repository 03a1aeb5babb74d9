"""A node in operation gives its console to who has its key, and to nobody else; a lost key costs the configuration."""

import json
import os
import shutil
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from lamplighter.device import identify, unlock
from lamplighter.device.repl import Repl
from lamplighter.image import build
from lamplighter.pki import certificates
from lamplighter.pki.city import City
from lamplighter.problems import ConsoleLocked, UnlockRefused
from lamplighter.virtual.lamppost import VirtualLamppost

BOARD = "lamppost-esp32"
SPEED = 4  # the boot's waiting for a Ctrl-C passes so much faster
DOC = {
    "v": 1, "site": "lisbon", "node": "lp-0042", "mode": "operation", "wifi": {"ssid": "lamplighter"},
    "mqtt": {"host": "broker.lan"}, "parts": [{"id": "meter", "part": "pzem004t", "bus": "meter"}],
    "energy": {"part": "meter"},
}  # fmt: skip
MAIN = [sys.executable, "-c", "from lamplighter.cli import main; main()"]


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """An identity folder with the keys of two lampposts, and the files that one of them gets."""
    folder = tmp_path_factory.mktemp("city")
    made = City.create(folder / "identity", "lisbon", None)
    made.issue("lisbon", "lp-0043")
    key, certificate = made.issue("lisbon", "lp-0042")
    certs = folder / "certs"
    certs.mkdir()
    (certs / "ca.pem").write_bytes((folder / "identity" / "ca.pem").read_bytes())
    (certs / "node.key").write_bytes(key)
    (certs / "node.pem").write_bytes(certificate)
    return folder


@pytest.fixture(autouse=True)
def own_state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def lamplighter(*arguments, **options):
    done = subprocess.run([*MAIN, *map(str, arguments)], capture_output=True, text=True, timeout=60, **options)
    assert "Traceback" not in done.stderr + done.stdout
    return done


@pytest.fixture(scope="module")
def configured(city, tmp_path_factory):
    """The flash of a lamppost that was put into operation."""
    folder = tmp_path_factory.mktemp("configured")
    file = folder / "node.json"
    file.write_text(json.dumps(DOC))
    with VirtualLamppost(BOARD, workdir=folder / "lamp", speed=SPEED) as node:
        node.flash_image(build.build(node.board, build.standin(node.board)))
        refused = lamplighter("configure", "--port", node.port, file)
        assert refused.returncode == 30 and "no key to lock its console with" in refused.stderr
        done = lamplighter("configure", "--port", node.port, "--certs", city / "certs", file)
        assert done.returncode == 0, done.stderr
    return folder / "lamp" / "flash.bin"


@pytest.fixture
def lamp(configured, tmp_path, request):
    """A lamppost in operation that has started."""
    shutil.copy(configured, tmp_path / "flash.bin")
    speed = getattr(request, "param", SPEED)
    with VirtualLamppost(BOARD, workdir=tmp_path / "lamp", flash=tmp_path / "flash.bin", speed=speed) as node:
        node.console.wait_for("app: lp-0042")
        yield node


def key_of(city, node="lp-0042"):
    return certificates.node_key(str(city / "identity" / "nodes" / "lisbon" / f"{node}.key"))


def test_a_locked_node_says_who_it_is_and_every_verb_that_needs_its_repl_names_the_remedy(lamp, tmp_path):
    assert identify.ask(lamp.port).facts["locked"] is True
    boots = lamp.boots
    file = tmp_path / "node.json"
    file.write_text(json.dumps(DOC))
    for verb in (["configure", file], ["update"]):
        done = lamplighter(verb[0], "--port", lamp.port, *verb[1:])
        assert done.returncode == 17, (verb, done.stderr)
        assert "locked" in done.stderr and "lamplighter unlock --port" in done.stderr
    assert lamp.boots == boots, "it was not stopped by any of them"


def test_the_right_key_opens_it_for_this_visit_and_the_next_power_on_finds_it_shut(lamp, city):
    done = lamplighter("unlock", "--port", lamp.port, "--identity", city / "identity")
    assert done.returncode == 0, done.stderr
    assert identify.ask(lamp.port).facts["locked"] is False, "the lamp goes on working meanwhile"
    mpremote = [sys.executable, "-m", "mpremote", "connect", lamp.port, "exec", "print(6 * 7)"]
    assert subprocess.run(mpremote, capture_output=True, text=True, timeout=30).stdout == "42\n"
    assert lamplighter("unlock", "--port", lamp.port, "--identity", city / "identity").stdout.count("is not locked")
    assert lamplighter("test", "--port", lamp.port).returncode == 42, "a check fails, but it was made"
    with Repl(lamp.port) as node:
        assert node.run("print(1)") == "1\n", "a reset by lamplighter itself does not end the visit"
    lamp.power_off()
    lamp.power_on()
    lamp.console.forget()
    lamp.console.wait_for("app: ")
    with pytest.raises(ConsoleLocked), Repl(lamp.port):
        pass


@pytest.mark.parametrize("lamp", [None], indirect=True, ids=["in real time"])
def test_test_and_doctor_name_the_lock_leave_the_lamp_at_work_and_do_all_once_it_is_open(lamp, city):
    """In operation the rescue window is 0.3 s: nothing that they do may depend on meeting it."""
    boots = lamp.boots
    refused = lamplighter("test", "--port", lamp.port)
    assert refused.returncode == 17 and "lamplighter unlock" in refused.stderr
    found = doctor(lamp)
    assert found["console"]["said"].startswith("locked") and found["last start"]["state"] == "good"
    assert lamp.boots == boots and identify.ask(lamp.port).facts["locked"] is True

    assert lamplighter("unlock", "--port", lamp.port, "--identity", city / "identity").returncode == 0
    tested = lamplighter("test", "--port", lamp.port, "--json")
    assert {"node", "slots", "journal"} <= {row["check"] for row in json.loads(tested.stdout.splitlines()[0])["checks"]}
    found = doctor(lamp)
    assert "console" not in found and found["slots"]["state"] == found["journal"]["state"] == "good", found


def doctor(lamp):
    """{what: finding} that doctor has of it."""
    done = lamplighter("doctor", "--port", lamp.port, "--json")
    return {one["what"]: one for one in json.loads(done.stdout.splitlines()[0])["findings"]}


def test_another_nodes_key_is_refused_and_the_next_try_has_to_wait(lamp, city, monkeypatch):
    with pytest.raises(UnlockRefused, match="it belongs to another node"):
        unlock.unlock(lamp.port, key_of(city, "lp-0043"))
    said, waited = [], []

    def wait(seconds):
        waited.append(seconds)
        time.sleep(seconds / SPEED)

    monkeypatch.setattr(unlock, "time", SimpleNamespace(monotonic=time.monotonic, sleep=wait))
    assert unlock.unlock(lamp.port, key_of(city), said.append)
    assert "wrong answers were given; waiting" in said[0] and sum(waited) > 3


@pytest.mark.parametrize("lamp", [None], indirect=True, ids=["in real time"])
def test_ctrl_c_during_the_whole_boot_does_not_get_in(lamp):
    for _ in range(2):
        lamp.console.forget()
        lamp.press_reset()
        descriptor = os.open(lamp.port, os.O_RDWR | os.O_NOCTTY)
        try:
            for _ in range(60):
                os.write(descriptor, b"\x03\x04\x01\r\n")
                time.sleep(0.02)
        finally:
            os.close(descriptor)
        lamp.console.wait_for("app: lp-0042")
    told = (identify.ask(lamp.port).facts for _ in range(10))  # an app that just starts may answer late
    assert next(facts for facts in told if "locked" in facts)["locked"] is True


@pytest.mark.parametrize("lamp", [1], indirect=True)
def test_the_rescue_window_is_shorter_in_operation_than_once_the_console_was_unlocked(lamp, city):
    unlock.unlock(lamp.port, key_of(city))
    with Repl(lamp.port) as node:  # what boot.py noted before the console was unlocked
        assert 300 <= int(node.run("print(window_ms - began_ms)")) < 1500
    lamp.console.forget()
    lamp.console.wait_for("app: lp-0042")
    with Repl(lamp.port) as node:  # the restart kept it open
        assert int(node.run("print(window_ms - began_ms)")) >= 1500


def test_an_app_that_does_not_start_leaves_the_console_locked_and_the_key_gets_in(lamp, city):
    unlock.unlock(lamp.port, key_of(city))
    with Repl(lamp.port) as node:
        node.run("import os;os.remove('/a/manifest.json');os.remove('/b/manifest.json')")
    lamp.power_off()
    lamp.power_on()
    lamp.console.forget()
    lamp.console.wait_for("no slot starts")
    with pytest.raises(ConsoleLocked), Repl(lamp.port):
        pass
    assert unlock.unlock(lamp.port, key_of(city))
    with Repl(lamp.port) as node:
        assert node.run("print(2)") == "2\n"


def test_a_lost_key_costs_the_configuration_and_no_more(lamp):
    done = lamplighter("flash", "--port", lamp.port, "--board", BOARD)
    assert done.returncode == 17 and "--erase erases its configuration" in done.stderr
    done = lamplighter("flash", "--port", lamp.port, "--board", BOARD, "--erase")
    assert done.returncode == 0, done.stderr
    with Repl(lamp.port) as node:
        assert node.run("import os;print('config.json' in os.listdir('/'))") == "False\n"
