"""A simulated street: so many lampposts that get their power in the same second, and go on measuring."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable
from typing import Any

from .figures import Figures
from .lamp import Lamp

SITE = "simulated"
ALARM_EVERY = 40  # of so many lampposts one has an alarm that came and went in the night


class SimulatedStreet:
    """`city = SimulatedStreet(2000, mqtt); await city.power_on(); ...; await city.power_off()`.

    mqtt -- the section of a lamppost's configuration; backlog -- records that wait from a night that nobody heard of
    every_s -- each lamppost has a fresh record so often, all in the same second, as windows are aligned to UTC
    """

    def __init__(
        self, nodes: int, mqtt: dict[str, Any], backlog: int = 0, every_s: int = 0, site: str = SITE,
        utc: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self.figures = Figures()
        self._utc = utc
        self._every_s = every_s
        self._tasks: list[asyncio.Task[None]] = []
        self._clock: asyncio.Task[None] | None = None
        digits = len(str(nodes))
        self.lamps = [
            Lamp({"site": site, "node": f"lp-{number:0{digits}d}", "mqtt": mqtt}, self.figures, utc)
            for number in range(1, nodes + 1)
        ]
        if backlog:
            for number, lamp in enumerate(self.lamps):
                lamp.remember(backlog, number % ALARM_EVERY == 0)
        for lamp in self.lamps:
            lamp.power_on()
        gc.freeze()  # what is here stays; looking through it again and again would hold everybody up

    async def power_on(self) -> None:
        self.figures.started = self.figures.now()
        self._tasks = [asyncio.create_task(lamp.run()) for lamp in self.lamps]
        if self._every_s:
            self._clock = asyncio.create_task(self._measure(self._every_s))

    async def _measure(self, every_s: int) -> None:
        while True:
            now = self._utc()
            await asyncio.sleep(every_s - now % every_s)
            for lamp in self.lamps:
                lamp.measure(every_s, lamp.ts())
                lamp.wake()

    async def stop_measuring(self) -> None:
        """No fresh records any more; what waits still goes."""
        clock, self._clock = self._clock, None
        await _ended([clock] if clock else [])

    async def power_off(self) -> None:
        """As at dawn: nobody says goodbye."""
        await self.stop_measuring()
        tasks, self._tasks = self._tasks, []
        await _ended(tasks)
        gc.unfreeze()

    @property
    def up(self) -> int:
        return sum(lamp.up for lamp in self.lamps)

    @property
    def waiting(self) -> int:
        """Records that are not acknowledged."""
        return sum(lamp.backlog.depth for lamp in self.lamps)

    @property
    def acknowledged(self) -> int:
        return len(self.figures.puback)

    def ledger(self) -> dict[str, dict[int, int]]:
        """{node: {boot: its last number}}: what a subscriber must have seen, with all numbers below."""
        return {lamp.node: dict(lamp.backlog.last) for lamp in self.lamps}


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(ended, Exception):
            raise ended
