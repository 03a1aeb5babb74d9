"""The tasks of a running node, each one short loop; `keep` sees to it that none dies silently."""

import asyncio
import gc
import sys

from micropython import const

from ..core.borrow import give_back, once
from ..core.faults import SensorFault

_TICK_MS = const(250)
_HEALTHY_MS = const(60000)  # after so long with every task in time, a start counts as a good one
_DIAG_MS = const(3600000)
_DIAG_AGAIN_MS = const(10000)
_TEND_MS = const(5000)
_TOLD_S = const(86400)  # how long it is told that another meter counts
_START_AGAIN_MS = const(10000)
# what modules share that are loaded for a while: whoever still works with one holds it
_SHARED = ("core.codec", "core.calendar", "sensing.past")


async def keep(node, name, within_ms, work, *rest):
    """Run one task for ever: what it did not expect is said, and it starts again."""
    beat = node.health.task(name, within_ms)
    while True:
        try:
            await work(beat, node, *rest)
        except Exception as error:
            node.log("%s: %r; starts again" % (name, error))
            sys.print_exception(error)
        await asyncio.sleep_ms(_START_AGAIN_MS)


async def sense(beat, node, part, every_ms, take, miss):
    """Read one part at its own pace; what it cannot give has a word."""
    due = node.clock.uptime_ms()
    while True:
        try:
            reading = await part.read()
        except SensorFault as fault:
            miss(fault)
            node.health.fault(part.name, fault)
        else:
            take(reading)
            node.health.good(part.name)
        beat.alive()
        # a read that took longer than its turn skips the turns it missed, and keeps the rhythm
        now = node.clock.uptime_ms()
        due += every_ms * ((now - due) // every_ms + 1)
        await asyncio.sleep_ms(due - now)


async def collect(beat, node):
    """Move what is complete into the journal, keep the counters, and let the link know."""
    told = node.outbox.dropped
    changed = (None, 0, None)
    while True:
        stored = node.store()
        if node.burn:
            node.burn.poll()
        node.counters.checkpoint()
        if node.meter and node.meter.supply_lost is not None:
            node.alarms.set("supplyLoss", node.meter.supply_lost, "meter silent")
            changed = another_meter(node, changed)
        for one in node.sensing:
            warned = getattr(one, "warned", None)
            if warned is not None:
                node.alarms.set(one.WARNS, bool(warned), *warned)
        node.alarms.set("journalWorn", node.worn or node.counters.worn, "flash takes nothing any more")
        journal = node.outbox.lying
        if journal:
            told = overflow(node, journal, told)
            damaged = journal.damaged
            node.alarms.set("journalDamaged", damaged > 0, "records that cannot be read back", damaged)
        if stored:
            node.link.wake()
        beat.alive()
        await asyncio.sleep_ms(_TICK_MS)


def another_meter(node, told):
    """Say for a day, or until the next start, that the meter was reset or swapped.

    Returns (what was said, when, what the meter stood at).
    """
    change, now = node.meter.register.change, node.clock.uptime_s()
    if change != told[0]:
        node.alarms.set("meterChanged", False)
        told = (change, now, node.counters.meter_mwh)
    on = change is not None and now - told[1] < _TOLD_S
    node.alarms.set("meterChanged", on, change, told[2])
    return told


async def tend(beat, node, wifi):
    """What is looked after every few seconds: the time (ops/timebase.py), what need not be in memory, whether this
    start was a good one, and the figures of diag."""
    good_ms, wait_ms = -_TEND_MS, 0
    while True:
        await node.timebase.tend()
        node.outbox.tend()
        give_back(*_SHARED)
        # once every task has been in time for a minute
        good_ms = 0 if node.health.late() else good_ms + _TEND_MS
        if good_ms == _HEALTHY_MS:
            node.healthy()
        wait_ms -= _TEND_MS
        if wait_ms <= 0:
            wait_ms = _DIAG_MS if diagnose(node, wifi) else _DIAG_AGAIN_MS
        beat.alive()
        await asyncio.sleep_ms(_TEND_MS)


def diagnose(node, wifi):
    """Figures once the link stands, and hourly; not journaled, since an old one helps nobody. True if they are told."""
    if not node.link.up:
        return False
    gc.collect()
    return node.link.publish_now(b"diag", once("ops.report", "diag", node, gc.mem_free(), wifi.rssi()))


def overflow(node, journal, told):
    """Say that the journal drops telemetry: at the first record, at each doubling, and the sum at the end.

    Not at each drop: alarms take the room that is missing. Returns how many have been told.
    """
    dropped = journal.dropped
    over = not journal.depth()
    if dropped != told and (over or dropped >= 2 * told):
        node.alarms.set("journalOverflow", True, "oldest telemetry dropped", dropped)
        return dropped
    if over:
        node.alarms.set("journalOverflow", False)
    return told
