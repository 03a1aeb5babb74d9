"""Who tells the time, one by one: the clock on the board, a time server, the nights; loaded for each."""

import asyncio

from micropython import const

from ..core.borrow import once
from ..core.clock import ESTIMATED, RTC
from ..core.faults import SensorFault

_DAY = const(86400)


class Estimate:
    """A time that only records get, and only until a better one is known: it does not set the clock."""

    tq = ESTIMATED

    def __init__(self, offset_s, tu_ms):
        self.offset_s = offset_s
        self.tu_ms = tu_ms


async def ask_rtc(base):
    """Ask the clock on the board."""
    try:
        utc_s, tu_ms = await base.rtc.time()
        if base.floor_s is not None and utc_s < base.floor_s - _DAY:
            raise SensorFault("range", "it is %d s before the last time known" % (base.floor_s - utc_s))
    except SensorFault as fault:
        base.health.fault(base.rtc.name, fault)
        return
    base.kept.doubt_h = 0
    base.clock.set_utc(utc_s, 0, RTC, tu_ms)
    base.anchor(base.clock)
    base.source = "rtc"


async def set_rtc(base):
    """Once after each setting, at the beginning of a second."""
    clock = base.clock
    await asyncio.sleep_ms(1000 - clock.utc_ms_part())
    try:
        base.rtc.set(clock.utc_s() + (clock.utc_ms_part() > 500))
        base._set_at = clock.set_at_s
        base.health.good(base.rtc.name)
    except SensorFault as fault:
        base.health.fault(base.rtc.name, fault)


def clock_set(node, before):
    """See Node.clock_set."""
    told(node.timebase)
    step_s = None if before is None else node.clock.utc_s() - before
    if step_s is None or abs(step_s) > 1:
        node.event(b"clock", once("ops.status", "clock", step_s and step_s * 1000, "ntp"))


def told(base):
    """A time server was believed."""
    base.source = "ntp"
    base.kept.doubt_h = 0
    if base.clock.drift_ppb is not None:
        base.kept.drift = base.clock.drift_ppb // 10
    base.keep()


def learn(base):
    """Learn from the time when the power came."""
    _nights(base).learn(base.clock.utc_s() - base.clock.uptime_s())


def ask_dusk(base):
    """Ask the nights."""
    guess = _nights(base).guess(base._power_cut)
    if guess is None:
        return
    base.estimate = Estimate(guess[0], guess[1])
    base.anchor(base.estimate)
    base.source = "dusk"
    base.log("time: estimated by the nights, %d s either way" % (guess[1] // 1000))


def _nights(base):
    place = base.location
    return once("ops.sunset_clock", "Dusk", base.kept, place["lat"], place["lon"])
