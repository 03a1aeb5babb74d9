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
_START_AGAIN_MS = const(10000)
# what modules share that are loaded for a while: whoever still works with one holds it
_SHARED = ("core.payload", "core.calendar")


async def keep(node, name, within_ms, work, *rest):
    """Run one task for ever: what it did not expect is said, and it starts again."""
    beat = node.health.task(name, within_ms)
    while True:
        try:
            await work(beat, node, *rest)
        except Exception as error:
            _failed(node, name, error)
        await asyncio.sleep_ms(_START_AGAIN_MS)


def _failed(node, name, error):
    node.log("%s: %r; starts again" % (name, error))
    sys.print_exception(error)


async def sense(node, part, every_ms, take, miss):
    """Read one part at its own pace, for ever; what it cannot give has a word. As `keep`, without a task's weight."""
    beat = node.health.task(part.name, 2 * every_ms + 15000)
    due = node.clock.uptime_ms()
    while True:
        try:
            try:
                reading = await part.read()
            except SensorFault as fault:
                miss(fault)
                node.health.fault(part.name, fault)
            else:
                take(reading)
                node.health.good(part.name)
            beat.alive()
        except Exception as error:
            _failed(node, part.name, error)
            await asyncio.sleep_ms(_START_AGAIN_MS)
        # a read that took longer than its turn skips the turns it missed, and keeps the rhythm
        now = node.clock.uptime_ms()
        due += every_ms * ((now - due) // every_ms + 1)
        await asyncio.sleep_ms(due - now)


async def collect(beat, node):
    """Move what is complete into the journal, keep the counters, and let the link know."""
    told = node.outbox.dropped
    changed = until_s = None  # what of another meter was told, and how long it is
    while True:
        stored = node.store()
        if node.burn:
            node.burn.poll()
        node.counters.checkpoint()
        if node.meter and node.meter.supply_lost is not None:
            node.alarms.set("supplyLoss", node.meter.supply_lost, "meter silent")
            change = node.meter.register.change
            if until_s is None or change != changed or 0 < until_s <= node.clock.uptime_s():
                until_s = once("ops.status", "another_meter", node, change, change != changed)
                changed = change
        for one in node.sensing:
            warned = getattr(one, "warned", None)
            if warned is not None:
                node.alarms.set(one.WARNS, bool(warned), *warned)
        node.alarms.set("journalWorn", node.worn or node.counters.worn, "flash takes nothing any more")
        journal = node.outbox.lying
        if journal:
            # the first record that is dropped, each doubling, and the sum at the end; not each, as alarms take the
            # room that is missing
            dropped, over = journal.dropped, not journal.depth()
            if dropped != told and (over or dropped >= 2 * told):
                node.alarms.set("journalOverflow", True, "oldest telemetry dropped", dropped)
                told = dropped
            elif over:
                node.alarms.set("journalOverflow", False)
            damaged = journal.damaged
            node.alarms.set("journalDamaged", damaged > 0, "records that cannot be read back", damaged)
        journal = None  # it may be folded away before the next turn
        if stored:
            node.link.wake()
        beat.alive()
        await asyncio.sleep_ms(_TICK_MS)


async def tend(beat, node, wifi):
    """What is looked after every few seconds: the time (ops/time_source.py), what need not be in memory, whether this
    start was a good one, and the figures of diag."""
    good_ms, wait_ms = -_TEND_MS, 0
    while True:
        await node.timebase.tend()
        node.outbox.tend()
        if not node.link.sender:  # it has some of them, and whoever comes next would load a second copy
            give_back(*_SHARED)
        # once every task has been in time for a minute
        good_ms = 0 if node.health.late() else good_ms + _TEND_MS
        if good_ms == _HEALTHY_MS:
            node.healthy()
        wait_ms -= _TEND_MS
        if wait_ms <= 0:
            # once the link stands, and hourly; not journaled, since old figures help nobody
            wait_ms = _DIAG_AGAIN_MS
            if node.link.up:
                gc.collect()
                said = once("ops.status", "diag", node, gc.mem_free(), wifi.rssi())
                if node.link.publish_now(b"diag", said):
                    wait_ms = _DIAG_MS
        beat.alive()
        await asyncio.sleep_ms(_TEND_MS)
