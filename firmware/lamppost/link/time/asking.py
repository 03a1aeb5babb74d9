"""One round of questions to the time servers, and what is believed of the answers; loaded for each round."""

import asyncio

from ...core.clock import NTP
from ...core.faults import LinkFault
from . import ntp
from .consensus import Answer, Jury

WITH = ("link.time.ntp", "link.time.consensus")


async def ask_all(keeper):
    """See Timekeeper.ask_all."""
    jury = keeper.jury or Jury(keeper.clock, keeper.floor_s)
    answers = []
    for server in keeper.servers:
        answer = await _ask(keeper, server)
        if answer is None:
            continue
        answers.append(answer)
        chosen = jury.settle(answers) if len(answers) == 2 else None
        if chosen:
            return _set(keeper, chosen)
    if not answers:
        return False
    chosen, step_s = jury.settle(answers), None
    if chosen is None:
        chosen, step_s = jury.alone(answers)
    if chosen is None:
        keeper.jury = jury
        words = "%s is not believed" % answers[0].server if len(answers) == 1 else "time servers disagree"
        keeper.log("time: %s, %d s from ours" % (words, step_s))
        if keeper.doubt:
            keeper.doubt(step_s, words)
        return False
    return _set(keeper, chosen)


async def _ask(keeper, server):
    try:
        time = await ntp.ask(keeper.socket, server, keeper.ticks_ms, keeper.ticks_diff, keeper.random, keeper.port)
        return Answer(server, keeper.clock, *time)
    except LinkFault as fault:
        keeper.report(fault)
        keeper.log("time: %s" % fault)
    except Exception as error:
        # one strange answer must not cost those of the others
        keeper.log("time: %s: %r" % (server, error))
    await asyncio.sleep_ms(0)  # a name that is not found has held up everybody
    return None


def _set(keeper, answer):
    """Believe an answer; a fault of whoever hears of it must not stop the time."""
    clock = keeper.clock
    keeper.jury = None  # what was doubted before counts no more
    before = clock.utc_s()
    ms = clock.uptime_ms() % 1000 + answer.offset_ms
    clock.set_utc(clock.uptime_s() + answer.offset_s + ms // 1000, ms % 1000, NTP, answer.tu_ms)
    try:
        keeper.outbox.anchor(clock)
        keeper.on_set(before)
        if keeper.doubt:
            keeper.doubt(None, "")
    except Exception as error:
        keeper.log("time: %r" % error)
    return True
