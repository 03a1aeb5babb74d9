"""Sets the clock from the first time server that tells a time which can be true, and again every few hours."""

import asyncio

from micropython import const

from ..core.clock import NTP
from ..core.faults import LinkFault
from . import sntp

_AGAIN_S = const(21600)
_FIRST_RETRY_S = const(2)
_LAST_RETRY_S = const(300)


class Timekeeper:
    """Runs beside the link, for ever.

    network_up() -> bool; report(fault) -- each failure
    on_set(before) -- the clock was set and the outbox has been told; before: what it said then, or None
    """

    def __init__(
        self, socket, servers, network_up, clock, outbox, on_set, ticks_ms, ticks_diff, random, report, log,
        port=123,
    ):  # fmt: skip
        self._socket = socket
        self._servers = servers
        self._network_up = network_up
        self._clock = clock
        self._outbox = outbox
        self._on_set = on_set
        self._ticks_ms = ticks_ms
        self._ticks_diff = ticks_diff
        self._random = random
        self._report = report
        self._log = log
        self._port = port

    async def run(self):
        retry_s = _FIRST_RETRY_S
        while True:
            while not self._network_up():
                await asyncio.sleep_ms(500)
            if await self.ask_all():
                retry_s = _FIRST_RETRY_S
                wait_s = _AGAIN_S
            else:
                wait_s = retry_s
                retry_s = min(retry_s * 2, _LAST_RETRY_S)
            # nodes that came up together do not ask together
            await asyncio.sleep_ms(wait_s * 750 + self._random(wait_s * 500))

    async def ask_all(self):
        """Ask the servers in turn until one is believed; True if the clock was set."""
        for server in self._servers:
            try:
                seconds, ms, tu_ms = await sntp.ask(
                    self._socket, server, self._ticks_ms, self._ticks_diff, self._random, self._port
                )
                before = self._clock.utc_s()
                self._clock.set_utc(seconds, ms, NTP, tu_ms)
                self._outbox.anchor(self._clock)
                self._on_set(before)
                return True
            except LinkFault as fault:
                self._report(fault)
                self._log("time: %s" % fault)
            except Exception as error:
                # this task must not die of one strange answer
                self._log("time: %s: %r" % (server, error))
        return False
