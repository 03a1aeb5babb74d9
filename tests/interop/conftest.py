"""What the interop tests stand on; every message that any of them saw is held to the contract."""

from __future__ import annotations

import pytest
from brokers import Mosquitto, Passage, Subscriber
from false_broker import FalseBroker
from lamplighter.contract import check_message
from street import Node


@pytest.fixture
def broker(tmp_path):
    broker = Mosquitto(tmp_path / "broker")
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def subscriber(broker):
    subscriber = Subscriber(broker.port)
    yield subscriber
    subscriber.close()
    for topic, payload, retain in subscriber.messages:
        if "/cmd/" not in topic and "/ack/" not in topic:
            wrong = check_message(topic, payload, retain)
            assert not wrong, (topic, payload, wrong)


@pytest.fixture
def passage(broker):
    passage = Passage(broker.port)
    yield passage
    passage.close()


@pytest.fixture
def pretend():
    """pretend(answer) -> FalseBroker; all are closed."""
    pretended: list[FalseBroker] = []

    def _pretend(answer: bytes) -> FalseBroker:
        pretended.append(FalseBroker(answer))
        return pretended[-1]

    yield _pretend
    for false in pretended:
        false.close()


@pytest.fixture
def start():
    """start(mqtt section, **asked) -> Node; all that were started are ended."""
    nodes: list[Node] = []

    def _start(mqtt: dict, **asked) -> Node:
        nodes.append(Node(mqtt, **asked))
        return nodes[-1]

    yield _start
    for node in nodes:
        node.close()
