"""Builds the node from its configuration and runs it; the only place where everything meets."""

import asyncio
import gc
import os
import sys
import time

import machine

from .core.borrow import give_back, once
from .core.clock import Clock
from .core.faults import JournalFault
from .journal.kinds import ALARM, CLEAR, EVENT, TELEMETRY
from .ops.alarms import Alarms
from .ops.console import Console
from .ops.time_source import Timebase
from .ops.watchdog import Health

# What only a start and the self-test need: 5 kB of the heap, loaded again by whoever asks for it.
_STARTERS = ("assembly", "buses.wiring", "drivers.registry", "link.broker_settings")


class Node:
    """One lamppost: its configuration, its parts, its journal, and what its tasks share."""

    def __init__(self, slot):
        from . import assembly
        from .ops import config_store

        self.clock = Clock(time.ticks_ms, time.ticks_diff)
        self.log = Console(self.clock).log
        self.reset = assembly.reset_word()
        board = config_store.facts("board.json")
        self.board = {"board": board.get("board"), "chip": board.get("chip")}  # buses and pins were for building
        self.build = assembly.made()
        self.config, self.fingerprint, self.reverted = config_store.load()
        self.slot = slot
        self.fresh = config_store.fresh()  # a new configuration was adopted since the last start
        del config_store
        give_back("ops.config_store")
        self.parts = assembly.parts(self.config, board)
        cut = self.reset == "power-on"
        self.counters, self.outbox, self.lost = assembly.journal(cut, self.clock, random_below, self.log)
        self.worn = False  # the journal did not take a record
        self.alarms = Alarms(self.append, ALARM, CLEAR, self.clock, self.counters)
        self.health = Health(self.clock, self.alarms.set, self.log)
        rtc = [part for part in self.parts.values() if hasattr(part, "time")]
        self.timebase = Timebase(
            self.clock, self.counters, self.outbox.anchor, self.health, self.log, rtc[0] if rtc else None,
            self.config.get("location"), cut,
        )  # fmt: skip
        self.burn = assembly.burn(self, board) if "light" in self.config else None
        self.sensing = []
        self._due = None  # (sense, sample) that is not in the journal yet
        self.meter = None  # the sensing object of the energy meter, if there is one
        self.link = None

    def append(self, kind, topic, body):
        """Commit a record of this moment to the journal."""
        self.commit(kind, topic, body, self.clock.stamp())

    def commit(self, kind, topic, body, stamp, retain=None):
        """Commit a record; one that worn flash does not take is sent at once, or leaves a gap in the numbers."""
        try:
            self.outbox.append(kind, topic, body, stamp, retain)
        except JournalFault as fault:
            self.log("journal: %s" % fault)
            if fault.word == "worn":
                self.worn = True
                seq = None if kind == CLEAR else self.outbox.number()
                if retain is None:
                    retain = kind in (ALARM, CLEAR)
                if self.link:
                    self.link.publish_now(topic, body, 1, retain, seq)

    def event(self, kind, body):
        self.append(EVENT, b"evt/" + kind, body)

    def clock_set(self, before):
        """A time server was believed; `before` -- UTC by then, or None. Earlier records have their time now."""
        once("ops.telling", "clock_set", self, before)

    def doubt(self, step_s, words):
        """A time server told what is not believed; None: that is over."""
        self.alarms.set("clockDoubt", step_s is not None, words, step_s)

    def info(self):
        return once("ops.beginning", "info", self.config, self.fingerprint, self.board, self.build, self.parts)

    def healthy(self):
        """This start was a good one."""
        once("ops.boot_slot", "healthy", machine, self.slot)

    def store(self):
        """Commit every window and change that is complete; True if there was one."""
        stored = False
        for one in self.sensing:
            due = self._next(one)
            while due:
                whose, (topic, body, stamp) = due
                # what a subscriber has read of the register must be on flash: a cut now and another meter
                # at the next start would else show a lower one
                self.counters.checkpoint(whose is self.meter)
                self.commit(TELEMETRY, topic, body, stamp, whose.retain)
                self._due = None  # not before: if no memory was found, it is tried again
                stored = True
                due = self._next(one)
        return stored

    def _next(self, one):
        """(sense, sample) that could not be committed the last time, or of this sense; None if there is none."""
        if not self._due:
            sample = one.poll()
            self._due = sample and (one, sample)
        return self._due


async def run(node):
    """Start every task, and stay."""
    from . import assembly

    await assembly.start(node, random_below, forget, set_chip_clock)
    del assembly
    give_back(*_STARTERS)
    once("ops.beginning", "tell", node)  # before any task has had its turn
    gc.threshold(8192)  # main.py's, of the imports, would collect far too often for ever
    await node.health.watch()


def set_chip_clock(seconds):
    """Seconds since 2000 UTC for the chip's own clock, by which mbedTLS judges certificates."""
    now = time.gmtime(seconds)
    machine.RTC().datetime((now[0], now[1], now[2], now[6], now[3], now[4], now[5], 0))


def forget(fault):
    """A fault of the link is in the log already, and cannot be told to a broker that is out of reach."""


def random_below(n):
    """An integer from 0 to n - 1 from the chip's noise: nodes that wake together must not draw alike."""
    return int.from_bytes(os.urandom(4), "little") % n if n > 0 else 0


def main(letter):
    """Run the app of slot `letter` until somebody at the console presses Ctrl-C, or for ever.

    Raises what keeps it from starting, so that main.py tries the other slot; a missing configuration is no
    failure of the app.
    """
    from . import assembly

    node = assembly.prepared(Node, letter)
    del assembly
    if node:
        try:
            asyncio.run(run(node))
        except KeyboardInterrupt:
            once("ops.maintenance", "maintain", machine, node.health.watchdog)


def selftest():
    """Check parts and node against their limits; one JSON object a line, the verdict last."""
    gc.collect()
    heap_free = gc.mem_free()
    # from the file again: a life of the app forgets how parts are made
    for name in [n for n in sys.modules if n == "lamppost" or n.startswith("lamppost.")]:
        del sys.modules[name]
    from . import assembly

    return asyncio.run(assembly.selftest(heap_free))
