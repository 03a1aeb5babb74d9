"""Builds parts, journal, sensing and link of a node from its configuration; given back once the node has started.

So nothing that stays may hold a function of this file: it would hold the whole file.
"""

import asyncio
import gc
import select
import socket
import sys
import time

import machine
import network
from esp32 import Partition

from .buses.adaptive_timeout import AdaptiveTimeout
from .buses.wiring import Wiring
from .core.borrow import give_back, once
from .core.clock import Clock
from .core.faults import JournalFault, SensorFault, SettingsFault
from .drivers import registry
from .journal import flash
from .journal.counters import Counters
from .journal.drawer import Drawer
from .journal.log import Log
from .link import broker_settings
from .link.connection import Link
from .link.mqtt.packets import Reader
from .link.mqtt.session import Mqtt
from .link.time.timekeeper import Timekeeper
from .link.wifi import Wifi
from .ops import doorbell, tasks
from .ops.alarms import Alarms
from .ops.console import Console
from .ops.time_source import Timebase
from .ops.watchdog import Health
from .sensing.window import Window

_WATCHDOG_MS = 60000  # longer than a name look-up that fails (14 s) and whatever waits behind it
_FAR = 60000  # boot numbers to jump over by chance when none can be kept: no key (b, s) is used twice
_TIME_SERVERS = ("0.pool.ntp.org", "1.pool.ntp.org", "2.pool.ntp.org")  # two must agree


def reset_word():
    """See ops/beginning.py."""
    return once("ops.beginning", "reset_word", machine)


def prepared(kind, letter):
    """A node of slot `letter`, its watchdog armed; None where there is no configuration, which is said.

    kind -- app.py's Node
    """
    try:
        node = kind(letter)
    except SettingsFault as fault:
        print("lamppost: no configuration (%s); run: lamplighter configure" % fault)
        return None
    gc.collect()
    machine.Timer(0).deinit()  # boot.py may be feeding the watchdog from it: from here on only health may
    node.health.watchdog = machine.WDT(timeout=_WATCHDOG_MS)
    once("ops.boot_slot", "armed", machine, letter)
    return node


def parts(config, board):
    """{part id: driver} as configured; only the drivers that are named are imported.

    A part that this firmware or board does not know must not silence the others: it stands in as Absent.
    """
    before = set(sys.modules)
    wiring = Wiring(board.get("buses", {}), machine, time)
    found = {}
    for row in config.get("parts", ()):
        try:
            found[row["id"]] = registry.build(row["part"], wiring.bus(row["bus"]), row)
        except SensorFault as fault:
            found[row["id"]] = registry.Absent(row["id"], fault)
    for name in set(sys.modules) - before:
        module = sys.modules[name]
        forget(*(getattr(module, one) for one in dir(module)))
    return found


def forget(*kinds):
    """Nothing more of these kinds is made in this life of the app: how to do it takes 5 kB of the heap."""
    for kind in kinds:
        if isinstance(kind, type) and not issubclass(kind, Exception) and "__init__" in kind.__dict__:
            # not `del`: MicroPython's table of a class keeps what was deleted from it
            kind.__init__ = None  # pyright: ignore[reportAttributeAccessIssue]


def partition():
    """The journal's."""
    return Partition.find(Partition.TYPE_DATA, label="journal")[0]


def journal(power_cut, clock, random, log):
    """(counters, outbox, what was lost in words or "") with this boot counted.

    random(n) -- an integer below n
    """
    counters_flash, outbox_flash = flash.regions(partition())
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
            once("journal.scan", "format", region)
            return kind(region)

    records = opened(lambda region: once("journal.folding", "found", region), "records", outbox_flash)
    counters = opened(lambda region: Counters(region, clock, power_cut, records.newest), "counters", counters_flash)
    if counters.worn:
        log("journal: the counters' flash is worn; nothing is kept over a cut")
        counters.boot += random(_FAR)
    try:
        records.begin(counters.boot)
    except JournalFault as fault:
        log("journal: %s" % fault)
    if records.damaged:
        log("journal: damaged: %d records cannot be read back" % records.damaged)
    return counters, Drawer(records), ", ".join(lost)


