"""`lamplighter watch` against a real Mosquitto: what it shows, counts, and answers when the broker says no."""

import os
import pty
import re
import select
import socket
import ssl
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from brokers import Mosquitto, free_port
from publisher import Lamp, Publisher
from watching import LAMPLIGHTER, Watch


@pytest.fixture
def street(broker):
    """A publisher, and a retained state that tells a test that its watch is subscribed."""
    with Publisher(broker.port) as publisher:
        publisher.send(Lamp("lp-0001", boot=1).state())
        yield publisher


def test_a_clean_street_ends_with_zeros_and_exit_code_0(broker, street):
    lamp = Lamp()
    with Watch(broker.port, "--count", "6", "--strict") as watch:
        street.send(lamp.started(), lamp.energy(), lamp.parking(), lamp.air(), lamp.energy())
        assert watch.end() == 0, watch.errors
    assert watch.lines[-1] == "2 nodes, 6 messages, 0 invalid, 0 gaps, 0 duplicates"
    energy = next(line for line in watch.lines if "tele/energy" in line)
    assert "lp-0042" in energy
    assert "230.2 V  1.86 A  382.9 W  215.782 kWh" in energy
    assert any("occupied 97 %" in line for line in watch.lines)
    assert any("PM2.5 10.1 µg/m³" in line and "AQI 2 fair" in line for line in watch.lines)


def test_gaps_and_duplicates_are_counted_by_node_boot_and_number(broker, street):
    lamp = Lamp()
    with Watch(broker.port, "--count", "8", "--json", "--strict") as watch:
        # 3 and 4 missing, 1 twice, and another node in between that has the same numbers
        street.send(lamp.energy(0), lamp.energy(1), lamp.energy(1), Lamp("lp-0043").energy(1))
        street.send(lamp.energy(2), lamp.energy(5), lamp.energy(6))
        assert watch.end() == 54
    objects = watch.objects()
    summary = next(one["summary"] for one in objects if "summary" in one)
    assert (summary["gaps"], summary["duplicates"], summary["invalid"]) == (2, 1, 0)
    verdicts = [one["verdict"] for one in objects if one.get("kind") == "tele_energy" and one["node"] == "lp-0042"]
    assert verdicts == ["new", "new", "duplicate", "new", "new", "new"]
    assert objects[1]["message"]["pf"] == 0.98
    assert "lp-0042: b 3, s 3 to 4" in watch.errors
    assert objects[-1]["error"] == "telemetry-gaps"


def test_nothing_that_came_proves_nothing(broker):
    done = run("--host", "127.0.0.1", "--port", str(broker.port), "--site", "lisbo", "--seconds", "0.5", "--strict")
    assert done.returncode == 54
    assert "No message came on lamppost/v1/lisbo/+/#" in done.stderr


def test_a_message_that_breaks_the_contract_is_named_with_exit_code_53(broker, street):
    with Watch(broker.port, "--count", "3", "--strict") as watch:
        street.send(Lamp().energy(u_mv=0, q={}), ("lamppost/v1/lisbon/lp-0042/tele/enrgy", b"{}", False))
        assert watch.end() == 53
    assert "INVALID q has no letter for u_mv, i_ma" in watch.lines[1]
    assert "2 invalid" in watch.lines[-1]
    assert "The contract has no topic tele/enrgy." in watch.errors


def test_without_strict_the_same_street_ends_with_0(broker, street):
    with Watch(broker.port, "--count", "2") as watch:
        street.send(Lamp().energy(q={}))
        assert watch.end() == 0


def test_alarms_that_overtake_are_awaited_not_missed(broker, street):
    lamp = Lamp()
    with Watch(broker.port, "--count", "6", "--strict") as watch:
        street.send(
            lamp.energy(0), lamp.alarm("supplyLoss", s=3), lamp.energy(1), lamp.energy(2), lamp.over("supplyLoss")
        )
        assert watch.end() == 0, watch.errors
    assert any("alarm/supplyLoss" in line and "major silent" in line for line in watch.lines)
    assert any("alarm/supplyLoss" in line and "cleared" in line for line in watch.lines)
    assert sum("late" in line for line in watch.lines) == 2


