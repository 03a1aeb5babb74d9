"""`lamplighter store` on a real Mosquitto: each record once, whoever is killed at whatever moment."""

import contextlib
import json
import random
import subprocess
import sys
import threading
import time

import paho.mqtt.client as paho
import pytest
from lamplighter.store.databases import target
from lamplighter.store.ingest import until_free
from postgres_cluster import PostgresCluster, find_postgres
from publisher import Lamp, Publisher

KILLS = 10
LAMPS, RECORDS = 20, 400


class StoreProcess:
    """`lamplighter store` as a user runs it."""

    def __init__(self, port, url, *more):
        self.port, self.url, self.more = port, str(url), more
        self.process = None

    def start(self):
        command = [sys.executable, "-m", "lamplighter", "store", "--host", "127.0.0.1", "--port", str(self.port)]
        self.process = subprocess.Popen(
            [*command, "--to", self.url, "--json", *self.more],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def ready(self):
        """Wait until it has its subscription."""
        self.says("Storing")

    def says(self, words):
        said = []
        while line := self.process.stderr.readline():
            said.append(line)
            if words in line:
                return
        raise AssertionError("".join(said))

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def check(self):
        command = [sys.executable, "-m", "lamplighter", "store", "check", "--to", self.url, "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def rows(self, query):
        def read():
            with target(self.url).reader() as rows:
                return [tuple(row.values()) for row in rows(query)]

        return until_free(read, print)  # the store may be writing

    def until(self, query, wanted, timeout=60):
        end = time.monotonic() + timeout
        while (found := self.rows(query)) != wanted:
            assert time.monotonic() < end, (query, found)
            time.sleep(0.1)


@pytest.fixture
def store(broker, tmp_path):
    store = StoreProcess(broker.port, tmp_path / "lamps.duckdb")
    yield store
    if store.process and store.process.poll() is None:
        store.kill()


@pytest.fixture(scope="module")
def cluster():
    if not find_postgres():
        pytest.skip("PostgreSQL is not installed")
    cluster = PostgresCluster()
    cluster.start()
    yield cluster
    cluster.remove()


@pytest.fixture
def sharing(broker, cluster):
    """Three stores that share one subscription and one database."""
    url = cluster.create("shared")
    stores = [StoreProcess(broker.port, url, "--share", "3") for _ in range(3)]
    yield stores
    for store in stores:
        if store.process and store.process.poll() is None:
            store.kill()


class Street(threading.Thread):
    """Lampposts that publish all their records once each, also over a restart of the broker."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self._client = paho.Client(
            paho.CallbackAPIVersion.VERSION2, client_id="street", protocol=paho.MQTTv311, clean_session=False
        )
        self._client.max_queued_messages_set(0)
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)

    def run(self):
        self._client.loop_start()
        lamps = [Lamp(f"lp-{number:04d}") for number in range(LAMPS)]
        sent = [self._publish(lamp.started()) for lamp in lamps]
        for number in range(RECORDS):
            sent += [self._publish(lamp.energy(imp_mwh=number)) for lamp in lamps]
            time.sleep(0.02)  # a stream, so that kills meet it at work
        for one in sent:
            one.wait_for_publish(60)
        self._client.disconnect()
        self._client.loop_stop()

    def _publish(self, message):
        topic, payload, retain = message
        return self._client.publish(topic, payload, 1, retain)


ALL = [(LAMPS * (RECORDS + 1),)]


@pytest.mark.slow
def test_ten_kills_of_the_store_and_a_restart_of_the_broker_lose_and_double_nothing(broker, store):
    chance = random.Random()
    store.start()
    store.ready()
    street = Street(broker.port)
    street.start()
    for kill in range(KILLS):
        time.sleep(chance.uniform(0.05, 1.5))
        store.kill()
        if kill == KILLS // 2:
            broker.stop()  # a kill may cost Mosquitto what it acknowledged in its last second
            broker.start()
        store.start()
        with contextlib.suppress(AssertionError):
            store.ready()
    street.join(90)
    assert not street.is_alive()
    store.until("SELECT count(*) FROM telemetry", ALL)
    assert store.rows("SELECT count(DISTINCT (site, node, b, s)) AS n FROM telemetry") == ALL
    assert store.rows("SELECT count(*) FROM rejected") == [(0,)]
    code, found = store.check()
    assert (code, found["records"], found["gaps"], found["duplicates"]) == (0, ALL[0][0], [], 0)


def test_what_is_published_while_the_store_is_away_comes_when_it_is_back(broker, store):
    lamp = Lamp()
    store.start()
    store.ready()
    with Publisher(broker.port) as street:
        street.send(lamp.started(), lamp.parking())
        store.until("SELECT count(*) FROM telemetry", [(2,)])
        store.kill()
        street.send(*(lamp.energy() for _ in range(50)), lamp.parking())
    store.start()
    store.ready()
    store.until("SELECT count(*) FROM telemetry", [(53,)])
    # the retained copies of both bays came to nobody twice
    assert store.rows("SELECT count(*) AS n, bool_or(retained) AS r FROM parking") == [(2, False)]
    code, found = store.check()
    assert (code, found["gaps"]) == (0, [])


def test_the_store_waits_while_somebody_reads_the_file_and_goes_on(broker, store):
    lamp = Lamp()
    store.start()
    store.ready()
    # another process, as a user's DuckDB client would
    held = "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); print('open', flush=True); input()"
    reader = [sys.executable, "-c", held, store.url]
    with subprocess.Popen(reader, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "open\n"
        with Publisher(broker.port) as street:
            street.send(lamp.started(), lamp.energy(), ("lamppost/v1/lisbon/lp-1/tele/air", b"broken", False))
        while not store.process.stderr.readline().startswith("Waiting for the database"):
            assert store.process.poll() is None
        other.communicate("\n")
    store.until("SELECT count(*) FROM telemetry", [(2,)])
    store.until("SELECT payload FROM rejected", [(b"broken",)])


def test_a_store_without_a_broker_says_so(broker, store):
    broker.stop()
    store.start()
    _, said = store.process.communicate(timeout=60)
    assert store.process.returncode == 50 and "connection refused" in said


def test_a_store_that_shares_and_dies_parks_nothing_for_ever(broker, sharing):
    first, second, third = sharing
    for store in sharing:
        store.start()
        store.ready()
    lamps = [Lamp(f"lp-{number:04d}") for number in range(30)]
    with Publisher(broker.port) as street:
        street.send(*(lamp.started() for lamp in lamps), *(lamp.state("online") for lamp in lamps))
        first.until("SELECT count(*) FROM telemetry", [(30,)])
        second.kill()  # for good
        street.send(*(lamp.energy() for _ in range(20) for lamp in lamps))
        first.until("SELECT count(*) FROM telemetry", [(30 * 21,)])
        first.until("SELECT count(*) FROM node WHERE state = 'online'", [(30,)])
        # a store that starts later gets a place from one that has two
        second.start()
        second.ready()
        street.send(*(lamp.energy() for lamp in lamps))
        first.until("SELECT count(*) FROM telemetry", [(30 * 22,)])
    first.until("SELECT count(*) FROM message", [(30,)])
    code, found = first.check()
    assert (code, found["records"], found["gaps"], found["duplicates"]) == (0, 30 * 22, [], 0)
    assert third.process.poll() is None
