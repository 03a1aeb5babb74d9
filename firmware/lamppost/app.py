"""Builds the node from its configuration and runs it; the only place where everything meets."""

import asyncio
import gc
import os
import select
import socket
import time

import machine
import network
from esp32 import Partition
from micropython import const

from .buses.wiring import Wiring
from .core.clock import Clock
from .core.faults import JournalFault, SensorFault, SettingsFault
from .drivers import shelf
from .journal import flash, outbox, ring
from .journal.counters import Counters
from .link.broker import Broker
from .link.link import Link
from .link.timekeeper import Timekeeper
from .link.wifi import Wifi
from .ops import report, settings, tasks, trial
from .ops.alarms import Alarms
from .ops.console import Console, Slot, maintain
from .ops.health import Health
from .ops.timebase import Timebase

_WATCHDOG_MS = const(60000)  # longer than a name look-up that fails (14 s) and whatever waits behind it

_FAR = const(60000)  # boot numbers to jump over by chance when none can be kept: no key (b, s) is used twice
_TIME_SERVERS = ("0.pool.ntp.org", "1.pool.ntp.org", "2.pool.ntp.org")  # two must agree


class Node:
    """One lamppost: its configuration, its parts, its journal, and what its tasks share."""

    def __init__(self, slot):
        self.clock = Clock(time.ticks_ms, time.ticks_diff)
        self.log = Console(self.clock).log
        self.reset = report.reset_word(machine)
        self.fresh = False  # a new configuration was adopted since the last start
        self.board = settings.facts("board.json")
        self.build = settings.facts("build.json")
        self.config, self.fingerprint, self.reverted = settings.load()
        self.slot = slot
        self.parts = build_parts(self.config, self.board)
        cut = self.reset == "power-on"
        partition = Partition.find(Partition.TYPE_DATA, label="journal")[0]
        self.counters, self.outbox, self.lost = open_journal(partition, self.clock, cut, random_below, self.log)
        self.worn = False  # the journal did not take a record
        self.alarms = Alarms(self.append, outbox.ALARM, outbox.CLEAR, self.clock, self.counters)
        self.health = Health(self.clock, self.alarms.set, self.log)
        rtc = [part for part in self.parts.values() if hasattr(part, "time")]
        self.timebase = Timebase(
            self.clock, self.counters, self.outbox.anchor, self.health, self.log, rtc[0] if rtc else None,
            self.config.get("location"), cut,
        )  # fmt: skip
        self.burn = build_burn(self) if "light" in self.config else None
        self.sensing = []
        self.meter = None  # the sensing object of the energy meter, if there is one
        self.link = None

    def now(self):
        """`at` of a record made now: (seconds, True if UTC, time quality, uncertainty in ms)."""
        utc = self.clock.utc_s()
        if utc is None:
            return self.clock.uptime_s(), False, 0, 0
        return utc, True, self.clock.tq, self.clock.tu_ms

    def append(self, kind, topic, body):
        """Commit a record of this moment to the journal."""
        self.commit(kind, topic, body, self.now())

    def commit(self, kind, topic, body, at, retain=None):
        """Commit a record; one that worn flash does not take is sent at once, or leaves a gap in the numbers."""
        try:
            self.outbox.append(kind, topic, body, at, retain)
        except JournalFault as fault:
            self.log("journal: %s" % fault)
            if fault.word == "worn":
                self.worn = True
                seq = None if kind == outbox.CLEAR else self.outbox.number()
                if retain is None:
                    retain = kind in (outbox.ALARM, outbox.CLEAR)
                if self.link:
                    self.link.publish_now(topic, body, 1, retain, seq)

    def event(self, kind, body):
        self.append(outbox.EVENT, b"evt/" + kind, body)

    def clock_set(self, before):
        """A time server was believed; `before` -- UTC by then, or None. Earlier records have their time now."""
        self.timebase.told()
        step_s = None if before is None else self.clock.utc_s() - before
        if step_s is None or abs(step_s) > 1:
            self.event(b"clock", report.clock(None if step_s is None else step_s * 1000, "ntp"))

    def doubt(self, step_s, words):
        """A time server told what is not believed; None: that is over."""
        self.alarms.set("clockDoubt", step_s is not None, words, step_s)

    def tell_start(self):
        """The first record of this boot, and what a new configuration means for it."""
        last, slot = self.outbox.last_committed, self.slot.letter
        self.event(b"boot", report.boot(self.counters, self.reset, last, slot, self.build.get("build", "?")))
        if self.reverted or self.fresh:
            self.event(b"config", report.config(self.fingerprint, self.reverted))
        self.alarms.set("journalLost", bool(self.lost), self.lost)

    def info(self):
        return report.info(self.config, self.fingerprint, self.board, self.build, self.parts)

    def store(self):
        """Commit every window and change that is complete; True if there was one."""
        stored = False
        for one in self.sensing:
            sample = one.poll()
            while sample:
                topic, body, at = sample
                # what a subscriber has read of the register must be on flash: a cut now and another meter
                # at the next start would else show a lower one
                self.counters.checkpoint(one is self.meter)
                self.commit(outbox.TELEMETRY, topic, body, at, one.retain)
                stored = True
                sample = one.poll()
        return stored