def test_a_start_in_the_middle_with_retained_messages_is_clean(broker, street):
    lamp = Lamp()
    street.send(lamp.parking(), lamp.alarm("supplyLoss"))
    lamp.next = 700
    with Watch(broker.port, "--count", "5", "--strict") as watch:
        assert "retained" in watch.line() + watch.line()
        street.send(lamp.energy(), lamp.energy())
        assert watch.end() == 0, watch.errors


def test_the_tail_of_a_night_is_proven_by_the_next_boot(broker, street):
    night, morning = Lamp(boot=3), Lamp(boot=4)
    with Watch(broker.port, "--count", "5", "--strict") as watch:
        street.send(night.energy(), night.energy(), morning.started(last=(3, 2)), morning.energy())
        assert watch.end() == 54
    assert "lp-0042: b 3, s 2" in watch.errors


def test_announced_drops_are_no_gaps(broker, street):
    lamp = Lamp()
    with Watch(broker.port, "--count", "5", "--strict") as watch:
        street.send(lamp.energy(0), lamp.energy(1), lamp.alarm("journalOverflow", value=4, s=7), lamp.energy(6))
        assert watch.end() == 0, watch.errors
    assert watch.lines[-1].endswith("0 gaps, 0 duplicates, 4 dropped")


def test_only_the_site_and_node_that_were_asked_for(broker, street):
    with Watch(broker.port, "--node", "lp-0001", "--count", "2", "--json") as watch:
        street.send(Lamp().state(), Lamp("lp-0001").state("offline", "reset"))
        watch.end()
    assert {one["node"] for one in watch.objects() if "node" in one} == {"lp-0001"}


def test_ctrl_c_ends_with_the_counts(broker, street):
    with Watch(broker.port) as watch:
        watch.interrupt()
        assert watch.end() == 0
    assert watch.lines[-1] == "1 nodes, 1 messages, 0 invalid, 0 gaps, 0 duplicates"


def test_a_broker_that_restarts_is_come_back_to_and_the_absence_is_no_gap(broker, street):
    lamp = Lamp()
    with Watch(broker.port, "--json", "--strict") as watch:
        street.send(lamp.energy(0))
        watch.line()
        broker.kill()
        broker.start()
        # the retained state, once more, says that the watch is back
        while '"state"' not in watch.line():
            pass
        with Publisher(broker.port) as again:
            again.send(lamp.energy(9), lamp.energy(10))
        for _ in range(2):
            watch.line()
        watch.interrupt()
        assert watch.end() == 0, watch.errors
    assert "connection lost" in watch.errors
    assert watch.objects()[-1]["summary"]["interruptions"] == 1


def run(*options, env=None):
    return subprocess.run(
        [LAMPLIGHTER, "watch", *options],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        env={**os.environ, **(env or {})},
    )


def test_nobody_listening_is_exit_code_50():
    done = run("--host", "127.0.0.1", "--port", str(free_port()))
    assert done.returncode == 50
    assert "No broker listens at 127.0.0.1:" in done.stderr
    assert "remedy: Check the broker's host and port" in done.stderr


def test_a_name_that_cannot_be_resolved_is_exit_code_52():
    done = run("--host", "no-such-broker.invalid")
    assert done.returncode == 52
    assert "no-such-broker.invalid" in done.stderr


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """Mosquitto with a user, who may read the street only."""
    broker = Mosquitto(
        tmp_path_factory.mktemp("guarded"), {"platform": "open sesame"}, "user platform\ntopic lamppost/#\n"
    )
    broker.start()
    yield broker
    broker.stop()


def test_a_wrong_password_is_exit_code_51_and_not_shown(guarded):
    done = run(
        "--host", "127.0.0.1", "--port", str(guarded.port), "--user", "platform",
        env={"LAMPLIGHTER_MQTT_PASSWORD": "wrong-secret"},
    )  # fmt: skip
    assert done.returncode == 51
    assert "not authorized" in done.stderr
    assert "wrong-secret" not in done.stdout + done.stderr


