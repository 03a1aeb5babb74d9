"""Builds the parts, the journal and the link of a node from its configuration; here the chip's modules come in."""

import os
import select
import socket
import sys
import time

import base_image
import esp32
import machine
import network

from . import made
from .buses.wiring import Wiring
from .core.faults import JournalFault, SensorFault
from .core.zone import Zone
from .drivers import registry
from .journal import flash
from .journal.counters import Counters
from .journal.nor_log import erase_all
from .journal.outbox import Outbox
from .journal.record import EVENT
from .lamp import rules as lamp_rules
from .lamp.analogue import HERTZ, LINEAR, AnalogueOutput
from .lamp.control import Control
from .lamp.dali_output import DaliOutput
from .lamp.dimming import Dimmer
from .lamp.gear_reports import GearReports
from .lamp.lamp_watch import LampWatch
from .lamp.output import Output
from .lamp.relay import Relay, RelayOutput
from .lamp.switching_log import SwitchingLog
from .link import backoff, broker_settings, fetch, http, mqtt_blocks
from .link.connection import Link
from .link.time.ntp import Timekeeper
from .link.wifi import Wifi
from .ops import boot_slot, verbs
from .ops.answers import Answers
from .ops.commands import Commands
from .ops.update.base import BaseImage
from .ops.update.floor import Floor
from .ops.updates import Updates

_FAR = 60000  # boot numbers to jump over by chance when none can be kept: no key (b, s) is used twice
_TIME_SERVERS = ("0.pool.ntp.org", "1.pool.ntp.org", "2.pool.ntp.org")  # two must agree


def wiring(board):
    """The buses of the board; one object, as lines share UARTs."""
    return Wiring(board.get("buses", {}), machine, time)


def parts(config, wiring):
    """{part id: driver} as configured; only the drivers that are named are imported.

    A part that this firmware or board does not know must not silence the others: it stands in as Absent.
    """
    found = {}
    for row in config.get("parts", ()):
        try:
            found[row["id"]] = registry.build(row["part"], wiring.bus(row["bus"]), row)
        except SensorFault as fault:
            found[row["id"]] = registry.Absent(row["id"], fault)
    return found


def partition():
    """The journal's."""
    return esp32.Partition.find(esp32.Partition.TYPE_DATA, label="journal")[0]


def journal(power_cut, clock, log):
    """(counters, outbox, what was lost in words or "") with this boot counted."""
    counters_flash, outbox_flash = flash.regions(partition())
    lost = []

    def opened(kind, name, region):
        """A ring of another format is replaced by an empty one, and that is logged."""
        try:
            return kind(region)
        except JournalFault as fault:
            if fault.word != "foreign":
                raise
            lost.append("%s of %s" % (name, fault.detail))
            log("journal: %s: %s; formatted" % (name, fault))
            erase_all(region)
            return kind(region)

    outbox = opened(Outbox, "records", outbox_flash)
    counters = opened(lambda region: Counters(region, clock, power_cut, outbox.newest), "counters", counters_flash)
    if counters.worn:
        log("journal: the flash of the counters is worn; they will not survive a power cut")
        counters.boot += random_below(_FAR)
    try:
        outbox.begin(counters.boot)
    except JournalFault as fault:
        log("journal: %s" % fault)
    return counters, outbox, ", ".join(lost)


def lamp_output(config, board, wiring, clock, log):
    """The output that drives the lamp, made first: it leaves the lamp on. One that does nothing without `lamp`."""
    options = config.get("lamp")
    if options is None:
        return Output()
    pins = board.get("pins", {})
    if options["output"] == "dali":
        return dali_output(options, wiring, clock, log)
    relay = None
    if lamp_rules.standby(options) == "off":
        relay = Relay(machine.Pin(pins["lamp_relay"], machine.Pin.OUT, value=0))
    if options["output"] == "relay":
        return RelayOutput(relay)
    pwm = machine.PWM(machine.Pin(pins["lamp_pwm"]), freq=HERTZ, duty_u16=0 if options.get("inverted") else 65535)
    return AnalogueOutput(pwm, relay, options.get("calibration", LINEAR), options.get("inverted", False))


def dali_output(options, wiring, clock, log):
    """The output by DALI; without its bus the gear stays at the level that it has stored."""
    interface = options.get("dali", {})
    inverted = {side: interface.get(side, False) for side in ("tx_inverted", "rx_inverted")}
    try:
        bus = wiring.dali(interface.get("bus", "dali"), esp32, random_below, **inverted)
    except SensorFault as fault:
        log("dali: %s" % fault)
        return Output()
    return DaliOutput(bus, clock, options, log)


def gear_reports(output, clock):
    """[what reports the DALI gear's memory banks], [] without DALI."""
    return [GearReports(output, clock)] if isinstance(output, DaliOutput) else []


def dimmer(output, config, clock, name):
    """Brings the lamp to its levels; name -- gives its place among the lamps of the street, as for its connection."""
    options = config.get("lamp", {})
    return Dimmer(output, options, clock, backoff.place_ms(name.encode(), 1000 * options.get("spread_s", 0)))


def control(node, light, presence):
    """Decides on the lamp's level; light -- sensing/light.py's Light, which reports it and knows day and night.

    presence -- sensing/presence.py, None without one
    """
    config = node.config
    sensor = light if "light" in config else None
    made = Control(config["lamp"], config["location"], node.clock, node.dimmer, node.counters, sensor, presence)
    light.lamp = made
    return made


