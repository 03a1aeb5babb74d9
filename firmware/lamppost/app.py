"""Builds the node from its configuration and runs its tasks; the only place where everything meets."""

import asyncio
import gc
import sys
import time

import machine

from . import assembly
from .core.clock import Clock
from .core.faults import SettingsFault
from .drivers import registry
from .ops import boot_slot, conditions, config_store, console, maintenance, status, tasks
from .ops import selftest as selftests
from .ops.alarms import Alarms
from .ops.config_push import ConfigPush
from .ops.config_trial import Trial
from .ops.holds import Holds
from .ops.lamp_hours import LampHours
from .ops.part_reader import PartReader
from .ops.recorder import Recorder
from .ops.routes import Routes
from .ops.start_times import StartTimes
from .ops.time_source import TimeSource
from .ops.update import state
from .ops.update.trial import AppTrial
from .ops.watchdog import Health
from .sensing import setup

_FULL_SPEED_HZ = 240000000  # the official images start at 160 MHz; a lamppost has mains
_WATCHDOG_MS = 60000  # longer than a name look-up that fails (14 s) and whatever waits behind it
_COLLECT_B = 65536  # a collection after so many allocated bytes: short ones, before the heap grows into IDF's memory


class Node:
    """One lamppost: its configuration, its parts, its journal, and what its tasks share.

    slot -- letter of the app slot; config -- (document, fingerprint, reverted) from config_store.load
    trial -- ops/config_trial.py; shown -- ops/console.py's Console; start_times -- ops/start_times.py
    """

    def __init__(self, slot, config, trial, clock, shown, start_times):
        self.slot = slot
        self.config, self.fingerprint, self.reverted = config
        self.trial = trial
        self.clock = clock
        self.console = shown
        self.log = log = shown.log
        self.start_times = start_times
        self.reset = status.reset_word(machine)
        self.board = config_store.facts("board.json")
        self.wiring = assembly.wiring(self.board)
        # first: the lamp is on within 2 s of the power
        self.output = assembly.lamp_output(self.config, self.board, self.wiring, clock, log)
        self.build = assembly.build()
        self.fresh = config_store.fresh()  # a new configuration was adopted since the last start
        self.broker = assembly.broker(self.config, self.reset, self.fresh)
        self.wifi = assembly.wifi(self.config)
        if not self.broker.spread_ms:
            # the station joins while the rest is built; a city that powers on together waits, and spares DHCP and DNS
            self.wifi.start()
        self.dimmer = assembly.dimmer(self.output, self.config, clock, self.broker.client_id)
        start_times.mark("wifi")
        self.parts = assembly.parts(self.config, self.wiring)
        start_times.mark("parts")
        power_cut = self.reset == "power-on"
        self.counters, self.outbox, self.lost = assembly.journal(power_cut, clock, log)
        start_times.mark("journal")
        self.reader = PartReader()
        self.recorder = Recorder(self.outbox, self.counters, clock, log)
        self.alarms = Alarms(self.recorder.append, clock, self.counters)
        self.health = Health(clock, self.alarms.set, log)
        rtc = [part for part in self.parts.values() if hasattr(part, "time")]
        self.time_source = TimeSource(
            clock, self.counters, self.outbox.anchor, self.health, self.recorder.event, log,
            rtc[0] if rtc else None, self.config.get("location"), power_cut,
        )  # fmt: skip
        drives = "lamp" in self.config
        self.lamp_hours = LampHours(self.counters, lambda: self.dimmer.level, clock) if drives else None
        sensing, self.readings = setup.build(self.config, clock, self.counters, self.parts)
        self.sensing = list(sensing.values()) + assembly.gear_reports(self.output, clock)
        self.meter = sensing.get("energy")  # the sensing object of the energy meter, if there is one
        self.presence = sensing.get("presence")
        self.control = self.switching_log = self.lamp_watch = None
        if drives:
            self.control = assembly.control(self, sensing["light"], self.presence)
            self.switching_log = assembly.switching_log(self)
            self.lamp_watch = assembly.lamp_watch(self)
        start_times.mark("sensing")
        self.routes = Routes(log)
        self.config_trial = trial
        self.config_push = ConfigPush(self, trial, registry.driver, self.reset_now)
        self.routes.add(b"cfg/desired", self.config_push.take)
        self.commands = assembly.commands(self)
        self.holds = Holds()
        self.holds.add("A new configuration is on trial.", lambda: trial.on)
        self.holds.add("A command is in work.", lambda: self.commands.busy)
        self.holds.add("The gear on the DALI bus is being addressed.", lambda: self.output.busy)
        self.images = assembly.images()
        self.update_trial = AppTrial(slot, self.reset, state, self.images)
        self.routes.add(b"ota/desired", lambda *message: self.updates.take(*message))
        self.blocks = assembly.blocks(self)
        self.broker.commands = self.routes.filters()
        self.link = self.recorder.link = assembly.link(self, self.health.task("link", 45000).alive)
        self.updates = assembly.updates(self)

    def reset_now(self):
        """Reset the chip because somebody asked for it: no failed start and no crash of this app."""
        boot_slot.healthy(machine, self.slot)
        self.update_trial.expect_reset()
        machine.reset()

    def info(self):
        base = self.images.facts()
        luminaires = self.output.luminaires
        return status.info(self.config, self.fingerprint, self.board, self.build, self.parts, base, luminaires)

    def broker_forgot(self):
        """Publish again what the broker should have retained: the states of bays, light and gear, and the alarms."""
        # before a record of this start was acknowledged, the journal has what was reported since
        again = self.link.connections > 1
        self.alarms.forgotten(everything=again)
        if again:
            for one in self.sensing:
                if getattr(one, "retain", False):
                    one.report_again()

    def announce(self):
        """Commit the first records of this boot: evt/boot, and what became of a new configuration."""
        build = self.build.get("build", "?")
        fallback = boot_slot.fallback(self.slot)
        if fallback:
            self.log("app: slot %s runs, the other slot is %s" % (self.slot, fallback))
        last = self.outbox.last_committed
        self.recorder.event(b"boot", status.boot(self.counters, self.reset, last, self.slot, fallback, build))
        reverted = self.reverted or (self.trial.reason if self.trial.phase == "reverted" else "")
        self.alarms.set("configReverted", bool(reverted), reverted)
        if self.reverted or self.fresh or self.trial.told():
            self.recorder.event(b"config", status.config(self.fingerprint, reverted))
        self.alarms.set("journalLost", bool(self.lost), self.lost)
        conditions.clear_absent(self.alarms, self.config, config_store.earlier_parts() + self.trial.added)


