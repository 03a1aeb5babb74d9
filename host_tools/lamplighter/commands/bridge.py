"""`lamplighter bridge`: the telemetry for platforms that others have."""

from __future__ import annotations

import contextlib
import time

import click

from .. import screen
from ..bridge.home_assistant.announcer import Announcer
from ..bridge.home_assistant.discovery import topic
from ..telemetry.subscriber import Connection, Incoming, Subscriber
from . import bridge_kafka, bridge_ngsi_ld
from .broker_access import BrokerAccess, TopicLevel, broker_options
from .finite import FiniteRange
from .lampposts import Node

_GATHER_S = 1.0  # the messages of a lamppost come together: one discovery message for all of them


@click.group("bridge")
def command() -> None:
    """Bring lampposts to platforms that others have, without a line of code there.

    Example: lamplighter bridge home-assistant --host broker.lan
    """


command.add_command(bridge_kafka.command)
command.add_command(bridge_ngsi_ld.command)


@command.command("home-assistant")
@broker_options
@click.option("--site", type=TopicLevel(), default="+", help="Only this site.")
@click.option("--prefix", default="homeassistant", show_default=True, metavar="TOPIC",
              help="Home Assistant's discovery prefix.")  # fmt: skip
@click.option("--seconds", type=FiniteRange(min=1), metavar="S", help="Stop after so long. [default: run on]")
@click.option("--remove", type=Node(), multiple=True, metavar="SITE/NODE",
              help="Take this lamppost out of Home Assistant, and stop.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per device.")
def for_home_assistant(
    access: BrokerAccess, site: str, prefix: str, seconds: float | None, remove: tuple[str, ...], as_json: bool
) -> None:
    """Announce lampposts to Home Assistant: values, alarms, bays and lamp of each as one device.

    Home Assistant reads the lampposts' own topics from the same broker; no value passes through this command. It
    keeps the announcements up to date, also after Home Assistant restarts, and may be stopped and started again.
    Its user at the broker must be allowed to write to the prefix.

    Example: lamplighter bridge home-assistant --host broker.lan --site lisbon
    """
    if not prefix or any(sign in prefix for sign in "+#\0"):
        raise click.UsageError("--prefix is a topic without + and #.")
    if remove:
        with access.subscriber([f"{prefix}/status"]) as broker:
            for node in remove:
                broker.publish(topic(prefix, *node.split("/")), b"", retain=True, wait_s=5)
                screen.note(f"{node}: taken out of Home Assistant")
        return

    def told(node: str, components: int, new: bool) -> None:
        if as_json:
            screen.result({"node": node, "components": components, "new": new})
        elif components:
            screen.text(f"{node}: {'announced' if new else 'brought up to date'}, {components} components")
        else:
            screen.text(f"{node}: taken out, as the broker has no info of it")

    announcer = Announcer(prefix, told)
    end = time.monotonic() + seconds if seconds else None
    with contextlib.suppress(KeyboardInterrupt), access.subscriber(announcer.filters(site)) as broker:
        while end is None or time.monotonic() < end:
            _gather(broker, announcer, quiet=as_json)
            announcer.flush(broker)


def _gather(broker: Subscriber, announcer: Announcer, quiet: bool) -> None:
    end = time.monotonic() + _GATHER_S
    while (left := end - time.monotonic()) > 0:
        arrived = broker.next(left)
        if isinstance(arrived, Incoming):
            announcer.take(arrived)
        elif isinstance(arrived, Connection) and not quiet:
            screen.note("the broker is back" if arrived.up else f"the broker is gone: {arrived.reason}")
