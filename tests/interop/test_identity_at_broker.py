"""A real Mosquitto with what `identity export` writes: each lamppost in its own topics, a revoked one outside."""

from __future__ import annotations

import json
import os
import pwd
import signal
import ssl
import subprocess
import threading
from pathlib import Path

import paho.mqtt.client as paho
import pytest
import yaml
from brokers import Mosquitto, free_port
from lamplighter.pki import mosquitto
from lamplighter.pki.city import City
from paho.mqtt.enums import CallbackAPIVersion
from watching import LAMPLIGHTER


class Client:
    """One MQTT connection with a certificate of the city; refused is what kept it out."""

    def __init__(self, port: int, ca: Path, files: tuple[Path, Path] | None, claims: str = ""):
        self.heard: list[str] = []
        self.refused = ""
        self._news = threading.Condition()
        self._said: list[str] = []
        self.mqtt = paho.Client(CallbackAPIVersion.VERSION2, client_id=claims or "client", protocol=paho.MQTTv5)
        key, certificate = files or (None, None)
        self.mqtt.tls_set(str(ca), certificate and str(certificate), key and str(key))
        if claims:
            self.mqtt.username_pw_set(claims, "whatever")
        self.mqtt.on_connect = lambda c, u, f, reason, p: self._tell(f"connect {reason}")
        self.mqtt.on_publish = lambda c, u, mid, reason, p: self._tell(f"publish {reason}")
        self.mqtt.on_subscribe = lambda c, u, mid, reasons, p: self._tell(f"subscribe {reasons[0]}")
        self.mqtt.on_disconnect = lambda c, u, f, reason, p: self._tell("away")
        self.mqtt.on_message = lambda c, u, message: self._hear(message.topic)
        try:
            self.mqtt.connect("localhost", port)
        except (ssl.SSLError, OSError) as wrong:
            self.refused = str(wrong)
            return
        self.mqtt.loop_start()
        first = self.wait("connect", "away")
        self.refused = "" if first.endswith("Success") else first

    def _tell(self, what: str) -> None:
        with self._news:
            self._said.append(what)
            self._news.notify_all()

    def _hear(self, topic: str) -> None:
        with self._news:
            self.heard.append(topic)
            self._news.notify_all()

    def wait(self, *beginnings: str) -> str:
        with self._news:
            found = lambda: next((one for one in self._said if one.startswith(beginnings)), None)  # noqa: E731
            assert self._news.wait_for(found, 60), (beginnings, self._said)
            said = found()
            assert said
            self._said.remove(said)
            return said

    def publish(self, topic: str) -> str:
        self.mqtt.publish(topic, b"{}", 1)
        return self.wait("publish")

    def subscribe(self, topic: str) -> str:
        self.mqtt.subscribe(topic, 1)
        return self.wait("subscribe")

    def hears(self, topic: str) -> bool:
        with self._news:
            return self._news.wait_for(lambda: topic in self.heard, 10)

    def close(self) -> None:
        self.mqtt.disconnect()
        self.mqtt.loop_stop()


@pytest.fixture(scope="module")
def city(tmp_path_factory) -> City:
    city = City.create(tmp_path_factory.mktemp("city") / "identity", "Lisbon", None)
    city.issue_as("broker", "localhost")
    city.issue("lisbon", "lp-0001")
    city.issue("lisbon", "lp-0002")
    city.issue("s" * 32, "n" * 32)
    city.issue_as("reader", "platform")
    city.issue_as("commander", "operations")
    return city


@pytest.fixture(scope="module")
def guarded(city, tmp_path_factory):
    """Mosquitto as the export configures it, but for the place and the port."""
    folder = tmp_path_factory.mktemp("broker")
    port = free_port()
    exported, place = folder / "for-the-broker", folder / "lamplighter"
    mosquitto.export(city, exported, "localhost", port, str(place), "127.0.0.1")
    key = city.files("broker", "localhost")[0]
    # ROOT: installed, and not started as a service of this machine
    subprocess.run(["sh", exported / "install.sh", key], check=True, env={**os.environ, "ROOT": str(folder / "root")})
    (folder / "root" / str(place).lstrip("/")).rename(place)
    broker = Mosquitto(folder, port=port)
    text = (place / "lampposts.conf").read_text()
    own = f"persistence_location {folder}/\n" + ("user root\n" if os.geteuid() == 0 else "")
    broker.config.write_text(own + text)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def connect(guarded, city):
    clients: list[Client] = []

    def _connect(kind: str = "", name: str = "", claims: str = "", of: City = city) -> Client:
        clients.append(Client(guarded.port, city.folder / "ca.pem", of.files(kind, name) if kind else None, claims))
        return clients[-1]

    yield _connect
    for client in clients:
        client.close()


