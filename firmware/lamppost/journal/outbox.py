"""Every record that the broker shall get, from its commit to flash until its PUBACK, whatever the power does.

docs/design/never-lost.md is the argument, docs/design/journal-spec.md the bytes.
"""

from micropython import const

from ..core.borrow import once
from ..core.crc import crc32
from ..core.faults import JournalFault
from . import record as form
from .kinds import ALARM, ANCHOR, CLEAR, EVENT, TELEMETRY
from .log import AHEAD, RECORD_MAX, START
from .reclaim import RETRIES, Room
from .record import NO_LINE, Entry
from .ring import Ring
from .send_queue import Queue
from .time_anchor import Anchors

__all__ = ("ALARM", "CLEAR", "EVENT", "TELEMETRY", "Entry", "Outbox")

_RING = const(1)
_STEP_S = const(60)  # by so much a clock does not wander between two settings


class Outbox:
    """The journal's queue of publications on its own region of flash.

    Making it only reads; begin() names the boot and finishes what a cut left undone. Raises
    JournalFault("foreign") for another format version: recovery.format(flash) gives that journal up.
    """

    def __init__(self, flash):
        self._ring = ring = Ring(flash, _RING)
        self._queue = Queue(ring)
        self._anchors = Anchors(ring)
        self._room = Room(ring, self._queue, self._anchors)
        self.boot = 0
        self.seq = 0  # of the next record
        self.last_committed = None  # (b, s) of the newest record of all earlier boots
        self.newest = 0  # the highest boot number seen on flash: the next one must be higher
        self.refused = 0  # alarms and events not taken, as half the journal was full of such
        self._longest = min(RECORD_MAX, flash.block_size - START)
        self._quota = (ring.blocks - AHEAD - 1) * (flash.block_size - START) // 2
        self._live = 0  # sequence number from which records are of the present connection
        self._viewed = None  # the buffer that load() was given last,
        self._view = memoryview(b"")  # and its memoryview
        if ring.find():
            once("journal.scan", "outbox", self, ring, self._queue, self._room)

    def begin(self, boot):
        """This is boot number `boot`, higher than `newest`. Finishes an overflow that a cut interrupted."""
        self.boot = self._room.boot = boot
        if self._ring.head >= 0:
            self._room.free_ahead()
            self._trim()

    # -- coming in

    def append(self, kind, topic, body, stamp, retain=None):
        """Commit a publication to flash; returns its sequence number, None for a CLEAR.

        topic -- suffix, at most 255 bytes; body -- what follows the head; stamp -- core.stamp.Stamp of its moment
        retain -- None: alarms are retained, the rest is not.
        None also when half the journal is full of alarms and events that wait, and one more comes (`refused`).
        Raises JournalFault: "toolong" above 1000 bytes, "worn" when the flash takes nothing any more.
        """
        time, known, tq, tu_ms = stamp
        if not known:
            tq = 0
        size = form.front_length(kind, tq) + len(topic) + len(body)
        if size > self._longest or len(topic) > 255:
            raise JournalFault("toolong", "%d bytes" % size)
        room = self._room
        if kind != TELEMETRY and room.kept + size > self._quota:
            self.refused += 1
            return None
        if retain is None:
            retain = kind in (ALARM, CLEAR)
        self._commit(kind, form.kind_byte(kind, retain, known, tq), topic, body, time, tq, tu_ms)
        self._queue.add(self._ring.head, form.ALARMS if kind in (ALARM, CLEAR) else form.REST)
        if kind != TELEMETRY:
            room.kept += size
        if kind == CLEAR:
            return None
        seq = self.seq
        room.last_b = self.boot
        room.last_s = seq
        self.seq = seq + 1
        return seq

    def number(self):
        """The number of a record that worn flash did not take: sent at once, or the gap that a subscriber sees."""
        self.seq += 1
        return self.seq - 1

    def _commit(self, kind, byte, topic, body, time, tq, tu_ms):
        ring = self._ring
        record = ring.record
        size = form.front_length(kind, tq) + len(topic) + len(body)
        for _ in range(RETRIES):
            self._room.make(size)
            tag = 0
            if kind == TELEMETRY:
                tag = self.boot - ring.boot_of(ring.head)
                if tag > 15:  # more boots than a block can tell apart: most of them wrote nothing
                    self._room.advance()
                    continue
            start = form.write_front(record, kind, len(topic), self.seq, time, self.boot, tq, tu_ms)
            record[start : start + len(topic)] = topic
            record[start + len(topic) : size] = body
            if ring.put(byte, tag, size):
                return
        raise JournalFault("worn", "%d programs did not take" % ring.bad)

    def anchor(self, clock):
        """UTC is known now, or better than before: earlier records of this boot get their time by it.

        Also when it was wrong: at the same quality a step counts, the wandering of a clock over days does not.
        """
        anchors = self._anchors
        if clock.offset_s is None or clock.tq < anchors.tq:
            return
        if clock.tq == anchors.tq and abs(clock.offset_s - anchors.offset) <= _STEP_S:
            return
        anchors.offset = clock.offset_s
        anchors.tq = clock.tq
        anchors.tu_ms = clock.tu_ms
        byte = form.kind_byte(ANCHOR, False, True, clock.tq)
        self._commit(ANCHOR, byte, b"", b"", anchors.offset, anchors.tq, anchors.tu_ms)

    # -- going out

    def take(self, entry):
        """Fill `entry` with the next record to send: alarms first, then oldest. False if there is none, or
        WINDOW are in flight. load() it before anything is awaited: an overflow may drop what is not loaded."""
        queue = self._queue
        if not queue.free:
            return False
        if entry.slot >= 0:
            raise ValueError("this entry is in flight")
        line = queue.seek()
        if line == NO_LINE:
            return False
        ring = self._ring
        seq = entry.read(ring, queue.found_block, queue.found_at, queue.found_size, line)
        entry.held = seq < self._live or entry.boot != self.boot
        queue.launch(entry)
        if not form.knows_time(ring.peeked):
            self._stamp(entry)
        return True

    def _stamp(self, entry):
        anchor = self._anchors.of(entry.boot, self.boot, entry.block, entry.at)
        entry.tq = anchor[2]
        entry.tu_ms = anchor[3]
        entry.ts = entry.ts + anchor[1] if anchor[2] else None

    def load(self, entry, buf, at):
        """Copy topic suffix and body (topic_len + body_len bytes) from flash to buf[at:].

        Raises JournalFault: "dropped" if an overflow has taken the record since take(), "damaged" if the flash
        has lost it (counted, and not sought again). Then there is nothing to send or to acknowledge.
        """
        if entry.slot < 0:
            raise JournalFault("dropped")
        if buf is not self._viewed:
            self._viewed = buf
            self._view = memoryview(buf)
        payload = self._view[at : at + entry.topic_len + entry.body_len]
        self._ring.read(entry.block, entry.at + entry.front, payload)
        if crc32(payload, entry.seed) == entry.crc:
            return
        self._room.damaged += 1
        where = "block %d offset %d" % (entry.block, entry.at)
        self.acknowledge(entry)
        raise JournalFault("damaged", where)

    def acknowledge(self, entry):
        """The broker has it (PUBACK): it is never sent again. Nothing happens if an overflow took the record."""
        if entry.slot < 0:
            return
        queue = self._queue
        queue.land(entry)
        block = entry.block
        self._ring.clear(block, entry.at)
        queue.remove(block, entry.line)
        if entry.kind != TELEMETRY:
            self._room.kept -= entry.front + entry.topic_len + entry.body_len
        if block == queue.tail:
            self._trim()

    def rewind(self):
        """The connection is lost: what was in flight is to be sent again, and all that is there now is held."""
        self._queue.put_back()
        self._live = self.seq

    def _trim(self):
        queue = self._queue
        while queue.tail < self._ring.head and queue.empty(queue.tail):
            self._ring.retire(queue.tail)
            queue.tail += 1

    # -- figures

    @property
    def dropped(self):
        """Telemetry given up as the journal was full, since it was formatted."""
        return self._room.dropped

    @property
    def damaged(self):
        """Records that could not be read back in this boot, and those that it did not find at its start."""
        return self._room.damaged

    def urgent(self):
        """True if an alarm, or the end of one, waits to be sent: no drain rate holds that back."""
        waiting = self._queue.waiting
        return waiting[form.CARRIED_ALARM] + waiting[form.ALARMS] > 0

    def depth(self):
        """Records not acknowledged."""
        return self._queue.depth

    def wear(self):
        """As Ring.wear tells it."""
        return self._ring.wear()
