"""Sets the clock from time servers that agree, or from one that tells nothing strange, and again every few hours."""

import asyncio

from micropython import const

from ...core.borrow import once

_AGAIN_S = const(14400)
_FIRST_RETRY_S = const(2)
_LAST_RETRY_S = const(300)
_DOUBT_S = const(900)  # pause while a server tells what is not believed yet


class Timekeeper:
    """Runs beside the link, for ever.

    network_up() -> bool; report(fault) -- each failure
    on_set(before) -- the clock was set and the outbox has been told; before: what it said then, or None
    doubt(step_s, words) -- a time was refused that is step_s from ours; doubt(None, "") -- that is over
    floor_s -- the last UTC that an earlier boot knew, or None
    """

    def __init__(
        self, socket, servers, network_up, clock, outbox, on_set, ticks_ms, ticks_diff, random, report, log,
        port=123, doubt=None, floor_s=None,
    ):  # fmt: skip
        self.socket = socket
        self.servers = servers
        self._network_up = network_up
        self.clock = clock
        self.outbox = outbox
        self.on_set = on_set
        self.ticks_ms = ticks_ms
        self.ticks_diff = ticks_diff
        self.random = random
        self.report = report
        self.log = log
        self.port = port
        self.doubt = doubt
        self.floor_s = floor_s
        self.jury = None  # link/time/consensus.py's, while a server tells what is not believed yet

    async def run(self):
        retry_s = _FIRST_RETRY_S
        while True:
            while not self._network_up():
                await asyncio.sleep_ms(500)
            if await self.ask_all():
                retry_s = _FIRST_RETRY_S
                wait_s = _AGAIN_S
            elif self.jury:
                wait_s = _DOUBT_S
            else:
                wait_s = retry_s
                retry_s = min(retry_s * 2, _LAST_RETRY_S)
            # nodes that came up together do not ask together
            await asyncio.sleep_ms(wait_s * 750 + self.random(wait_s * 500))

    async def ask_all(self):
        """Ask the servers in turn until two agree; True if the clock was set."""
        try:
            return await once("link.time.asking", "ask_all", self)
        except Exception as error:
            # no memory to load it, perhaps: this task must not die of it
            self.log("time: %r" % error)
            return False