def test_a_lamppost_writes_its_own_topics_and_no_others_whoever_it_says_it_is(connect):
    reader = connect("reader", "platform")
    assert "Granted" in reader.subscribe("lamppost/v1/#")
    lamp = connect("node", "lisbon/lp-0001", claims="lisbon/lp-0002")
    assert lamp.publish("lamppost/v1/lisbon/lp-0002/state") == "publish Not authorized"
    assert lamp.publish("lamppost/v1/lisbon/lp-0001/state") == "publish Success"
    assert reader.hears("lamppost/v1/lisbon/lp-0001/state")
    assert reader.heard == ["lamppost/v1/lisbon/lp-0001/state"]


def test_a_lamppost_with_the_longest_names_has_a_certificate_and_its_own_topics(connect):
    site, node = "s" * 32, "n" * 32
    reader = connect("reader", "platform")
    reader.subscribe("lamppost/v1/#")
    lamp = connect("node", f"{site}/{node}", claims="lamp")
    assert lamp.publish(f"lamppost/v1/{site}/{node}/state") == "publish Success"
    assert lamp.publish(f"lamppost/v1/{site}/{'n' * 31}/state") == "publish Not authorized"
    assert lamp.publish("lamppost/v1/lisbon/lp-0001/state") == "publish Not authorized"


def test_a_reader_reads_all_and_writes_nothing(connect):
    reader = connect("reader", "platform")
    assert reader.publish("lamppost/v1/lisbon/lp-0001/state") == "publish Not authorized"
    assert reader.publish("lamppost/v1/platform/lp-0001/state") == "publish Not authorized"


TOLD = ("cmd/reboot", "cfg/desired", "ota/desired", "ota/block")


def test_a_commander_commands_and_a_lamppost_hears_its_own_commands_only(connect):
    lamp, commander = connect("node", "lisbon/lp-0001", claims="lamp"), connect("commander", "operations")
    for suffix in TOLD:
        lamp.subscribe(f"lamppost/v1/lisbon/lp-0001/{suffix}")
        lamp.subscribe(f"lamppost/v1/lisbon/lp-0002/{suffix}")
    assert "Granted" in commander.subscribe("lamppost/v1/+/+/ack/+")
    assert "Granted" in commander.subscribe("lamppost/v1/+/+/ota/fetch")
    for suffix in TOLD:
        commander.publish(f"lamppost/v1/lisbon/lp-0002/{suffix}")
        assert commander.publish(f"lamppost/v1/lisbon/lp-0001/{suffix}") == "publish Success"
        assert lamp.hears(f"lamppost/v1/lisbon/lp-0001/{suffix}")
    assert lamp.heard == [f"lamppost/v1/lisbon/lp-0001/{suffix}" for suffix in TOLD]
    assert lamp.publish("lamppost/v1/lisbon/lp-0001/ack/x") == "publish Success"
    assert commander.hears("lamppost/v1/lisbon/lp-0001/ack/x")
    assert lamp.publish("lamppost/v1/lisbon/lp-0001/ota/fetch") == "publish Success"


@pytest.mark.parametrize("kind, name", [("node", "lisbon/lp-0001"), ("node", "lisbon/lp-0002"), ("reader", "platform")])
def test_nobody_else_commands_a_lamppost_not_even_itself(connect, kind, name):
    somebody = connect(kind, name)
    for suffix in TOLD:
        assert somebody.publish(f"lamppost/v1/lisbon/lp-0001/{suffix}") == "publish Not authorized"


def test_the_certificate_of_a_lamppost_reads_all_that_it_publishes_as_the_check_at_its_foot_does(connect):
    lamp, laptop = connect("node", "lisbon/lp-0001", claims="lamp"), connect("node", "lisbon/lp-0001", claims="laptop")
    laptop.subscribe("lamppost/v1/lisbon/lp-0001/#")
    for suffix in ("state", "info", "tele/energy", "evt/boot", "alarm/supplyLoss", "cfg/reported"):
        lamp.publish(f"lamppost/v1/lisbon/lp-0001/{suffix}")
        assert laptop.hears(f"lamppost/v1/lisbon/lp-0001/{suffix}")


def test_a_reader_reads_everything_but_a_configuration_on_its_way(connect):
    reader = connect("reader", "platform", claims="reader")
    commander = connect("commander", "operations", claims="commander")
    reader.subscribe("lamppost/v1/#")
    commander.publish("lamppost/v1/lisbon/lp-0001/cfg/desired")
    commander.publish("lamppost/v1/lisbon/lp-0001/cmd/report")
    assert reader.hears("lamppost/v1/lisbon/lp-0001/cmd/report")
    assert "lamppost/v1/lisbon/lp-0001/cfg/desired" not in reader.heard


