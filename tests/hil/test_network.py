"""Everything between lamppost and broker breaks: the node goes on recording, says why, and drains afterwards."""

import pytest
from absence import without_a_broker
from interop.brokers import Mosquitto
from lamplighter.bench.lampposts import WIFI


def drained(heard, broken):
    """All that was recorded before and during the trouble is here, the backlog marked as such."""
    held = heard.until("tele/energy", lambda m: m["h"] == 1 and (m["b"], m["s"]) > (broken["b"], broken["s"]), 120)
    heard.until("tele/energy", lambda m: m["h"] == 0 and (m["b"], m["s"]) > (held["b"], held["s"]), 120)
    backlog = [m for m in heard.all("tele/energy") if m["h"] == 1 and (m["b"], m["s"]) >= (held["b"], held["s"])]
    assert all(m["u_mv"] is not None for m in backlog)
    heard.nothing_lost()


def test_a_broker_that_is_killed_and_comes_back_has_missed_nothing(node, heard, broker):
    heard.arrival()
    last = heard.until("tele/energy", lambda m: m["h"] == 0)
    broker.kill()
    without_a_broker(node)
    heard.forget()
    broker.start()
    drained(heard, last)


def test_a_broker_that_does_not_let_the_node_in_is_told_apart_and_tried_again(node, heard, broker, tmp_path):
    heard.arrival()
    last = heard.until("tele/energy", lambda m: m["h"] == 0)
    broker.stop()
    strict = Mosquitto(tmp_path / "strict", users={"somebody": "else"}, host=broker.host, port=broker.port)
    strict.start()
    try:
        # Mosquitto says of a wrong password that the client is not authorized
        node.console.wait_for("link: (badlogin|notallowed)", node.within(60))
    finally:
        strict.stop()
    heard.forget()
    broker.start()
    drained(heard, last)


@pytest.mark.virtual_only
def test_a_name_that_nobody_knows_is_said_and_asked_again_until_it_is_found(virtual_post, heard, broker):
    node = virtual_post(speed=8)
    del node.lamp.network.hosts["broker.lan"]
    node.console.wait_for("link: nodns: broker.lan", node.within(30))
    node.console.wait_for("link: nodns: broker.lan", node.within(30))
    node.lamp.network.hosts["broker.lan"] = ("127.0.0.1", broker.port)
    heard.arrival()
    assert any(m["h"] == 1 for m in heard.all("tele/energy"))
    heard.nothing_lost()


@pytest.mark.virtual_only
def test_a_network_that_swallows_everything_is_found_out_and_drained_afterwards(node, heard):
    heard.arrival()
    last = heard.until("tele/energy", lambda m: m["h"] == 0)
    node.lamp.network.blackhole(True)
    # keep-alive alone tells: the connection looks open
    node.console.wait_for("link: halfopen", node.within(30))
    node.console.wait_for("link: (timeout|nodns)", node.within(60))
    heard.forget()
    node.lamp.network.blackhole(False)
    drained(heard, last)


@pytest.mark.virtual_only
def test_connections_that_are_refused_are_tried_again_until_they_are_not(node, heard):
    heard.arrival()
    last = heard.until("tele/energy", lambda m: m["h"] == 0)
    node.lamp.network.refuse(True)
    node.console.wait_for("link: refused", node.within(60))
    node.console.wait_for("link: refused", node.within(60))
    heard.forget()
    node.lamp.network.refuse(False)
    drained(heard, last)


@pytest.mark.virtual_only
def test_a_wifi_that_goes_and_comes_back_costs_nothing(node, heard):
    heard.arrival()
    last = heard.until("tele/energy", lambda m: m["h"] == 0)
    node.lamp.network.wifi(False)
    node.console.wait_for("link: nowifi: lost", node.within(30))
    node.console.wait_for("link: nowifi: (access|no )", node.within(60))
    heard.forget()
    node.lamp.network.wifi(True)
    drained(heard, last)


@pytest.mark.virtual_only
def test_a_wrong_wifi_password_is_said_without_saying_it(virtual_post, heard):
    node = virtual_post(speed=8)
    node.lamp.network.password = "another-one"
    node.reset()
    node.console.wait_for("link: nowifi: wrong password", node.within(60))
    assert WIFI["password"] not in node.console.text
    node.lamp.network.password = WIFI["password"]
    node.lamp.network.wifi(True)  # lets the node's radio know
    heard.arrival(within=120)
    heard.nothing_lost()