async def run(node):
    """Start every task, and feed the watchdog while all of them are in time."""
    await node.time_source.read_rtc()
    for part, every_ms, take, miss in node.readings:
        asyncio.create_task(tasks.sense(node, part, every_ms, take, miss))
    asyncio.create_task(tasks.keep(node, "journal", 15000, tasks.collect))
    asyncio.create_task(tasks.keep(node, "time", 30000, tasks.keep_time))
    if "lamp" in node.config:
        asyncio.create_task(tasks.keep(node, "dimming", 15000, tasks.dim))
        asyncio.create_task(tasks.keep(node, "lamp", 30000, tasks.attend_output))
    asyncio.create_task(tasks.keep(node, "diag", 30000, tasks.publish_diag))
    asyncio.create_task(tasks.keep(node, "commands", 60000, tasks.do_commands))
    asyncio.create_task(tasks.keep(node, "console", 15000, console.attend, machine))
    asyncio.create_task(tasks.keep(node, "config", 60000, tasks.attend_pushes))
    asyncio.create_task(tasks.keep(node, "update", 60000, tasks.update))
    asyncio.create_task(tasks.keep(node, "trial", 15000, tasks.judge_update))
    asyncio.create_task(node.link.run())
    asyncio.create_task(tasks.count_records(node))
    asyncio.create_task(assembly.timekeeper(node).run())
    build = node.build.get("build", "?")
    node.log("app: %s, boot %d, %s reset, build %s" % (node.config["node"], node.counters.boot, node.reset, build))
    node.announce()  # before any task has run
    node.start_times.mark("tasks")
    await node.health.watch(lambda: boot_slot.healthy(machine, node.slot))


def built(slot, config, trial, clock, shown, start_times):
    """The node; one that cannot be built with a configuration on trial starts again with the one before."""
    try:
        return Node(slot, config, trial, clock, shown, start_times)
    except Exception as error:
        if trial.on:
            sys.print_exception(error)
            trial.revert("the app does not start with it: %s" % type(error).__name__)
            machine.reset()
        raise


def main(slot, began_ms=None, window_ms=None):
    """Run the app of that slot until somebody at the console presses Ctrl-C, or for ever.

    began_ms, window_ms -- ticks at which boot.py began, and at which its rescue window ended
    Raises what keeps it from starting, so that main.py tries the other slot; a missing configuration is no
    failure of the app.
    """
    machine.freq(_FULL_SPEED_HZ)
    gc.threshold(_COLLECT_B)
    clock = Clock(time.ticks_ms, time.ticks_diff)
    shown = console.Console(clock)
    began_ms = time.ticks_ms() if began_ms is None else began_ms
    start_times = StartTimes(time.ticks_ms, time.ticks_diff, began_ms, shown.log)
    if window_ms is not None:
        start_times.mark("window", window_ms)
    start_times.mark("import")
    try:
        trial = Trial(shown.log)
        trial.start(status.reset_word(machine) == "power-on")
        node = built(slot, config_store.load(), trial, clock, shown, start_times)
    except SettingsFault as fault:
        print("lamppost: no configuration (%s); run: lamplighter configure" % fault)
        return
    machine.Timer(0).deinit()  # boot.py may feed the watchdog from it: from here on only the tasks do
    node.health.watchdog = machine.WDT(timeout=_WATCHDOG_MS)
    boot_slot.armed(machine, slot)
    try:
        asyncio.run(run(node))
    except KeyboardInterrupt:
        maintenance.maintain(machine, node.health.watchdog)


def selftest():
    """Check parts and node against their limits; one JSON object a line, the verdict last."""
    gc.collect()
    heap_free = gc.mem_free()
    config = config_store.load()[0]
    parts = assembly.parts(config, assembly.wiring(config_store.facts("board.json")))
    return asyncio.run(selftests.run(parts, assembly.partition(), assembly.wifi(config), heap_free))
