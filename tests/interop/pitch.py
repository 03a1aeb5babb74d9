"""What one check of the matrix stands on: a broker that runs, a node name of its own, and all that it opened."""

from __future__ import annotations

import subprocess
import time
from contextlib import ExitStack

import paho.mqtt.client as paho
from brokers import Subscriber
from lamplighter.contract import check_message
from served import READER, Served, key_of
from street import Node
from witness import Witness


class Ground:
    """`with Ground(broker, "lp-0001") as ground:` ends what was started in it.

    Every message that its subscribers saw is held to the contract.
    """

    def __init__(self, broker: Served, node: str):
        self.broker = broker
        self.name = node
        self.root = f"lamppost/v1/lisbon/{node}/"
        self._open = ExitStack()
        self._heard: list[Subscriber] = []

    def __enter__(self) -> Ground:
        return self

    def __exit__(self, kind, error, trace) -> None:
        self._open.close()
        if error is None:
            for topic, payload, retain in (message for one in self._heard for message in one.messages):
                if "/cmd/" not in topic:
                    wrong = check_message(topic, payload, retain)
                    assert not wrong, (topic, payload, wrong)

    def login(self, user: str) -> dict:
        return {"user": user, "password": key_of(user)} if self.broker.guarded else {}

    def node(self, port: int | None = None, **asked) -> Node:
        """The link in MicroPython, which drains as fast as it goes; asked["mqtt"] overrides the configuration."""
        asked["set"] = {"drain_per_s": 0, **asked.get("set", {})}
        mqtt = {**self.broker.mqtt(self.name), **asked.pop("mqtt", {})}
        node = Node({**mqtt, "port": port or self.broker.port}, node=self.name, **asked)
        self._open.callback(node.close)
        return node

    def subscriber(self, topic: str = "#") -> Subscriber:
        """paho-mqtt on a topic below the node's, with a session that outlives its connection."""
        one = Subscriber(self.broker.indoors, self.root + topic, **self.login(READER))
        self._heard.append(one)
        self._open.callback(one.close)
        return one

    def mosquitto_sub(self, topic: str, seconds: int = 15) -> MosquittoSub:
        """Ends by itself after so many seconds."""
        login = self.login(READER)
        who = ["-u", login["user"], "-P", login["password"]] if login else []
        one = MosquittoSub(
            ["-h", "127.0.0.1", "-p", str(self.broker.indoors), "-i", f"mosquitto-sub-{self.name}",
             "-t", self.root + topic, "-q", "1", "-W", str(seconds), *who, *self.broker.version_flag]
        )  # fmt: skip
        self._open.callback(one.close)
        return one

    def witness(self) -> Witness:
        one = Witness(self.broker.port, self.broker.enciphered)
        self._open.callback(one.close)
        return one

    def stranger(self, user: str) -> paho.Client:
        """Somebody else's lamppost, connected."""
        client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        login = self.login(user)
        client.username_pw_set(login["user"], login["password"])
        client.connect("127.0.0.1", self.broker.indoors)
        client.loop_start()
        self._open.callback(client.loop_stop)
        self._open.callback(client.disconnect)
        return client


class MosquittoSub:
    """mosquitto_sub as it comes, subscribed when it is there.

    Into a pipe it would print by the page: stdbuf makes it say at once that it is subscribed.
    """

    def __init__(self, arguments: list[str]):
        self._process = subprocess.Popen(
            ["stdbuf", "-oL", "mosquitto_sub", "-d", "-F", "message %t %p", *arguments],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        for line in self._stdout:
            if line.startswith("Subscribed"):
                return
        raise AssertionError(f"mosquitto_sub did not subscribe: {arguments}")

    @property
    def _stdout(self):
        assert self._process.stdout
        return self._process.stdout

    def messages(self, topic: str, count: int) -> list[str]:
        """The payloads on that topic, in order, until there are so many or it ended."""
        found: list[str] = []
        begin = f"message {topic} "
        for line in self._stdout:
            if line.startswith(begin):
                found.append(line[len(begin) :])
                if len(found) == count:
                    break
        return found

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def numbers(subscriber: Subscriber) -> list[int]:
    """Sequence numbers of the records, in the order of arrival, each where it came first."""
    return list(dict.fromkeys(record["s"] for record in subscriber.records()))


def settled(subscriber: Subscriber, count: int, within: float = 60.0, quiet: float = 3.0) -> list[int]:
    """numbers(), once there are so many of them, or once nothing has come for a while."""
    end = time.monotonic() + within
    seen, since = -1, time.monotonic()
    while time.monotonic() < end:
        have = numbers(subscriber)
        if len(have) >= count:
            break
        if len(have) != seen:
            seen, since = len(have), time.monotonic()
        elif time.monotonic() - since > quiet:
            break
        time.sleep(0.05)
    return numbers(subscriber)


def drained(node: Node, count: int, within: float = 120.0) -> None:
    """Wait until the node's journal has had so many records acknowledged."""
    end = time.monotonic() + within
    while (done := node.report()["acknowledged"]) < count:
        assert time.monotonic() < end, f"only {done} of {count} acknowledged within {within} s"
        time.sleep(0.1)