def test_a_commander_cannot_speak_for_a_lamppost(connect):
    commander, lamp = connect("commander", "operations"), connect("node", "lisbon/lp-0001", claims="lamp")
    for suffix in ("state", "tele/energy", "alarm/supplyLoss", "ack/x", "cfg/reported", "ota/status"):
        assert commander.publish(f"lamppost/v1/lisbon/lp-0001/{suffix}") == "publish Not authorized"
        assert lamp.publish(f"lamppost/v1/lisbon/lp-0001/{suffix}") != "publish Not authorized"


def test_who_has_no_certificate_of_the_city_stays_outside(connect, city, tmp_path):
    other = City.create(tmp_path / "other", "Elsewhere", None)
    other.issue("lisbon", "lp-0001")
    city.issue_as("engineer", "crew-1")
    assert connect().refused
    assert connect("node", "lisbon/lp-0001", of=other).refused
    assert connect("engineer", "crew-1").refused, "an engineer signs records, and is no client"


def test_a_revoked_lamppost_is_outside_after_a_reload_and_its_neighbour_is_not(guarded, connect, city):
    files = city.files("node", "lisbon/lp-0002")
    key = files[0].read_bytes()
    assert not connect("node", "lisbon/lp-0002").refused
    city.revoke("node", "lisbon/lp-0002", "stolen")
    files[0].write_bytes(key)  # the thief has it still
    folder = guarded.folder / "lamplighter"
    mosquitto.export(city, folder, "localhost", guarded.port, str(folder))
    guarded.process.send_signal(signal.SIGHUP)
    assert _until_refused(connect)
    assert not connect("node", "lisbon/lp-0001").refused
    city.issue("lisbon", "lp-0002")
    assert not connect("node", "lisbon/lp-0002").refused, "the next one of that name needs no other export"


def _until_refused(connect) -> bool:
    # Mosquitto reads its files anew some time after the signal
    return any(connect("node", "lisbon/lp-0002").refused for _ in range(50))


def test_the_installed_folder_is_included_and_its_key_is_closed(guarded):
    root, place = guarded.folder / "root", guarded.folder / "lamplighter"
    assert (root / "etc/mosquitto/conf.d/lampposts.conf").read_text() == f"include_dir {place}\n"
    assert (place / "broker.key").stat().st_mode & 0o777 == 0o600
    if os.geteuid() == 0 and "mosquitto" in {user.pw_name for user in pwd.getpwall()}:
        assert pwd.getpwuid((place / "broker.key").stat().st_uid).pw_name == "mosquitto"
    settings = (place / "lampposts.conf").read_text().splitlines()
    for line in ("persistence true", "autosave_on_changes true", "autosave_interval 1", "max_queued_messages 0"):
        assert line in settings


def test_the_container_recipe_is_a_compose_file_with_the_port(guarded):
    recipe = yaml.safe_load((guarded.folder / "for-the-broker/compose.yaml").read_text())
    assert recipe["services"]["mosquitto"]["ports"] == [f"{guarded.port}:{guarded.port}"]


def lamplighter(*words):
    return subprocess.run([LAMPLIGHTER, *map(str, words)], capture_output=True, text=True, timeout=60)


@pytest.fixture
def trial(city):
    """`lamplighter broker --identity` on a free port."""
    command = [LAMPLIGHTER, "broker", "--identity", city.folder, "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
            assert process.wait(20) == 0


def test_a_reader_watches_a_trial_broker_with_the_identity_folder_alone(trial, city):
    at = ("watch", "--host", "localhost", "--port", trial["port"], "--seconds", "1")
    done = lamplighter(*at, "--identity", city.folder, "--as", "platform")
    assert done.returncode == 0, done.stderr
    key, certificate = city.files("reader", "platform")
    assert lamplighter(*at, "--ca", city.folder / "ca.pem", "--cert", certificate, "--key", key).returncode == 0


def test_a_trial_broker_starts_with_a_ca_whose_key_has_a_passphrase(tmp_path, monkeypatch):
    monkeypatch.setenv("LAMPLIGHTER_CA_PASSPHRASE", "correct horse battery")
    folder = tmp_path / "identity"
    for words in (("init", "Lisbon"), ("issue", "--broker", "localhost")):
        done = lamplighter("identity", *words, "--identity", folder)
        assert done.returncode == 0, done.stderr
    command = [LAMPLIGHTER, "broker", "--identity", folder, "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            assert "port" in json.loads(process.stdout.readline())
        finally:
            process.terminate()
            assert process.wait(20) == 0


def test_without_a_certificate_the_remedy_names_the_options_that_help(trial, city):
    done = lamplighter("watch", "--host", "localhost", "--port", trial["port"], "--ca", city.folder / "ca.pem")
    assert done.returncode == 50
    assert "--identity FOLDER --as NAME, or --cert, --key" in done.stderr
    done = lamplighter("watch", "--host", "localhost", "--identity", city.folder, "--as", "nobody")
    assert done.returncode == 70 and "identity issue --reader nobody" in done.stderr
