"""The checks of the matrix. What the link promises is asserted; what a broker does is found out and told.

A check takes a Ground and returns one Outcome for each of its rows. An AssertionError is a failure of ours.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from brokers import Subscriber
from pitch import Ground, drained, settled
from served import NODES


@dataclass(frozen=True)
class Outcome:
    """What stands in the table: holds -- None: it does not apply; said -- the figure or the reason."""

    holds: bool | None
    said: str = ""


YES = Outcome(True)
NOT_ASKED = Outcome(None)


@dataclass(frozen=True)
class Check:
    rows: tuple[str, ...]
    run: Callable[[Ground], tuple[Outcome, ...]]
    node: str  # the name that the node has in it

    @property
    def name(self) -> str:
        return self.run.__name__


CHECKS: list[Check] = []


def check(*rows: str):
    def add(run: Callable[[Ground], tuple[Outcome, ...]]):
        CHECKS.append(Check(rows, run, NODES[len(CHECKS)]))
        return run

    return add


def connected(node) -> None:
    node.wait(lambda said: "connected" in said.get("log", ""))


def state(subscriber: Subscriber, word: str, within: float) -> bool:
    """Whether the broker or the node says that state within so many seconds."""
    end = time.monotonic() + within
    while not any(record["state"] == word for record in subscriber.records("state")):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


@check("connects, says `online` and what it is")
def connects(ground: Ground) -> tuple[Outcome, ...]:
    subscriber = ground.subscriber()
    connected(ground.node())
    subscriber.wait(lambda messages: any(topic.endswith("/info") for topic, _, _ in messages))
    assert subscriber.records("state")[0]["state"] == "online"
    return (YES,)


def delivered(came: list[int], count: int) -> Outcome:
    """What a broker made of records that it acknowledged, all of them and in order."""
    if missing := set(range(count)) - set(came):
        return Outcome(False, f"{len(missing)} of {count} acknowledged ones missing")
    if came != list(range(count)):
        late = sum(later < former for former, later in zip(came, came[1:], strict=False))
        return Outcome(False, f"all {count}, but {late} times out of order")
    return YES


@check(
    "300 records from the journal, each sent once and in order",
    "… and so they reach paho-mqtt",
    "… and mosquitto_sub",
)
def drains_in_order(ground: Ground) -> tuple[Outcome, ...]:
    subscriber, passage = ground.subscriber(), ground.witness()
    other = ground.mosquitto_sub("tele/#")
    node = ground.node(passage.port, mqtt={"window": 16})
    node.tell("append 300 0")
    drained(node, 300)
    passage.holds(300)
    came = settled(subscriber, 300)
    assert len(passage.sent) in (0, 300), "something was sent twice"
    printed = other.messages(ground.root + "tele/energy", 300)
    return YES, delivered(came, 300), delivered([json.loads(payload)["s"] for payload in printed], 300)


@check("`state` and `info` are there for who subscribes later")
def retains(ground: Ground) -> tuple[Outcome, ...]:
    subscriber = ground.subscriber()
    connected(ground.node())
    subscriber.wait(lambda messages: any(topic.endswith("/info") for topic, _, _ in messages))

    def kept(*filters: str) -> set[str]:
        """Topics of the retained messages that newcomers get, until there are those that must come."""
        late = [ground.subscriber(one) for one in filters]
        end = time.monotonic() + 10
        while True:
            found = {topic for one in late for topic, _, retain in one.messages if retain}
            if found >= wanted or time.monotonic() > end:
                return found
            time.sleep(0.02)

    elsewhere = ground.subscriber("tele/#")
    wanted = {ground.root + "state", ground.root + "info"}
    found = kept("+")
    if found > wanted or elsewhere.messages:
        return (Outcome(False, "also for who subscribed to other topics"),)
    if found == wanted:
        return (YES,)
    if kept("state", "info") >= wanted:
        return (Outcome(False, "only by their exact topics, not with wildcards"),)
    return (Outcome(False, "not kept"),)


@check("plug pulled: the broker says `lost`")
def leaves_its_will(ground: Ground) -> tuple[Outcome, ...]:
    subscriber = ground.subscriber()
    node = ground.node()
    subscriber.wait(lambda messages: any(topic.endswith("/info") for topic, _, _ in messages))
    node.kill()
    if not state(subscriber, "lost", 10):
        return (Outcome(False, "not within 10 s"),)
    late = ground.subscriber("state")
    if not state(late, "lost", 3):
        return (Outcome(False, "said, but not kept for who comes later"),)
    return (YES,)


@check(
    "a quiet link stays up; silence is noticed within 1.5 keep-alives, and costs no record",
    "… and the broker says `lost` within 4 keep-alives",
)
def survives_silence(ground: Ground) -> tuple[Outcome, ...]:
    keepalive = 2
    subscriber, passage = ground.subscriber(), ground.witness()
    node = ground.node(passage.port, mqtt={"keepalive_s": keepalive, "window": 16})
    node.tell("append 10 0")
    drained(node, 10)
    time.sleep(2 * keepalive)  # the silence that is tested
    assert node.report()["connections"] == 1, "the link did not stay up"
    passage.hush()
    began = time.monotonic()
    node.tell("append 100 5")
    node.wait_fault("halfopen", within=1.5 * keepalive)
    lost = state(subscriber, "lost", began + 4 * keepalive - time.monotonic())
    passage.speak()
    drained(node, 110)
    passage.holds(110)
    return YES, Outcome(lost)


@check("a command reaches the node")
def commands(ground: Ground) -> tuple[Outcome, ...]:
    subscriber = ground.subscriber("tele/#")
    node = ground.node()
    node.tell("append 200 2")
    drained(node, 20)
    subscriber.publish(ground.root + "cmd/reset", b'{"id":"1"}')
    said = node.wait(lambda said: "command" in said)
    assert said == {"command": "cmd/reset", "body": '{"id":"1"}', "retained": False}
    drained(node, 200)
    return (YES,)


@check("packet ids go past 65,535")
def wraps(ground: Ground) -> tuple[Outcome, ...]:
    passage = ground.witness()
    node = ground.node(passage.port, mqtt={"window": 16})
    connected(node)
    node.tell("id 65400")
    node.tell("append 400 0")
    drained(node, 400)
    passage.holds(400)
    assert 0 < node.report()["next_id"] < 400
    return (YES,)


@check("a wrong password, or certificate, is refused in a word")
def refuses_an_impostor(ground: Ground) -> tuple[Outcome, ...]:
    lie = ground.broker.impostor(ground.name)
    if lie is None:
        return (NOT_ASKED,)
    node = ground.node(mqtt=lie)
    said = node.wait(lambda said: "fault" in said)
    assert said["fault"] in ("badlogin", "notallowed", "rejected"), said
    assert "not-the-key" not in json.dumps(node.said), "a secret is never said"
    return (Outcome(True, f"`{said['fault']}`"),)


@check("a lamppost cannot write another one's topics")
def keeps_nodes_apart(ground: Ground) -> tuple[Outcome, ...]:
    if not ground.broker.guarded:
        return (NOT_ASKED,)
    subscriber = ground.subscriber("tele/#")
    ground.stranger(NODES[-1]).publish(ground.root + "tele/air", b"forged", 1)
    node = ground.node()
    node.tell("append 5 0")
    drained(node, 5)
    assert settled(subscriber, 5) == list(range(5))
    time.sleep(1)  # nothing else may come in that time
    if any(payload == b"forged" for _, payload, _ in subscriber.messages):
        subscriber.messages.clear()  # it is not the contract's
        return (Outcome(False, "it can"),)
    return (YES,)


def _while_away(ground: Ground, meanwhile: Callable[[], None]) -> Outcome:
    """Publish 50 records while the subscriber is away; what of them does it get when it is back?"""
    subscriber = ground.subscriber("tele/#")
    node = ground.node()
    node.tell("append 1 0")
    drained(node, 1)
    assert settled(subscriber, 1) == [0]
    subscriber.client.disconnect()
    subscriber.client.loop_stop()
    node.tell("append 50 0")
    drained(node, 51)
    meanwhile()
    subscriber.client.reconnect()
    subscriber.client.loop_start()
    came = set(settled(subscriber, 51))
    return YES if len(came) == 51 else Outcome(False, f"{len(came) - 1} of 50")


@check("an absent subscriber gets what it missed")
def keeps_for_the_absent(ground: Ground) -> tuple[Outcome, ...]:
    return (_while_away(ground, lambda: None),)


@check("… also when the broker is killed meanwhile (`kill -9`)")
def keeps_over_a_kill(ground: Ground) -> tuple[Outcome, ...]:
    def restart():
        ground.broker.kill()
        ground.broker.start()

    return (_while_away(ground, restart),)


@check(
    "broker killed (`kill -9`) while 600 records go out: each leaves the journal only after the broker's word",
    "… and all that was acknowledged reaches a waiting subscriber, in order",
)
def survives_a_killed_broker(ground: Ground) -> tuple[Outcome, ...]:
    subscriber, passage = ground.subscriber(), ground.witness()
    node = ground.node(passage.port, mqtt={"window": 16})
    node.tell("append 600 4")
    subscriber.wait(lambda messages: len(messages) >= 150)
    since = len(node.said)
    ground.broker.kill()
    node.wait(lambda said: said.get("fault") in ("closed", "refused"), since=since)
    ground.broker.start()
    drained(node, 600, within=60)
    passage.holds(600)
    return YES, delivered(settled(subscriber, 600, within=30), 600)
