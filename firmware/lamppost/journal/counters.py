"""Counts that must never run backwards: boots, power cuts and the energy register, kept on flash over every cut."""

import struct

from micropython import const

from .ring import PREFIX, Ring, u32

EVERY_S = const(10)  # at most one checkpoint in so many seconds: what a cut may cost of consumption
_RING = const(2)
_CHECKPOINT = const(5)
_LONGEST = const(256)  # the ring reads its flash by such pages
_SIZE = const(28)  # prefix, import register and meter (48 bits each), boots, power cuts


class Counters:
    """Finds the newest checkpoint on its own region of flash, counts this boot, and commits that before it returns.

    clock -- core.clock.Clock; power_cut -- True if the reset cause says that the power was gone
    above -- a boot number that is known to be used (Outbox.newest); this boot's is higher in any case, so that no
        key (b, s) is used twice even if the counters were lost
    Raises JournalFault: "foreign" (ring.format(flash) gives the old counters up), "worn".
    """

    def __init__(self, flash, clock, power_cut=False, above=0):
        self._ring = ring = Ring(flash, _RING, _LONGEST)
        self._clock = clock
        self._imp_mwh = 0
        self.meter_mwh = None  # the meter's own register when imp_mwh was counted up last; None: no meter yet
        self.boot = 0
        self.power_cuts = 0
        self._note = bytearray(20)
        if ring.find():
            self._read(ring.header, 16)
            ring.survey(ring.head, self._saw)
        self.boot = max(self.boot, above) + 1
        if power_cut:
            self.power_cuts += 1
        self._due = False
        self._last_s = 0
        self._commit()

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

    def checkpoint(self, now=False):
        """Commit what changed() if the last checkpoint is EVERY_S old, or at once. True if it was written."""
        if not self._due or not now and self._clock.uptime_s() - self._last_s < EVERY_S:
            return False
        self._commit()
        return True

    def wear(self):
        """Erases that each block has seen."""
        return self._ring.head // self._ring.blocks + 1

    def _saw(self, block, at, size):
        if size == _SIZE and self._ring.peeked[7] == _CHECKPOINT:
            self._ring.peek(block, at)
            self._ring.fetch(block, at, size)
            self._read(self._ring.record, PREFIX)

    def _read(self, buf, at):
        self._imp_mwh = u32(buf, at) | buf[at + 4] << 32 | buf[at + 5] << 40
        meter = u32(buf, at + 6) | buf[at + 10] << 32 | buf[at + 11] << 40
        self.meter_mwh = None if meter == 0xFFFFFFFFFFFF else meter
        self.boot = u32(buf, at + 12)
        self.power_cuts = u32(buf, at + 16)

    def _write(self, buf, at):
        meter = 0xFFFFFFFFFFFF if self.meter_mwh is None else self.meter_mwh
        struct.pack_into("<IH", buf, at, self._imp_mwh & 0xFFFFFFFF, self._imp_mwh >> 32)
        struct.pack_into("<IH", buf, at + 6, meter & 0xFFFFFFFF, meter >> 32)
        struct.pack_into("<II", buf, at + 12, self.boot, self.power_cuts)

    def _commit(self):
        ring = self._ring
        while True:
            if not ring.room(_SIZE):
                # the header of a new block is a checkpoint too: nothing older is needed from here on
                self._write(self._note, 0)
                ring.open(self.boot, self._note)
                break
            self._write(ring.record, PREFIX)
            if ring.put(_CHECKPOINT, 0, _SIZE):
                break
        self._due = False
        self._last_s = self._clock.uptime_s()
