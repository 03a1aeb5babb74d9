"""The tasks of a running node, each one short loop; `keep` sees to it that none ends unnoticed."""

import asyncio
import gc
import sys

from micropython import const

from ..core.faults import SensorFault
from ..core.quantities import lacking
from ..lamp.dimming import STEP_MS
from . import status
from .conditions import JournalConditions, MeterConditions

_TICK_MS = const(250)
_OUTPUT_MS = const(100)
_TIME_MS = const(5000)
_COUNT_MS = const(5)  # pause after each block that is counted
_DIAG_MS = const(3600000)
_DIAG_RETRY_MS = const(10000)
_RESTART_MS = const(10000)


async def keep(node, name, within_ms, work, *rest):
    """Run one task for ever: an exception that it did not expect is logged, and it is restarted."""
    beat = node.health.task(name, within_ms)
    while True:
        try:
            await work(beat, node, *rest)
        except Exception as error:
            _log_crash(node, name, error)
        await asyncio.sleep_ms(_RESTART_MS)


def _log_crash(node, name, error):
    node.log("%s: %r; restarted in %d s" % (name, error, _RESTART_MS // 1000))
    sys.print_exception(error)


async def sense(node, part, every_ms, take, miss):
    """Read one part at its own pace, for ever: take(reading) or miss(fault). It restarts itself, as `keep` would."""
    beat = node.health.task(part.name, 2 * every_ms + 15000)
    due = node.clock.uptime_ms()
    while True:
        try:
            try:
                reading = await node.reader.read(part)
            except SensorFault as fault:
                miss(fault)
                node.health.fault(part.name, fault)
            else:
                take(reading)
                missing = lacking(part, reading)
                if missing:
                    node.health.fault(part.name, missing)
                else:
                    node.health.good(part.name)
            beat.alive()
        except Exception as error:
            _log_crash(node, part.name, error)
            await asyncio.sleep_ms(_RESTART_MS)
        # a read that took longer than its interval skips the reads it missed, and keeps the rhythm
        now = node.clock.uptime_ms()
        due += every_ms * ((now - due) // every_ms + 1)
        await asyncio.sleep_ms(due - now)


async def collect(beat, node):
    """Move what is complete into the journal, keep the counters, raise and clear alarms, and wake the link."""
    meter_conditions = MeterConditions(node.alarms, node.counters, node.clock)
    journal_conditions = JournalConditions(node.alarms, node.outbox)
    while True:
        stored = node.recorder.store(node.sensing, node.meter)
        if node.lamp_hours:
            node.lamp_hours.poll()
            node.switching_log.poll()
        node.counters.checkpoint()
        if node.meter:
            meter_conditions.poll(node.meter)
        if node.lamp_watch:
            node.lamp_watch.poll()
        for one in node.sensing:
            warned = getattr(one, "warned", None)
            if warned is not None:
                node.alarms.set(one.WARNS, bool(warned), *warned)
        journal_conditions.poll(node.recorder.worn or node.counters.worn)
        if stored:
            node.link.wake()
        beat.alive()
        await asyncio.sleep_ms(_TICK_MS)


async def dim(beat, node):
    """Decide on the level of the lamp, and ramp it."""
    while True:
        node.control.poll()
        for _ in range(_TICK_MS // STEP_MS):
            moving = node.dimmer.step()
            beat.alive()
            await asyncio.sleep_ms(STEP_MS if moving else _TICK_MS)
            if not moving:
                break


async def attend_output(beat, node):
    """Let the lamp's output send, repeat and query; info reports what it has found out about luminaires."""
    while True:
        known = len(node.output.luminaires)
        await node.output.attend()
        if len(node.output.luminaires) != known:
            node.link.introduce()
        beat.alive()
        await asyncio.sleep_ms(_OUTPUT_MS)


async def do_commands(beat, node):
    """Do the commands that come from the broker."""
    await node.commands.run(beat)


async def count_records(node):
    """Count what waits in the journal from earlier boots, a block at a time beside all else; then it may be sent."""
    while not node.outbox.counted:
        try:
            node.outbox.count()
            await asyncio.sleep_ms(_COUNT_MS)
        except Exception as error:
            _log_crash(node, "journal", error)
            await asyncio.sleep_ms(_RESTART_MS)
    if node.outbox.damaged:
        node.log("journal: damaged: %d records cannot be read back" % node.outbox.damaged)
    node.link.wake()


async def keep_time(beat, node):
    """Look after the time, and offer alarms again that the journal did not take."""
    while True:
        await node.time_source.poll()
        node.alarms.offer_again()
        beat.alive()
        await asyncio.sleep_ms(_TIME_MS)


async def attend_pushes(beat, node):
    """Take configurations that the broker has for this lamppost."""
    await node.config_push.attend(beat)


def diag_now(node):
    """Publish diag; True if it is on its way."""
    gc.collect()
    return node.link.publish_now(b"diag", status.diag(node, gc.mem_free(), node.wifi.rssi()))


async def publish_diag(beat, node):
    """Publish diag once the link is up, and hourly; not through the journal, since old figures help nobody."""
    wait_ms = 0
    while True:
        if wait_ms <= 0:
            wait_ms = _DIAG_RETRY_MS
            if node.link.up and node.outbox.counted and diag_now(node):
                wait_ms = _DIAG_MS
        beat.alive()
        await asyncio.sleep_ms(_TIME_MS)
        wait_ms -= _TIME_MS


async def update(beat, node):
    """Carry out updates over the air that are asked for."""
    await node.updates.run(beat)


async def judge_update(beat, node):
    """Confirm or take back an app that is on trial."""
    await node.updates.judge(beat)
