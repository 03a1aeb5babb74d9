"""Counts that must never run backwards: boots, power cuts, the energy register, burn seconds and switchings of the
lamp; what a node must remember of the time, the notes of its sensing, the answers to commands: kept over every cut."""

import struct

from micropython import const

from ..core.crc import crc32
from ..core.faults import JournalFault
from .nor_log import NOTE, PREFIX, u32
from .ring import Ring

EVERY_S = const(10)  # at most one checkpoint in so many seconds: what a cut may cost of consumption
UNKNOWN = const(-32768)
_RING = const(2)
_LONGEST = const(512)  # bytes of a record: the notes
_TRIES = const(32)  # places tried for one record before the flash is called worn
_CHECKPOINT = const(5)
_CHECKPOINT_SIZE = const(28)  # prefix, import register and meter (48 bits each), boots, power cuts
_REST = const(6)  # what came later, in a record of its own: a firmware that does not know it passes it over
_REST_SIZE = const(33)
_REST_FORM = "<IIIIhhHHB"
_NOTES = const(4)  # rows of a key (32 bits), a length and so many bytes
_NOTES_MAX = const(400)  # eight bays, the hours of every part, the mast and the alarms need 240
_NOTES_S = const(600)  # how old notes may be on flash
_ANSWER = const(3)  # a place (one byte), and what is kept there
ANSWERS = const(32)  # places
_NO_METER = 0xFFFFFFFFFFFF


