"""Builds parts, journal, sensing and link of a node from its configuration; given back once the node has started.

So nothing that stays may hold a function of this file: it would hold the whole file.
"""

import select
import socket
import time

import machine
import network
from esp32 import Partition

from .buses.wiring import Wiring
from .core.faults import JournalFault, SensorFault
from .drivers import shelf
from .journal import flash, outbox, ring
from .journal.counters import Counters
from .link.broker import Broker
from .link.link import Link
from .link.timekeeper import Timekeeper
from .link.wifi import Wifi


def parts(config, board):
    """{part id: driver} as configured; only the drivers that are named are imported.

    A part that this firmware or board does not know must not silence the others: it stands in as Absent.
    """
    wiring = Wiring(board.get("buses", {}), machine, time)
    found = {}
    for row in config.get("parts", ()):
        try:
            found[row["id"]] = shelf.build(row["part"], wiring.bus(row["bus"]), row)
        except SensorFault as fault:
            found[row["id"]] = shelf.Absent(row["id"], fault)
    return found


def partition():
    """The journal's."""
    return Partition.find(Partition.TYPE_DATA, label="journal")[0]


def journal(power_cut, clock, log):
    """(counters, outbox) of the `journal` partition, this boot counted."""
    counters_flash, outbox_flash = flash.regions(partition())
    records = opened(outbox.Outbox, outbox_flash, log)
    counters = opened(lambda region: Counters(region, clock, power_cut, records.newest), counters_flash, log)
    records.begin(counters.boot)
    if records.damaged:
        log("journal: damaged: %d records cannot be read back" % records.damaged)
    return counters, records


def opened(kind, region, log):
    """kind(region); a journal of another format is given up for a new one, and that is said."""
    try:
        return kind(region)
    except JournalFault as fault:
        if fault.word != "foreign":
            raise
        log("journal: %s; begun anew" % fault)
        ring.format(region)
        return kind(region)


def link(node, beat, random, report):
    """(link, timekeeper, wifi): the way to the broker, and to the time."""
    config = node.config
    station = wifi(config)
    way = Link(
        Broker(config), station, socket, select, node.clock, node.outbox, node.counters.boot, node.info,
        time.ticks_ms, time.ticks_diff, random, beat.alive, report, node.log,
    )  # fmt: skip
    servers = config.get("time", {}).get("servers", ("pool.ntp.org",))
    timekeeper = Timekeeper(
        socket, servers, station.up, node.clock, node.outbox, node.clock_set,
        time.ticks_ms, time.ticks_diff, random, report, node.log,
    )  # fmt: skip
    return way, timekeeper, station


def wifi(config):
    access = config["wifi"]
    return Wifi(network, access["ssid"], access.get("password"), time.ticks_ms, time.ticks_diff)


def sensing(node):
    """(sensing objects, [(part, every_ms, take, miss)]) as configured: what is read, how often, and for whom."""
    from .sensing import air, energy, parking

    config, clock, parts = node.config, node.clock, node.parts
    built, readings = [], []
    if "energy" in config:
        options = config["energy"]
        part = parts[options["part"]]
        node.meter = energy.Energy(options, clock, node.counters, part)
        built.append(node.meter)
        readings.append((part, options.get("every_ms", 1000), node.meter.take, node.meter.miss))
    for options in config.get("parking", ()):
        bay = parking.Parking(options, clock)
        built.append(bay)
        readings.append((parts[options["part"]], options.get("every_ms", 1000), bay.take, bay.miss))
    if "air" in config:
        options = config["air"]
        window = air.Air(options, clock, parts)
        built.append(window)
        for name in options["parts"]:
            take, miss = window.of(name)
            readings.append((parts[name], options.get("every_ms", 10000), take, miss))
    return built, readings
