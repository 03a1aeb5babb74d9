"""The demo's broker: on the loopback only, with what MQTT the demo needs, and gone afterwards."""

import os
import socket
import sys
import threading

import paho.mqtt.client as paho
import pytest
from lamplighter.demo.broker import PAYLOAD, DemoBroker
from lamplighter.problems import BrokerRefused
from lamplighter.telemetry.recording import Recorder
from publisher import Lamp, Publisher


@pytest.fixture
def demo():
    with DemoBroker() as broker:
        yield broker


def test_messages_arrive_with_qos_1_and_retained_ones_later_too(demo):
    lamp = Lamp()
    with Publisher(demo.port) as street:
        street.send(lamp.state(), lamp.parking())
        with Recorder(demo.host, demo.port) as seen:
            seen.until(lambda messages: len(messages) == 2)
            street.send(*(lamp.energy() for _ in range(200)))
            messages = seen.until(lambda messages: len(messages) == 202)
    assert [message.retained for message in messages] == [True] * 2 + [False] * 200
    assert {message.topic.rsplit("/", 1)[1] for message in messages[2:]} == {"energy"}


def test_a_node_that_vanishes_leaves_its_will(demo):
    topic, payload, _ = Lamp().state("lost", "will")
    with Recorder(demo.host, demo.port) as seen:
        node = paho.Client(paho.CallbackAPIVersion.VERSION2)
        node.will_set(topic, payload, 1, True)
        ready = threading.Event()
        node.on_connect = lambda *_: ready.set()
        node.connect(demo.host, demo.port)
        node.loop_start()
        assert ready.wait(5)
        node.on_disconnect = None
        node.reconnect_delay_set(60, 60)
        node.socket().shutdown(socket.SHUT_RDWR)  # as a power cut: no DISCONNECT
        (message,) = seen.until(lambda messages: messages)
        node.loop_stop()
    assert (message.topic, message.payload) == (topic, payload)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc/net/tcp")
def test_it_listens_on_the_loopback_only(demo):
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    listening = [row[1].split(":")[0] for row in rows if row[3] == "0A" and int(row[1].split(":")[1], 16) == demo.port]
    assert listening == ["0100007F"]


def test_a_payload_beyond_its_limit_ends_that_connection_only(demo):
    with Publisher(demo.port) as street, Recorder(demo.host, demo.port) as seen:
        rude = paho.Client(paho.CallbackAPIVersion.VERSION2)
        gone = threading.Event()
        rude.on_disconnect = lambda *_: gone.set()
        rude.connect(demo.host, demo.port)
        rude.loop_start()
        rude.publish("lamppost/v1/a/b/diag", b"x" * (PAYLOAD + 1000), 1)
        assert gone.wait(10)
        rude.disconnect()
        rude.loop_stop()
        street.send(Lamp().energy())
        assert len(seen.until(lambda messages: messages)) == 1


def test_two_brokers_have_two_ports_and_both_stop():
    with DemoBroker() as one, DemoBroker() as two:
        ports = {one.port, two.port}
        assert len(ports) == 2
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 1)


def test_a_port_in_use_is_told_and_nothing_is_left(demo):
    with pytest.raises(BrokerRefused, match=f"cannot listen on 127.0.0.1:{demo.port}"):
        DemoBroker(demo.port).start()
    assert "IOTCORE_LOG_LEVEL" not in os.environ