def switching_log(node):
    """Records each change of the lamp's level."""

    def commit(body):
        return node.recorder.append(EVENT, b"evt/switching", body)

    def measured():
        meter = node.meter
        return (meter.power_mw, node.counters.imp_mwh) if meter else (None, None)

    begun = "power-on" if node.reset == "power-on" else "reset"
    return SwitchingLog(node.counters, node.clock, node.control, commit, measured, begun)


def lamp_watch(node):
    """Looks for faults of the lamp; the meter's readings go to it as well."""
    options = node.config["lamp"]
    celsius = getattr(esp32, "mcu_temperature", None)  # the older ESP32 has no thermometer that is worth reading
    watch = LampWatch(
        options, node.config["location"], Zone(options.get("zone", "UTC0")), node.output, node.dimmer, node.control,
        node.alarms, node.clock, lamp_rules.standby(options) == "off", celsius,
    )  # fmt: skip
    if node.meter:
        node.meter.on_reading = watch.take
    return watch


def wifi(config):
    access = config["wifi"]
    return Wifi(network, access["ssid"], access.get("password"), time.ticks_ms, time.ticks_diff)


def broker(config, reset, fresh):
    """The broker settings of the configuration; reset, fresh -- see Node."""
    # whoever has just configured this lamppost stands in front of it; and a requested reset is not the whole city's
    return broker_settings.of(config, together=reset == "power-on" and not fresh)


def link(node, alive):
    """The connection to the broker; alive() -- reports to the watchdog."""
    return Link(
        node.broker, node.wifi, socket, select, node.clock, node.outbox,
        node.counters.boot, node.info,
        time.ticks_ms, time.ticks_diff, random_below, alive, ignore, node.log, node.routes.deliver, set_chip_clock,
        delivered=node.start_times.finish, forgotten=node.broker_forgot,
    )  # fmt: skip


def commands(node):
    """Does the commands of the broker; their verbs are registered."""

    def publish(topic, body):
        return node.link.publish_now(topic, body, 1)

    made = Commands(node.clock, Answers(node.counters), publish, node.recorder.answer, node.log)
    verbs.add_all(made, node, machine)
    node.routes.add(b"cmd/+", made.take)
    return made


def blocks(node):
    """Fetches releases through the broker, where no web server can be reached."""
    made = mqtt_blocks.Client(lambda suffix, body: node.link.publish_now(suffix, body, 1))
    node.routes.add(b"ota/block", made.take)
    return made


def images():
    """The flash's slots for MicroPython."""
    return BaseImage(esp32.Partition, sys.implementation, base_image.rollback)


def updates(node):
    """Updates over the air; see ops/updates.py."""
    facts = {
        "slot": node.slot, "build": node.build["build"], "board": node.board.get("board", "?"),
        "location": node.config.get("location"),
        "micropython": sys.implementation.version, "mpy": sys.implementation._mpy & 0xFF,
    }  # fmt: skip

    def answering():
        return sorted([part.name for part in node.parts.values() if node.health.answering(part.name)])

    def healthy(parts):
        missing = [part for part in parts if not node.health.answering(part)]
        return node.link.up and node.link.acknowledged and not node.health.late() and not missing

    async def restart(reason, last=None):
        """Leave the broker, do `last`, and reset: boot.py starts the active slot then."""
        await node.link.leave(reason)
        boot_slot.forget(machine)
        if last:
            last()
        machine.reset()

    client = fetch.Client(http.Client(socket, select, time.ticks_ms, time.ticks_diff, web_tls(node)), node.blocks)
    return Updates(
        node.update_trial, node.images, client, node.link, node.clock, facts, Floor(esp32.NVS("lamppost")),
        healthy, answering, node.holds.reason, restart, random_below, node.log,
    )  # fmt: skip


def web_tls(node):
    """A function host -> Tls for web servers, whose certificates the CA of the broker must have signed; None: no CA."""
    if not node.broker.tls:
        return None

    def of(host):
        from .link.tls import Tls

        return Tls({"ca": node.broker.tls["ca"]}, host, node.clock, set_chip_clock)

    return of


def timekeeper(node):
    """Asks the time servers, and sets the node's clock."""

    def doubt(step_s, words):
        """A server tells a time that is not believed; step_s None: no longer."""
        node.alarms.set("clockDoubt", step_s is not None, words, step_s)

    servers = node.config.get("time", {}).get("servers", _TIME_SERVERS)
    source = node.time_source
    return Timekeeper(
        socket, servers, node.wifi.up, node.clock, node.outbox, source.server_believed,
        time.ticks_ms, time.ticks_diff, random_below, ignore, node.log, doubt=doubt, floor_s=source.floor_s,
    )  # fmt: skip


def random_below(n):
    """An integer from 0 to n - 1 from the chip's noise: nodes that wake together must not draw alike."""
    return int.from_bytes(os.urandom(4), "little") % n if n > 0 else 0


def set_chip_clock(seconds):
    """Set the chip's own clock, by which mbedTLS judges certificates, to seconds since 2000 UTC."""
    now = time.gmtime(seconds)
    machine.RTC().datetime((now[0], now[1], now[2], now[6], now[3], now[4], now[5], 0))


def ignore(fault):
    """A fault of the link is in the log already, and cannot be published while the broker is out of reach."""


def build():
    """Version and build of this slot's app, as image/compile.py wrote them into made.py."""
    return {"version": made.VERSION, "build": made.BUILD}