def build_parts(config, board):
    """{part id: driver} as configured; only the drivers that are named are imported.

    A part that this firmware or board does not know must not silence the others: it stands in as Absent.
    """
    wiring = Wiring(board.get("buses", {}), machine, time)
    parts = {}
    for row in config.get("parts", ()):
        try:
            parts[row["id"]] = shelf.build(row["part"], wiring.bus(row["bus"]), row)
        except SensorFault as fault:
            parts[row["id"]] = shelf.Absent(row["id"], fault)
    return parts


def open_journal(partition, clock, power_cut, random, log):
    """(counters, outbox, what was lost in words or "") with this boot counted.

    random(n) -- an integer below n
    """
    counters_flash, outbox_flash = flash.regions(partition)
    lost = []

    def opened(kind, name, region):
        """A ring of another format is given up for a new one, and that is said."""
        try:
            return kind(region)
        except JournalFault as fault:
            if fault.word != "foreign":
                raise
            lost.append("%s of %s" % (name, fault.detail))
            log("journal: %s: %s; begun anew" % (name, fault))
            ring.format(region)
            return kind(region)

    records = opened(outbox.Outbox, "records", outbox_flash)
    counters = opened(lambda region: Counters(region, clock, power_cut, records.newest), "counters", counters_flash)
    if counters.worn:
        log("journal: the counters' flash is worn; nothing is kept over a cut")
        counters.boot += random(_FAR)
    try:
        records.begin(counters.boot)
    except JournalFault as fault:
        log("journal: %s" % fault)
    return counters, records, ", ".join(lost)


def build_burn(node):
    """What counts the lamp's hours, from its relay; None where the board has none."""
    pin = node.board.get("pins", {}).get("lamp_relay")
    return None if pin is None else tasks.Burn(node.counters, machine.Pin(pin).value, node.clock)


def build_link(node, beat):
    """(link, timekeeper, wifi): the way to the broker, and to the time."""
    config = node.config
    wifi = build_wifi(config)
    # who has just configured this lamppost stands before it; a reset that was asked for is not the whole city's
    together = node.reset == "power-on" and not node.fresh
    link = Link(
        Broker(config, together), wifi, socket, select, node.clock, node.outbox, node.counters.boot, node.info,
        time.ticks_ms, time.ticks_diff, random_below, beat.alive, forget, node.log, set_time=set_chip_clock,
    )  # fmt: skip
    servers = config.get("time", {}).get("servers", _TIME_SERVERS)
    timekeeper = Timekeeper(
        socket, servers, wifi.up, node.clock, node.outbox, node.clock_set,
        time.ticks_ms, time.ticks_diff, random_below, forget, node.log, doubt=node.doubt,
        floor_s=node.timebase.floor_s,
    )  # fmt: skip
    return link, timekeeper, wifi


def build_wifi(config):
    access = config["wifi"]
    return Wifi(network, access["ssid"], access.get("password"), time.ticks_ms, time.ticks_diff)


