"""The power of a lamppost is cut every dawn: whatever was recorded is told, and no number runs backwards."""

import random

import pytest
from absence import comes_back, without_a_broker
from lamplighter.bench.lampposts import STARTED

pytestmark = pytest.mark.virtual_only


def test_a_cut_in_the_middle_loses_nothing_and_the_next_boot_proves_the_tail(node, heard):
    first = heard.arrival()
    node.lamp.part("meter").set(watts=3600)
    heard.until("tele/energy", lambda m: m["imp_mwh"] and m["imp_mwh"] >= 3000)
    node.power_off()
    heard.until("state", lambda m: m["state"] == "lost")  # the will: the node could not say goodbye
    heard.forget()
    node.power_on()
    second = heard.arrival()
    assert (second["b"], second["power_cuts"]) == (first["b"] + 1, first["power_cuts"] + 1)
    assert second["reset"] == "power-on"
    assert second["last_b"] == first["b"]
    assert {m["s"] for m in heard.numbered() if m["b"] == first["b"]} == set(range(second["last_s"] + 1))
    heard.nothing_lost()


def test_twenty_cuts_in_fast_succession_lose_nothing_and_it_always_starts(node, heard):
    """Most of them tear a flash operation in the middle, at a byte of chance."""
    chance = random.Random(1898)
    first = heard.arrival()
    node.lamp.part("meter").set(watts=20000)
    torn = 0
    for number in range(20):
        if number % 3:
            node.lamp.cut_after_flash_bytes(chance.randrange(1, 1500))
            node.lamp.wait_state("off", node.within(60))
            torn += 1
        else:
            enough = chance.randrange(3, 12)
            heard.until("tele/energy", lambda m: m["h"] == 0 and m["s"] > enough)  # noqa: B023 (used at once)
            node.power_off()
        heard.forget()
        node.console.forget()
        node.power_on()
        node.console.wait_for(STARTED, node.within(30))
    last = heard.arrival()
    assert (last["b"], last["power_cuts"]) == (first["b"] + 20, first["power_cuts"] + 20)
    assert torn == 13
    heard.until("tele/energy", lambda m: m["b"] == last["b"] and m["h"] == 0)
    heard.nothing_lost()
    assert heard.register()[-1] > heard.register()[0]


def test_a_cut_while_the_broker_is_away_keeps_the_night_until_it_is_back(node, heard, broker):
    first = heard.arrival()
    broker.kill()
    without_a_broker(node)
    node.power_off()
    node.console.forget()
    node.power_on()
    node.console.wait_for("link: refused", node.within(60))
    heard.forget()
    comes_back(broker, node, heard)
    second = heard.arrival(within=60, after=first["b"])
    tail = heard.until("tele/energy", lambda m: m["b"] == second["last_b"] and m["h"] == 1)
    assert tail["tq"] == 3
    heard.nothing_lost()
