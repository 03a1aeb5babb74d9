"""Sets the clock from time servers that agree, or from one that tells nothing strange, and again every few hours."""

import asyncio

from micropython import const

from ..core.clock import NTP
from ..core.faults import LinkFault
from . import sntp
from .agreement import Answer, Jury

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
        self._doubt = doubt
        self._jury = Jury(clock, floor_s)
        self._doubting = False

    async def run(self):
        retry_s = _FIRST_RETRY_S
        while True:
            while not self._network_up():
                await asyncio.sleep_ms(500)
            if await self.ask_all():
                retry_s = _FIRST_RETRY_S
                wait_s = _AGAIN_S
            elif self._doubting:
                wait_s = _DOUBT_S
            else:
                wait_s = retry_s
                retry_s = min(retry_s * 2, _LAST_RETRY_S)
            # nodes that came up together do not ask together
            await asyncio.sleep_ms(wait_s * 750 + self._random(wait_s * 500))

    async def ask_all(self):
        """Ask the servers in turn until two agree; True if the clock was set."""
        answers = []
        for server in self._servers:
            answer = await self._ask(server)
            if answer is None:
                continue
            answers.append(answer)
            chosen = self._jury.settle(answers) if len(answers) == 2 else None
            if chosen:
                return self._set(chosen)
        if not answers:
            return False
        chosen, step_s = self._jury.settle(answers), None
        if chosen is None:
            chosen, step_s = self._jury.alone(answers)
        if chosen is None:
            self._refuse(answers, step_s)
            return False
        return self._set(chosen)

    async def _ask(self, server):
        try:
            time = await sntp.ask(self._socket, server, self._ticks_ms, self._ticks_diff, self._random, self._port)
            return Answer(server, self._clock, *time)
        except LinkFault as fault:
            self._report(fault)
            self._log("time: %s" % fault)
        except Exception as error:
            # this task must not die of one strange answer
            self._log("time: %s: %r" % (server, error))
        await asyncio.sleep_ms(0)  # a name that is not found has held up everybody
        return None

    def _refuse(self, answers, step_s):
        self._doubting = True
        words = "%s is not believed" % answers[0].server if len(answers) == 1 else "time servers disagree"
        self._log("time: %s, %d s from ours" % (words, step_s))
        if self._doubt:
            self._doubt(step_s, words)

    def _set(self, answer):
        """Believe an answer; a fault of whoever hears of it must not stop the time."""
        clock = self._clock
        self._jury.believed()
        self._doubting = False
        before = clock.utc_s()
        ms = clock.uptime_ms() % 1000 + answer.offset_ms
        clock.set_utc(clock.uptime_s() + answer.offset_s + ms // 1000, ms % 1000, NTP, answer.tu_ms)
        try:
            self._outbox.anchor(clock)
            self._on_set(before)
            if self._doubt:
                self._doubt(None, "")
        except Exception as error:
            self._log("time: %r" % error)
        return True