def set_chip_clock(seconds):
    """Seconds since 2000 UTC for the chip's own clock, by which mbedTLS judges certificates."""
    year, month, day, hour, minute, second, weekday, _ = time.gmtime(seconds)
    machine.RTC().datetime((year, month, day, weekday, hour, minute, second, 0))


def forget(fault):
    """A fault of the link is in the log already, and cannot be told to a broker that is out of reach."""


def random_below(n):
    """An integer from 0 to n - 1 from the chip's noise: nodes that wake together must not draw alike."""
    return int.from_bytes(os.urandom(4), "little") % n if n > 0 else 0



def build_sensing(node):
    """(sensing objects, [(part, every_ms, take, miss)]) as configured: what is read, how often, and for whom."""
    from .sensing import air, energy, parking

    config, clock, parts = node.config, node.clock, node.parts
    sensing, readings = [], []
    if "energy" in config:
        options = config["energy"]
        part = parts[options["part"]]
        node.meter = energy.Energy(options, clock, node.counters, part)
        sensing.append(node.meter)
        readings.append((part, options.get("every_ms", 1000), node.meter.take, node.meter.miss))
    for options in config.get("parking", ()):
        bay = parking.Parking(options, clock)
        sensing.append(bay)
        readings.append((parts[options["part"]], options.get("every_ms", 1000), bay.take, bay.miss))
    if "air" in config:
        options = config["air"]
        window = air.Air(options, clock, parts)
        sensing.append(window)
        for name in options["parts"]:
            take, miss = named(window.take, name), named(window.miss, name)
            readings.append((parts[name], options.get("every_ms", 10000), take, miss))
    return sensing, readings


def named(call, name):
    """`call` with the part's id before what it is given."""
    return lambda value: call(name, value)


async def run(node):
    """Start every task, and stay."""
    node.fresh = settings.fresh()
    node.sensing, readings = build_sensing(node)
    node.link, timekeeper, wifi = build_link(node, node.health.task("link", 45000))
    await node.timebase.start()
    node.tell_start()
    for part, every_ms, take, miss in readings:
        within_ms = 2 * every_ms + 15000
        asyncio.create_task(tasks.keep(node, part.name, within_ms, tasks.sense, part, every_ms, take, miss))
    asyncio.create_task(tasks.keep(node, "journal", 15000, tasks.collect))
    asyncio.create_task(tasks.keep(node, "time", 30000, tasks.tend))
    asyncio.create_task(tasks.keep(node, "diag", 30000, tasks.diagnose, wifi))
    asyncio.create_task(tasks.keep(node, "start", 15000, tasks.settle))
    asyncio.create_task(node.link.run())
    asyncio.create_task(timekeeper.run())
    node.log("app: %s, boot %d, %s reset" % (node.config["node"], node.counters.boot, node.reset))
    await node.health.watch()


def main(letter):
    """Run the app of slot `letter` until somebody at the console presses Ctrl-C, or for ever.

    Raises what keeps it from starting, so that main.py tries the other slot; a missing configuration is no
    failure of the app.
    """
    try:
        node = Node(Slot(machine, letter))
    except SettingsFault as fault:
        print("lamppost: no configuration (%s); run: lamplighter configure" % fault)
        return
    gc.collect()
    watchdog = machine.WDT(timeout=_WATCHDOG_MS)
    node.health.watchdog = watchdog
    node.slot.armed()
    try:
        asyncio.run(run(node))
    except KeyboardInterrupt:
        maintain(machine, watchdog)
        asyncio.new_event_loop()
        print("lamppost: stopped; reset to start again")


def selftest():
    """Check parts and node against their limits; one JSON object a line, the verdict last."""
    gc.collect()
    heap_free = gc.mem_free()
    config = settings.load()[0]
    partition = Partition.find(Partition.TYPE_DATA, label="journal")[0]
    parts = build_parts(config, settings.facts("board.json"))
    return asyncio.run(trial.run(parts, partition, build_wifi(config), heap_free))
