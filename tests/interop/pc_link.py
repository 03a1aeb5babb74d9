"""The node's link in MicroPython on a PC: over the PC's sockets and ticks, and a network that is always there."""

import random
import select
import socket
import time

from lamppost.core.clock import NTP, Clock
from lamppost.link import broker_settings
from lamppost.link.connection import Link

NOW = 850000000  # 2026-12-07: who runs this looks at order, loss and speed, not at the time


class Wifi:
    async def join(self, alive):
        pass

    def up(self):
        return True

    def distrust(self):
        pass


def clock(known=True):
    made = Clock(time.ticks_ms, time.ticks_diff)
    if known:
        made.set_utc(NOW, 0, NTP, 5)
    return made


def broker(mqtt, figures, node="lp-0042"):
    """What a configuration's mqtt section says, but for these figures of link/broker_settings.py."""
    made = broker_settings.of({"site": "lisbon", "node": node, "mqtt": mqtt})
    for name, value in figures.items():
        setattr(made, name, value)
    return made


def below(n):
    return random.getrandbits(24) % n


def none(*_):
    pass


def link(broker, clock, outbox, wifi=None, info=lambda: [b'"firmware":"bench"}'], chance=below, alive=none, fault=none,
         log=none, command=None, forgotten=none):  # fmt: skip
    return Link(
        broker, wifi or Wifi(), socket, select, clock, outbox, outbox.boot, info, time.ticks_ms, time.ticks_diff,
        chance, alive, fault, log, command, forgotten=forgotten,
    )  # fmt: skip