class Counters:
    """Finds the newest checkpoint on its own region of flash, counts this boot, and commits that before it returns.

    clock -- core.clock.Clock; power_cut -- True if the reset cause says that the power was gone
    above -- a boot number that is known to be used (Outbox.newest); this boot's is higher in any case, so that no
        key (b, s) is used twice even if the counters were lost
    Raises JournalFault: "foreign" (nor_log.erase_all(flash) gives the old counters up). Flash that takes nothing any
    more is no reason to stop: `worn` is True then, and the counters go on in RAM.
    """

    def __init__(self, flash, clock, power_cut=False, above=0):
        self._ring = ring = Ring(flash, _RING, _LONGEST)
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
        self.alarms = 0  # bits of the alarms that were on (ops)
        self.worn = False
        self.notes = {}  # CRC of a name: bytes
        self.answers = {}  # place below ANSWERS: bytes
        self._answers_due = set()  # places that differ from flash, or are in an older block only
        self._note = bytearray(20)
        rest_block, notes_block, answer_blocks = self._read() if ring.find() else (-1, -1, {})
        self.boot = max(self.boot, above) + 1
        if power_cut:
            self.power_cuts += 1
        self._due = True
        self._rest_due = rest_block != ring.head
        self._answers_due.update([place for place, block in answer_blocks.items() if block != ring.head])
        # uptime since which notes wait to be written; None: they do not
        self._notes_s = -_NOTES_S if self.notes and notes_block != ring.head else None
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

    @property
    def wear(self):
        """As Log.wear tells it."""
        return self._ring.wear

    # -- notes: a few bytes for each part of sensing

    def kept(self, name):
        """The bytes kept under that name, from before a cut too; None if there are none."""
        return self.notes.get(crc32(name.encode()))

    def keep(self, name, data, now=False):
        """Keep a few bytes under a name. A cut may cost those of the last ten minutes, unless they are due `now`."""
        notes = self.notes
        key = crc32(name.encode())
        if notes.get(key) == data:
            return
        notes[key] = data
        while _size(notes) > _NOTES_MAX:
            # most likely of a part that is not configured any more
            notes.pop([other for other in notes if other != key][0])
        if now:
            self._notes_s = -_NOTES_S
            self.checkpoint(True)
        elif self._notes_s is None:
            self._notes_s = self._clock.uptime_s()

    def _notes_due(self):
        return self._notes_s is not None and self._clock.uptime_s() - self._notes_s >= _NOTES_S

    # -- answers: one for each of the last commands

    def keep_answer(self, place, data, now=False):
        """Keep up to 160 bytes at a place; a cut may cost what was kept since the last checkpoint, unless it is `now`.

        False: the flash did not take it.
        """
        self.answers[place] = data
        self._answers_due.add(place)
        return self.checkpoint(True) if now else True

    # -- writing

    def checkpoint(self, now=False):
        """Commit what changed if the last checkpoint is EVERY_S old, or at once. True if it was written."""
        if not (self._due or self._rest_due or self._answers_due or self._notes_due()):
            return False
        if not now and self._clock.uptime_s() - self._last_s < EVERY_S:
            return False
        self._last_s = self._clock.uptime_s()
        try:
            if self._due:
                self._commit(_CHECKPOINT, _CHECKPOINT_SIZE, self._write_checkpoint)
                self._due = False
            if self._rest_due:
                self._commit(_REST, _REST_SIZE, self._write_rest)
                self._rest_due = False
            while self._answers_due:
                place = min(self._answers_due)
                self._commit(_ANSWER, PREFIX + 1 + len(self.answers[place]), self._write_answer, place)
                self._answers_due.discard(place)
            if self._notes_due():
                self._commit(_NOTES, PREFIX + _size(self.notes), self._write_notes)
                self._notes_s = None
        except JournalFault:
            self.worn = True
            return False
        return True

    def _write_checkpoint(self, buf, at):
        meter = _NO_METER if self.meter_mwh is None else self.meter_mwh
        struct.pack_into("<IH", buf, at, self._imp_mwh & 0xFFFFFFFF, self._imp_mwh >> 32)
        struct.pack_into("<IH", buf, at + 6, meter & 0xFFFFFFFF, meter >> 32)
        struct.pack_into("<II", buf, at + 12, self.boot, self.power_cuts)

    def _write_rest(self, buf, at):
        struct.pack_into(
            _REST_FORM, buf, at, self.burn_s, self.switchings, self.utc_s or 0, min(self.tu_ms, 0xFFFFFFFF),
            self.drift, self.dusk, self.spread, self.doubt_h, self.alarms,
        )  # fmt: skip

    def _write_notes(self, buf, at):
        for key, note in self.notes.items():
            struct.pack_into("<IB", buf, at, key, len(note))
            buf[at + 5 : at + 5 + len(note)] = note
            at += 5 + len(note)

    def _write_answer(self, buf, at, place):
        data = self.answers[place]
        buf[at] = place
        buf[at + 1 : at + 1 + len(data)] = data

    def _commit(self, kind, size, write, *which):
        ring = self._ring
        for _ in range(_TRIES):
            if not ring.room(size):
                # the header of a new block is a checkpoint too: all that is needed from older ones is the rest,
                # which stays where it is until it has been written here
                self._write_checkpoint(self._note, 0)
                ring.open(self.boot, self._note)
                self._rest_due = True
                self._answers_due.update(self.answers)
                if self.notes:
                    self._notes_s = -_NOTES_S
                if kind == _CHECKPOINT:
                    return
            write(ring.record, PREFIX, *which)
            if ring.put(kind, 0, size):
                return
        raise JournalFault("worn", "%d writes to flash failed" % ring.bad)

    # -- reading

    def _read(self):
        """Read what was kept; returns the numbers of the blocks in which the rest and the notes are, or -1, and
        {place: block of its answer}."""
        ring = self._ring
        rest_block = notes_block = -1
        answer_blocks = {}
        self._read_checkpoint(ring.header, NOTE)
        block = ring.head
        # they lie in the newest block, but for a cut between its opening and these records; notes and answers may not
        # be at all
        while block >= 0 and block > ring.head - ring.blocks:
            if rest_block >= 0 and block < ring.head - 1:
                break
            if ring.look(block):
                for at, size in ring.survey(block):
                    kind = ring.peeked[7]
                    ring.fetch(block, at, size)
                    if kind == _CHECKPOINT and size == _CHECKPOINT_SIZE and block == ring.head:
                        self._read_checkpoint(ring.record, PREFIX)
                    elif kind == _REST and size == _REST_SIZE and rest_block <= block:
                        self._read_rest(ring.record)
                        rest_block = block
                    elif kind == _NOTES and notes_block <= block:
                        self._read_notes(ring.record, size)
                        notes_block = block
                    elif kind == _ANSWER and size > PREFIX + 1 and answer_blocks.get(ring.record[PREFIX], -1) <= block:
                        self.answers[ring.record[PREFIX]] = bytes(ring.record[PREFIX + 1 : size])
                        answer_blocks[ring.record[PREFIX]] = block
            block -= 1
        return rest_block, notes_block, answer_blocks

    def _read_checkpoint(self, buf, at):
        self._imp_mwh = u32(buf, at) | buf[at + 4] << 32 | buf[at + 5] << 40
        meter = u32(buf, at + 6) | buf[at + 10] << 32 | buf[at + 11] << 40
        self.meter_mwh = None if meter == _NO_METER else meter
        self.boot = u32(buf, at + 12)
        self.power_cuts = u32(buf, at + 16)

    def _read_rest(self, buf):
        (self.burn_s, self.switchings, utc_s, self.tu_ms, self.drift, self.dusk, self.spread, self.doubt_h,
         self.alarms) = struct.unpack_from(_REST_FORM, buf, PREFIX)  # fmt: skip
        self.utc_s = utc_s or None

    def _read_notes(self, buf, size):
        self.notes.clear()  # the newest record has them all
        at = PREFIX
        while at < size:
            key, length = struct.unpack_from("<IB", buf, at)
            self.notes[key] = bytes(buf[at + 5 : at + 5 + length])
            at += 5 + length


def _size(notes):
    return sum([5 + len(note) for note in notes.values()])