def burn(node, board):
    """What counts the lamp's hours, from its relay; None where the board has none."""
    pin = board.get("pins", {}).get("lamp_relay")
    if pin is None:
        return None
    from .ops.lamp_hours import Burn

    return Burn(node.counters, machine.Pin(pin).value, node.clock)


def link(node, beat, random, report, set_time):
    """(link, timekeeper, wifi): the way to the broker, and to the time."""
    config = node.config
    station = wifi(config)
    # who has just configured this lamppost stands before it; a reset that was asked for is not the whole city's
    together = node.reset == "power-on" and not node.fresh
    way = Link(
        broker_settings.of(config, together), station, socket, select, node.clock, node.outbox,
        node.counters.boot, node.info,
        time.ticks_ms, time.ticks_diff, random, beat.alive, report, node.log, set_time=set_time,
    )  # fmt: skip
    servers = config.get("time", {}).get("servers", _TIME_SERVERS)
    timekeeper = Timekeeper(
        socket, servers, station.up, node.clock, node.outbox, node.clock_set,
        time.ticks_ms, time.ticks_diff, random, report, node.log, doubt=node.doubt, floor_s=node.timebase.floor_s,
    )  # fmt: skip
    return way, timekeeper, station


async def start(node, random, report, set_time):
    """Make the sensing and the link of a node whose parts and journal are there, and start every task."""
    for _ in range(2):  # folded away while sensing is made, and until the first record
        node.outbox.tend()
    sensing, readings = once("sensing.setup", "build", node.config, node.clock, node.counters, node.parts)
    node.sensing = list(sensing.values())
    node.meter = sensing.get("energy")
    node.link, timekeeper, station = link(node, node.health.task("link", 45000), random, report, set_time)
    await node.timebase.start()
    for part, every_ms, take, miss in readings:
        asyncio.create_task(tasks.sense(node, part, every_ms, take, miss))
    asyncio.create_task(tasks.keep(node, "journal", 15000, tasks.collect))
    asyncio.create_task(tasks.keep(node, "time", 30000, tasks.tend, station))
    asyncio.create_task(tasks.keep(node, "console", 15000, doorbell.attend, machine))
    asyncio.create_task(node.link.run())
    asyncio.create_task(timekeeper.run())
    build = node.build.get("build", "?")
    node.log("app: %s, boot %d, %s reset, build %s" % (node.config["node"], node.counters.boot, node.reset, build))
    # what `info` says of it is all that anybody still asks for
    rows = [{"id": row["id"], "part": row["part"]} for row in node.config.get("parts", ())]
    node.config = {key: node.config[key] for key in ("v", "site", "node", "asset", "location") if key in node.config}
    node.config["parts"] = rows
    forget(
        AdaptiveTimeout, Alarms, Clock, Console, Counters, Drawer, Health, Link, Log, Mqtt, Reader, Timebase,
        Timekeeper, Wifi, Window, flash.Flash, type(node), *(type(one) for one in node.sensing),
    )  # fmt: skip
    if node.meter:
        forget(type(node.meter.register))
    # and of what is only asked at a start
    Timebase.start = None  # pyright: ignore[reportAttributeAccessIssue]
    for one in node.sensing:
        if hasattr(one, "of"):
            type(one).of = None


def wifi(config):
    access = config["wifi"]
    return Wifi(network, access["ssid"], access.get("password"), time.ticks_ms, time.ticks_diff)


async def selftest(heap_free):
    """Check parts and node against their limits."""
    from .ops import config_store
    from .ops import selftest as selftests

    config = config_store.load()[0]
    return await selftests.run(parts(config, config_store.facts("board.json")), partition(), wifi(config), heap_free)


def made():
    """Version and build of this slot's app; the compiler puts them beside it."""
    from . import made  # pyright: ignore[reportAttributeAccessIssue]

    told = {"version": made.VERSION, "build": made.BUILD}
    give_back("made")
    return told
