"""A broker that is away for a while, as the lamppost and the subscriber live through it."""

from __future__ import annotations

from hearing import Hearing
from interop.brokers import Mosquitto
from lamplighter.bench.lampposts import Post, VirtualPost

_SAID = r"\[ *(\d+)\.\d+\] link: "  # the node's own seconds


def without_a_broker(node: Post, seconds: int = 4) -> None:
    """Wait until the lamppost has done without its broker for so long that windows have ended meanwhile."""
    since = int(node.console.wait_for(_SAID + "closed", node.within(30))[1])
    while int(node.console.wait_for(_SAID + "refused: nothing listens", node.within(60))[1]) < since + seconds:
        pass


def comes_back(broker: Mosquitto, node: VirtualPost, heard: Hearing) -> None:
    """Start the broker; the subscriber is there before the lamppost finds it, and hears all of it as it happens."""
    hosts = node.lamp.network.hosts
    there, hosts["broker.lan"] = hosts["broker.lan"], ("127.0.0.1", 1)
    broker.start()
    heard.listens()
    hosts["broker.lan"] = there
