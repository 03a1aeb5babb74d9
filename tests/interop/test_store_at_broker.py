"""`lamplighter store` on a real Mosquitto: each record once, whoever is killed at whatever moment."""

import random
import subprocess
import sys

import pytest
import store_crashes
from click.testing import CliRunner
from clickhouse_process import has_clickhouse, running_clickhouse
from lamplighter.cli import lamplighter
from lamplighter.demo.broker import DemoBroker
from lamplighter.problems import BrokerRefused
from postgres_cluster import find_postgres, running_cluster
from publisher import Lamp, Publisher
from store_processes import StoreProcess

KILLS = 3  # of each arrangement; `make crashes` does 200 in all


@pytest.fixture
def store(broker, tmp_path):
    store = StoreProcess(broker.port, tmp_path / "lamps.duckdb")
    yield store
    if store.process and store.process.poll() is None:
        store.kill()


@pytest.fixture(scope="module")
def cluster():
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
def sharing(broker, cluster):
    """Three stores that share one subscription and one database."""
    url = cluster.create("shared")
    stores = [StoreProcess(broker.port, url, "--share", "3") for _ in range(3)]
    yield stores
    for store in stores:
        if store.process and store.process.poll() is None:
            store.kill()


# with ClickHouse one arrangement is enough here: `make crashes` has all
SHORT = [name for name in store_crashes.ARRANGEMENTS if "share" not in name and name != "ClickHouse, three by site"]


@pytest.mark.parametrize("name", SHORT)
def test_kills_of_store_broker_and_database_under_load_lose_and_double_nothing(name):
    if name.startswith("PostgreSQL") and not find_postgres():
        pytest.skip("PostgreSQL is not installed")
    if name.startswith("ClickHouse") and not has_clickhouse():
        pytest.skip("ClickHouse's engine (chdb-core) is not installed here")
    row = store_crashes.crash(name, KILLS, random.randrange(10**6), pause_s=0.1)
    assert store_crashes.well(row), row


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
    store.says("The database is available again.")
    store.until("SELECT count(*) FROM telemetry", [(2,)])
    store.until("SELECT payload FROM rejected", [(b"broken",)])


@pytest.mark.skipif(not has_clickhouse(), reason="ClickHouse's engine (chdb-core) is not installed here")
def test_a_second_store_on_a_clickhouse_database_is_in_reserve_for_the_first(broker):
    lamp = Lamp()
    with running_clickhouse() as server, Publisher(broker.port) as street:
        first, second = (StoreProcess(broker.port, server.url()) for _ in range(2))
        first.start()
        first.ready()
        street.send(lamp.started(), *(lamp.energy() for _ in range(50)))
        second.start()
        second.says("All places are taken")
        first.until("SELECT count(*) FROM telemetry", [(51,)])
        first.kill()
        street.send(*(lamp.energy() for _ in range(50)))
        second.ready()
        second.until("SELECT count(*) FROM telemetry", [(101,)])
        second.kill()
        assert second.check() == (0, {"records": 101, "nodes": 1, "duplicates": 0, "gaps": [], "rejected": 0})


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


def test_a_broker_without_mqtt_5_is_told_of_as_such(tmp_path):
    with DemoBroker() as older, pytest.raises(BrokerRefused) as refused:
        options = ["store", "--host", older.host, "--port", str(older.port), "--to", str(tmp_path / "lamps.duckdb")]
        CliRunner().invoke(lamplighter, options, catch_exceptions=False, standalone_mode=False)
    assert "must speak MQTT 5.0" in refused.value.remedy