def test_the_password_may_come_from_a_file_or_the_environment(guarded, tmp_path):
    (tmp_path / "password").write_text("open sesame\n")
    with Publisher(guarded.port, "platform", "open sesame") as street:
        street.send(Lamp().state())
        user = ("--user", "platform", "--count", "1")
        with Watch(guarded.port, *user, "--password-file", str(tmp_path / "password")) as watch:
            assert watch.end() == 0
        with Watch(guarded.port, *user, env={"LAMPLIGHTER_MQTT_PASSWORD": "open sesame"}) as watch:
            assert watch.end() == 0


def test_a_user_without_a_password_is_told_how_to_give_it(guarded):
    done = run("--host", "127.0.0.1", "--port", str(guarded.port), "--user", "platform")
    assert done.returncode == 2
    assert "--password-file" in done.stderr


def test_a_broker_without_tls_is_told_apart(broker):
    done = run("--host", "127.0.0.1", "--port", str(broker.port), "--tls")
    assert done.returncode == 50
    assert "does not offer TLS" in done.stderr


class Door:
    """A TCP server that is no MQTT broker: greets, and reads what comes."""

    def __init__(self, greeting=b"", context=None):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._greeting, self._context = greeting, context
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)

    def _serve(self):
        while True:
            try:
                visitor, _ = self._socket.accept()
            except OSError:
                return
            try:
                if self._context:
                    visitor = self._context.wrap_socket(visitor, server_side=True)
                visitor.sendall(self._greeting)
                visitor.settimeout(10)
                visitor.recv(100)
            except OSError:
                pass
            finally:
                visitor.close()


def test_a_port_that_speaks_no_mqtt_is_exit_code_50():
    with Door(b"HTTP/1.1 400 Bad Request\r\n\r\n") as door:
        done = run("--host", "127.0.0.1", "--port", str(door.port))
    assert done.returncode == 50
    assert "closed the connection before the MQTT handshake" in done.stderr


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    self_signed(key, certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with Door(context=context) as door:
        done = run("--host", "127.0.0.1", "--port", str(door.port), "--tls")
    assert done.returncode == 50
    assert "untrusted certificate" in done.stderr
    assert "--ca FILE" in done.stderr


def test_a_certificate_of_another_name_is_refused_with_the_name_that_it_lacks(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    self_signed(key, certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with Door(context=context) as door:
        done = run("--host", "127.0.0.1", "--port", str(door.port), "--tls", "--ca", str(certificate))
    assert done.returncode == 50
    assert "does not hold the name 127.0.0.1." in done.stderr
    assert "identity renew" in done.stderr


def self_signed(key_file, certificate_file):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "broker.lan")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(1))
        .not_valid_after(now + timedelta(1))
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    key_file.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    certificate_file.write_bytes(certificate.public_bytes(pem))


def test_on_a_terminal_the_screen_shows_nodes_alarms_and_counts(broker, street, tmp_path):
    lamp, picture = Lamp(), tmp_path / "screen.svg"
    street.send(lamp.state())
    near, far = pty.openpty()
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
    options = ["--host", "127.0.0.1", "--port", str(broker.port), "--count", "6", "--svg", str(picture)]
    watch = subprocess.Popen([LAMPLIGHTER, "watch", *options], stdin=far, stdout=far, stderr=far, env=env)
    os.close(far)
    shown = b""
    end = time.monotonic() + 120
    sent = False
    while time.monotonic() < end and select.select([near], [], [], 60)[0]:
        try:
            shown += os.read(near, 65536)
        except OSError:
            break  # the process ended
        if b"online" in shown and not sent:
            street.send(lamp.energy(), lamp.parking(), lamp.air(), lamp.alarm("supplyLoss"))
            sent = True
    assert watch.wait(60) == 0
    os.close(near)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    last = text[text.rindex("node  ") :]
    for piece in (
        "lp-0042",
        "online",
        "230.2 V 382.9 W",
        "1 occupied",
        "PM2.5 10.1",
        "AQI 2",
        "ALARM lp-0042 supplyLoss",
    ):
        assert piece in last, piece
    assert "2 nodes, 6 messages, 0 invalid, 0 gaps, 0 duplicates" in last
    assert "<svg" in picture.read_text() and "lp-0042" in picture.read_text()
