"""Counts that must never run backwards: boots, power cuts, the energy register, burn seconds and switchings of the
lamp; what a node must remember of the time, and its senses of the world: kept on flash over every cut."""

import struct

from micropython import const

from ..core.borrow import once
from ..core.crc import crc32
from ..core.faults import JournalFault
from .log import PREFIX, Log

EVERY_S = const(10)  # at most one checkpoint in so many seconds: what a cut may cost of consumption
_RING = const(2)
CHECKPOINT = const(5)
_LONGEST = const(256)  # the ring reads its flash by such pages
SIZE = const(28)  # prefix, import register and meter (48 bits each), boots, power cuts
REST = const(6)  # what came later, in a record of its own: a firmware that does not know it passes it over
REST_SIZE = const(33)
REST_FORM = "<IIIIhhHHB"
_TRIES = const(32)  # places tried for one record before the flash is called worn
UNKNOWN = const(-32768)
NOTES = const(4)  # what senses remember: rows of a key (32 bits), a length and so many bytes
NOTES_SIZE = const(200)
NOTES_S = const(600)  # how old notes may be on flash


class Counters:
    """Finds the newest checkpoint on its own region of flash, counts this boot, and commits that before it returns.

    clock -- core.clock.Clock; power_cut -- True if the reset cause says that the power was gone
    above -- a boot number that is known to be used (Outbox.newest); this boot's is higher in any case, so that no
        key (b, s) is used twice even if the counters were lost
    Raises JournalFault: "foreign" (recovery.format(flash) gives the old counters up). Flash that takes nothing any more
    is no reason to stop: `worn` says it then, and the counters go on in RAM.
    """

    def __init__(self, flash, clock, power_cut=False, above=0):
        self._ring = ring = Log(flash, _RING, _LONGEST)
        self._clock = clock
        self._imp_mwh = 0
        self.meter_mwh = None  # the meter's own register when imp_mwh was counted up last; None: no meter yet
        self.boot = 0
        self.power_cuts = 0
        self.burn_s = 0  # how long the lamp has burnt
        self.switchings = 0  # how often it was switched on
        self.utc_s = None  # the last UTC known, with its uncertainty; None: no time was ever known
        self.tu_ms = 0
        self.drift = UNKNOWN  # of the oscillator, in hundredths of ppm
        self.dusk = UNKNOWN  # how long after sunset the circuit is switched on, s
        self.spread = 0  # and how far that may be off, s
        self.doubt_h = 0  # hours by which the date may be off since it was last told
        self.alarms = 0  # bits of ops/alarms.py: those that were on
        self.worn = False
        self.notes = {}  # CRC of a name: bytes
        self._note = bytearray(20)
        # the blocks in which the rest and the notes are
        found, noted = once("journal.scan", "counters", self, ring) if ring.find() else (-1, -1)
        self.boot = max(self.boot, above) + 1
        if power_cut:
            self.power_cuts += 1
        self._due = True
        self._rest_due = found != ring.head
        # uptime since which notes wait to be written; None: they do not
        self._notes_s = -NOTES_S if self.notes and noted != ring.head else None
        self._last_s = 0
        self.checkpoint(True)

    @property
    def imp_mwh(self):
        """The import register of this node, mWh. A lower value than it has is not taken."""
        return self._imp_mwh

    @imp_mwh.setter
    def imp_mwh(self, value):
        if value > self._imp_mwh:
            self._imp_mwh = value

    def changed(self):
        """imp_mwh or meter_mwh is new: the next checkpoint has something to keep."""
        self._due = True

    def burnt(self):
        """burn_s, switchings or anything below them is new, likewise."""
        self._rest_due = True

    def kept(self, name):
        """The bytes that a sense has kept under that name, from before a cut too; None if there are none."""
        return self.notes.get(crc32(name.encode()))

    def keep(self, name, data, now=False):
        """Remember a few bytes for a sense; those of ten minutes are at risk, unless it is to be `now`."""
        once("journal.noting", "keep", self, name, data, now)

    def _noting(self):
        return self._notes_s is not None and self._clock.uptime_s() - self._notes_s >= NOTES_S

    def checkpoint(self, now=False):
        """Commit what changed if the last checkpoint is EVERY_S old, or at once. True if it was written."""
        if not (self._due or self._rest_due or self._noting()):
            return False
        if not now and self._clock.uptime_s() - self._last_s < EVERY_S:
            return False
        self._last_s = self._clock.uptime_s()
        try:
            if self._due:
                self._commit(CHECKPOINT, SIZE, self._write)
                self._due = False
            if self._rest_due:
                once("journal.noting", "rest", self)
                self._rest_due = False
            if self._noting():
                once("journal.noting", "notes", self)
                self._notes_s = None
        except JournalFault:
            self.worn = True
            return False
        return True

    def wear(self):
        """As Ring.wear tells it."""
        return self._ring.wear()

    def _write(self, buf, at):
        meter = 0xFFFFFFFFFFFF if self.meter_mwh is None else self.meter_mwh
        struct.pack_into("<IH", buf, at, self._imp_mwh & 0xFFFFFFFF, self._imp_mwh >> 32)
        struct.pack_into("<IH", buf, at + 6, meter & 0xFFFFFFFF, meter >> 32)
        struct.pack_into("<II", buf, at + 12, self.boot, self.power_cuts)

    def _commit(self, kind, size, write):
        ring = self._ring
        for _ in range(_TRIES):
            if not ring.room(size):
                # the header of a new block is a checkpoint too: all that is needed from older ones is the rest,
                # which stays where it is until it has been written here
                self._write(self._note, 0)
                ring.open(self.boot, self._note)
                self._rest_due = True
                if self.notes:
                    self._notes_s = -NOTES_S
                if kind == CHECKPOINT:
                    return
            write(ring.record, PREFIX)
            if ring.put(kind, 0, size):
                return
        raise JournalFault("worn", "%d programs did not take" % ring.bad)
