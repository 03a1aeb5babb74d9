"""`lamplighter bridge ngsi-ld` as a user runs it, on a real Mosquitto: killed, restarted, cut off, refused."""

import json
import subprocess
import sys

import pytest
from context_broker import ContextBroker
from publisher import Lamp, Publisher
from tool_process import ToolProcess

METER = "urn:ngsi-ld:ACMeasurement:lisbon:lp-0042"


@pytest.fixture
def target():
    target = ContextBroker()
    yield target
    target.stop()


class BridgeProcess(ToolProcess):
    def __init__(self, port, target, folder, *more):
        broker = ["--host", "127.0.0.1", "--port", str(port)]
        own = ["--to", target.url, "--ledger", str(folder / "ledger.sqlite"), "--history"]
        super().__init__("bridge", "ngsi-ld", *broker, *own, *more)

    def start(self):
        super().start()
        self.says("Sending to")


@pytest.fixture
def bridge(broker, target, tmp_path):
    bridge = BridgeProcess(broker.port, target, tmp_path)
    bridge.start()
    yield bridge
    if not bridge.ended():
        bridge.kill()


def energies(lamp, minutes):
    for minute in minutes:
        topic, payload, retained = lamp.energy()
        yield topic, json.dumps({**json.loads(payload), "ts": f"2026-11-22T12:{minute:02}:00Z"}).encode(), retained


def shows(target, minute):
    wanted = f"2026-11-22T12:{minute:02}:00Z"
    target.until(lambda: target.of(METER).get("frequency", {}).get("observedAt") == wanted)


def history(target):
    return {at[14:16] for id, name, at in target.instances if (id, name) == (METER, "frequency")}


def test_every_value_is_in_the_history_once_over_kills_and_restarts_of_all_three(broker, target, bridge):
    lamp = Lamp()
    with Publisher(broker.port) as street:
        street.send(lamp.started(), *energies(lamp, range(5)))
        shows(target, 4)
        bridge.kill()
        street.send(*energies(lamp, range(5, 10)))  # the MQTT broker keeps them
    bridge.start()
    shows(target, 9)
    broker.stop()
    broker.start()
    target.stop()  # the context broker is away while records come
    with Publisher(broker.port) as street:
        street.send(*energies(lamp, range(10, 15)))
        bridge.says("Waiting for the context broker")
        bridge.kill()
        target.start()
        bridge.start()
        shows(target, 14)
        street.send(*energies(lamp, range(15, 16)))
        shows(target, 15)
    target.until(lambda: history(target) == {f"{minute:02}" for minute in range(16)})
    assert not target.doubled()


def test_a_context_broker_that_stalls_and_fails_gets_everything_once_when_it_is_well(broker, target, bridge):
    lamp = Lamp()
    with Publisher(broker.port) as street:
        street.send(*energies(lamp, [1]))
        shows(target, 1)
        target.faults = ["lost", 500, "page", 429, 401]
        street.send(*energies(lamp, [2, 3]))
        shows(target, 3)
    target.until(lambda: history(target) == {"01", "02", "03"})
    assert not target.doubled()


@pytest.mark.parametrize(("prepare", "options", "code", "words"), [
    (lambda target: setattr(target, "token", "secret"), (), 111, "answers 401"),
    (lambda target: target.faults.append("page"), (), 110, "not as an NGSI-LD broker"),
    (lambda target: None, ("--tenant", "no tenant"), 112, "no name of a tenant"),
    (lambda target: None, ("--to", "orion.lan"), 110, "no address"),
    (lambda target: None, ("--ledger", "/nowhere/ledger"), 3, "does not exist"),
])  # fmt: skip
def test_a_wrong_target_has_its_sentence_and_exit_code(broker, target, tmp_path, prepare, options, code, words):
    prepare(target)
    command = BridgeProcess(broker.port, target, tmp_path, *options).command
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == code and "Traceback" not in done.stderr
    assert words in " ".join(done.stderr.split()) and "remedy:" in done.stderr
    assert not list(tmp_path.glob("*.sqlite"))


def test_the_context_files_are_written_without_any_broker(tmp_path):
    command = [sys.executable, "-m", "lamplighter", "bridge", "ngsi-ld", "--write-contexts", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    names = {path.name for path in tmp_path.iterdir()}
    assert done.returncode == 0
    assert names == {"streetlighting.jsonld", "parking.jsonld", "environment.jsonld", "energy.jsonld"}
    assert all(json.loads(path.read_text())["@context"]["type"] == "@type" for path in tmp_path.iterdir())
