"""The timekeeper in real MicroPython; argv: port, then servers. Prints what it set or why not, as JSON lines."""

import asyncio
import json
import random
import socket
import sys
import time

sys.path.insert(0, __file__.rsplit("/", 1)[0] + "/../../firmware")

from lamppost.core.clock import Clock  # noqa: E402
from lamppost.link.time.ntp import Timekeeper  # noqa: E402

clock = Clock(time.ticks_ms, time.ticks_diff)


class Outbox:
    anchored = 0

    def anchor(self, told):
        self.anchored += told is clock


outbox = Outbox()


def on_set(before):
    said = {"before": before, "utc_s": clock.utc_s(), "tq": clock.tq, "tu_ms": clock.tu_ms}
    print(json.dumps(said))


def report(fault):
    print(json.dumps({"fault": fault.word, "detail": fault.detail}))


async def main():
    keeper = Timekeeper(
        socket, sys.argv[2:], lambda: True, clock, outbox, on_set, time.ticks_ms, time.ticks_diff,
        lambda n: random.getrandbits(24) % n, report, lambda text: None, int(sys.argv[1]),
    )  # fmt: skip
    print(json.dumps({"believed": await keeper.ask_all(), "anchored": outbox.anchored}))


asyncio.run(main())
