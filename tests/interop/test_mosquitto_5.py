"""MQTT 5.0 in real MicroPython against a real Mosquitto, and against brokers that say no."""

from __future__ import annotations

import json
import signal

import pytest
from brokers import Mosquitto, Subscriber
from test_mosquitto import ROOT, first_of_each, sequence, wait_for, wait_for_greeting, wait_for_key

GREETING = b"\x20\x03\x00\x00\x00"


@pytest.mark.parametrize("window", [1, 16])
def test_every_record_arrives_once_and_in_order(broker, subscriber, start, window):
    node = start({"port": broker.port, "version": 5, "window": window, "expiry_s": 3600}, set={"drain_per_s": 0})
    node.tell("append 300 0")
    wait_for(subscriber, 300)
    assert sequence(subscriber) == list(range(300))
    wait_for_greeting(subscriber)
    assert node.report()["connections"] == 1


def test_a_killed_broker_loses_nothing_and_keeps_the_order(broker, subscriber, start):
    node = start({"port": broker.port, "version": 5, "window": 16}, set={"drain_per_s": 0})
    node.tell("append 600 3")
    wait_for(subscriber, 100)
    broker.kill()
    node.wait(lambda said: said.get("fault") in ("closed", "refused"))
    broker.start()
    wait_for_key(subscriber, 599)
    assert first_of_each(sequence(subscriber)) == list(range(600))


def test_a_kept_session_sends_again_what_was_not_acknowledged(broker, subscriber, passage, start):
    mqtt = {"port": passage.port, "version": 5, "keepalive_s": 1, "session": {"clean": False, "expiry_s": 60}}
    node = start(mqtt, set={"drain_per_s": 0})
    node.tell("append 5 0")
    wait_for(subscriber, 5)
    passage.hush()
    node.tell("append 20 0")
    node.wait_fault("halfopen")
    passage.speak()
    wait_for_key(subscriber, 24)
    assert first_of_each(sequence(subscriber)) == list(range(25))
    assert node.report()["connections"] == 2


def test_a_broker_that_takes_two_at_a_time_gets_no_more(tmp_path, start):
    broker = Mosquitto(tmp_path / "broker")
    broker.config.write_text(broker.config.read_text().replace("max_inflight_messages 0", "max_inflight_messages 2"))
    broker.start()
    reader = Subscriber(broker.port)
    try:
        node = start({"port": broker.port, "version": 5, "window": 16}, set={"drain_per_s": 0})
        node.tell("append 200 0")
        wait_for(reader, 200)
        assert sequence(reader) == list(range(200))
        assert node.report()["connections"] == 1, "a broker ends the connection when its limit is passed"
    finally:
        reader.close()
        broker.stop()


def test_refused_records_are_kept_and_arrive_when_the_broker_lets_them_in(tmp_path, start):
    shut = "user lp\ntopic write lamppost/v1/lisbon/lp-0042/state\ntopic write lamppost/v1/lisbon/lp-0042/info\n"
    readers = "user reader\ntopic read lamppost/#\n"
    broker = Mosquitto(tmp_path / "broker", users={"lp": "a", "reader": "b"}, acl=shut + readers)
    broker.start()
    reader = Subscriber(broker.port, user="reader", password="b")
    try:
        mqtt = {"port": broker.port, "version": 5, "user": "lp", "password": "a"}
        node = start(mqtt, set={"drain_per_s": 0, "refused_ms": 3000})
        node.tell("append 30 0")
        # Mosquitto 2.0.11 hangs up after the refusal, at times before it is out
        node.wait(lambda said: said.get("fault") in ("notallowed", "closed"))
        assert node.report()["acknowledged"] == 0
        (tmp_path / "broker" / "acl").write_text("user lp\ntopic write lamppost/#\n" + readers)
        assert broker.process
        broker.process.send_signal(signal.SIGHUP)
        wait_for_key(reader, 29)
        assert first_of_each(sequence(reader)) == list(range(30))
    finally:
        reader.close()
        broker.stop()


def test_a_wrong_password_is_named_and_tried_again(tmp_path, start):
    broker = Mosquitto(tmp_path / "broker", users={"lp": "right"})
    broker.start()
    try:
        node = start({"port": broker.port, "version": 5, "user": "lp", "password": "wrong"})
        for _ in range(2):
            node.wait(lambda said: said.get("fault") in ("notallowed", "badlogin"), since=len(node.said))
        assert "wrong" not in json.dumps(node.said), "a secret is never said"
    finally:
        broker.stop()


@pytest.mark.parametrize(
    ("answer", "word", "says"),
    [
        (b"\x20\x0f\x00\x9d\x0c\x1c\x00\x09other.lan", "redirected", "other.lan"),
        (GREETING + b"\xe0\x0e\x9c\x0c\x1c\x00\x09other.lan", "redirected", "other.lan"),
        (b"\x20\x02\x00\x01", "version", ""),
        (b"\x20\x03\x00\x89\x00", "busy", "89"),
        (b"\x20\x05\x00\x00\x02\x24\x00", "noqos", ""),
        (GREETING + b"\xe0\x01\x8b", "unavailable", "8b"),
        (GREETING + b"\xe0\x02\x8e\x00", "takenover", "8e"),
        (GREETING + b"\xe0\x01\x42", "protocol", "42"),
        (GREETING + b"\x30\xff\xff\x01" + b"z" * 21000, "protocol", ""),
        (GREETING + b"\x40\x05\x00\x01\x00\x09\x1f", "protocol", ""),
        (b"\x20\x06\x00\x00\x03\x21\x00\x00", "protocol", ""),
        (b"\x40\x02\x00\x01", "protocol", ""),
    ],
    ids=[
        "moved", "elsewhere", "old", "busy", "qos0", "closing", "taken", "unknown-code", "huge", "cut-off", "window-0",
        "order",
    ],
)  # fmt: skip
def test_a_broker_that_says_no_is_named_and_tried_again(start, pretend, answer, word, says):
    false = pretend(answer)
    node = start({"port": false.port, "version": 5})
    assert says in node.wait_fault(word)["detail"]
    node.wait_fault(word, since=len(node.said))


def test_a_broker_without_retain_is_met_halfway(start, pretend):
    false = pretend(b"\x20\x03\x00\x9a\x00")
    node = start({"port": false.port, "version": 5})
    node.wait_fault("noretain")
    node.wait_fault("noretain", since=len(node.said))
    retained = [heard[heard.index(b"MQTT") + 5] & 0x20 for heard in false.heard[:2]]
    assert retained == [0x20, 0], "the second CONNECT asks for none"


def test_topics_of_the_contract_come_out_of_their_numbers(broker, subscriber, start):
    node = start({"port": broker.port, "version": 5})
    node.tell("append 10 0")
    wait_for(subscriber, 10)
    assert {topic for topic, _, _ in subscriber.messages} <= {ROOT + "tele/energy", ROOT + "state", ROOT + "info"}
