"""Every record that the broker shall get, from its commit to flash until its PUBACK, whatever the power does.

docs/design/never-lost.md is the argument, docs/design/journal-spec.md the bytes.
"""

from micropython import const

from ..core.crc import crc32
from ..core.faults import JournalFault
from . import record as form
from .nor_log import AHEAD, NOTE, RECORD_MAX, START, u32
from .reclaim import RETRIES, Reclaim
from .record import ALARM, ANCHOR, CLEAR, EVENT, NO_LINE, TELEMETRY, Entry
from .ring import Ring
from .scan import NOTHING, Scan
from .send_queue import SendQueue
from .time_anchor import Anchors

__all__ = ("ALARM", "CLEAR", "EVENT", "TELEMETRY", "Entry", "Outbox")

_RING = const(1)
_SPARE = const(16)  # alarms and events never take the last of so many parts of the journal
_STEP_S = const(60)  # by so much a clock does not wander between two settings


class Outbox:
    """The journal's queue of publications on its own region of flash.

    Making it only reads, and little; begin() names the boot and finishes what a cut left undone; count() counts what
    waits, a block at a time. Raises JournalFault("foreign") for another format version: nor_log.erase_all(flash)
    gives that journal up.
    """

    def __init__(self, flash):
        self._ring = ring = Ring(flash, _RING)
        dropped = u32(ring.header, NOTE + 8) if ring.find() else 0
        self._queue = SendQueue(ring)
        self._anchors = Anchors(ring)
        self._scan = scan = Scan(ring, self._queue)
        self._reclaim = Reclaim(ring, self._queue, self._anchors, scan, dropped)
        self.boot = 0
        self.seq = 0  # of the next record
        # (b, s) of the newest record of all earlier boots
        self.last_committed = None if scan.last_b == NOTHING else (scan.last_b, scan.last_s)
        self.newest = scan.newest  # the highest boot number seen on flash: the next one must be higher
        self._block_room = flash.block_size - START
        self._longest = min(RECORD_MAX, self._block_room)
        self._live = 0  # sequence number from which records are of the present connection
        self._viewed = None  # the buffer that load() was given last,
        self._view = memoryview(b"")  # and its memoryview

    def begin(self, boot):
        """This is boot number `boot`, higher than `newest`. Finishes an overflow that a cut interrupted."""
        self.boot = self._reclaim.boot = boot
        if self._ring.head >= 0:
            self._reclaim.free_ahead()
            self._trim()

    @property
    def counted(self):
        """True once all that waits from earlier boots is counted."""
        return self._scan.complete

    def count(self):
        """Count one more block of earlier boots. Whoever works meanwhile calls it until `counted`."""
        self._scan.step()
        self._trim()

    # -- coming in

    def append(self, kind, topic, body, stamp, retain=None):
        """Commit a publication to flash; returns its sequence number, None for a CLEAR.

        topic -- suffix, at most 255 bytes; body -- what follows the head; stamp -- core.stamp.Stamp of its moment
        retain -- None: alarms are retained, the rest is not.
        Raises JournalFault: "full" when an alarm or its end finds only alarms and events that wait, or an event the
        half of the journal full of them (offer it again later), "toolong" above 1000 bytes, "worn" when the flash
        takes nothing any more.
        """
        time, known, tq, tu_ms = stamp
        if not known:
            tq = 0
        size = form.front_length(kind, tq) + len(topic) + len(body)
        if size > self._longest or len(topic) > 255:
            raise JournalFault("toolong", "%d bytes" % size)
        kept = 0 if kind == TELEMETRY else size
        if kept and self._queue.kept + kept > self._most(kind, kept):
            raise JournalFault("full", "%d bytes of alarms and events wait" % self._queue.kept)
        if retain is None:
            retain = kind in (ALARM, CLEAR)
        self._commit(kind, form.kind_byte(kind, retain, known, tq), topic, body, time, tq, tu_ms)
        self._queue.add(self._ring.head, form.ALARMS if kind in (ALARM, CLEAR) else form.REST, kept)
        if kind == CLEAR:
            return None
        seq = self.seq
        self._reclaim.last_b = self.boot
        self._reclaim.last_s = seq
        self.seq = seq + 1
        return seq

    def _most(self, kind, size):
        """Bytes of alarms and events that may wait with this one among them.

        They are copied forward when their blocks are opened anew, and what does not fit the end of a block goes to the
        next one. A spare part keeps that copying short and leaves room for telemetry.
        """
        blocks = self._ring.blocks
        usable = blocks - AHEAD - 1
        most = (usable - max(1, blocks // _SPARE)) * (self._block_room - max(size, self._queue.longest))
        return min(most, usable * self._block_room // 2) if kind == EVENT else most

    def number(self):
        """The number of a record that worn flash did not take: sent at once, or the gap that a subscriber sees."""
        self.seq += 1
        return self.seq - 1

    def _commit(self, kind, byte, topic, body, time, tq, tu_ms):
        ring = self._ring
        record = ring.record
        size = form.front_length(kind, tq) + len(topic) + len(body)
        for _ in range(RETRIES):
            self._reclaim.make(size)
            tag = 0
            if kind == TELEMETRY:
                tag = self.boot - ring.boot_of(ring.head)
                if tag > 15:  # more boots than a block can tell apart: most of them wrote nothing
                    self._reclaim.advance()
                    continue
            start = form.write_front(record, kind, len(topic), self.seq, time, self.boot, tq, tu_ms)
            record[start : start + len(topic)] = topic
            record[start + len(topic) : size] = body
            if ring.put(byte, tag, size):
                return
        raise JournalFault("worn", "%d writes to flash failed" % ring.bad)

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
        while not self._scan.complete:  # an alarm may wait anywhere
            self.count()
        if entry.slot >= 0:
            raise ValueError("this entry is in flight")
        line = queue.seek()
        if line == NO_LINE:
            return False
        ring = self._ring
        entry.read(ring, queue.found_block, queue.found_at, queue.found_size, line)
        entry.held = form.seq_of(ring.peeked) < self._live or entry.boot != self.boot
        queue.launch(entry)
        if not form.knows_time(ring.peeked):
            self._stamp(entry)
        return True

    def _stamp(self, entry):
        anchor = self._anchors.of(entry.boot, self.boot, entry.block, entry.at)
        entry.tq = anchor.quality
        entry.tu_ms = anchor.uncertainty_ms
        entry.ts = entry.ts + anchor.offset_s if anchor.quality else None

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
        self._reclaim.damaged += 1
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
        kept = 0 if entry.kind == TELEMETRY else entry.front + entry.topic_len + entry.body_len
        queue.remove(block, entry.line, kept)
        if block == queue.tail:
            self._trim()

    def rewind(self):
        """The connection is lost: what was in flight is to be sent again, and all that is there now is held."""
        self._queue.put_back()
        self._live = self.seq

    def _trim(self):
        queue = self._queue
        counted = self._ring.head if self._scan.complete else self._scan.next
        while queue.tail < counted and queue.empty(queue.tail):
            self._ring.retire(queue.tail)
            queue.tail += 1

    # -- figures

    @property
    def dropped(self):
        """Telemetry dropped because the journal was full, since it was formatted."""
        return self._reclaim.dropped

    @property
    def damaged(self):
        """Records that could not be read back in this boot, and those that it did not find at its start."""
        return self._scan.damaged + self._reclaim.damaged

    def urgent(self):
        """True if an alarm, or the end of one, waits to be sent: no drain rate holds that back."""
        waiting = self._queue.waiting
        return waiting[form.CARRIED_ALARM] + waiting[form.ALARMS] > 0

    @property
    def depth(self):
        """Records not acknowledged; while not all is `counted`, there may be more."""
        return self._queue.depth

    @property
    def wear(self):
        """As Log.wear tells it."""
        return self._ring.wear
