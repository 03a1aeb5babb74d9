"""Every record that the broker shall get, from its commit to flash until its PUBACK, whatever the power does.

docs/design/never-lost.md is the argument, docs/design/journal-spec.md the bytes.
"""

import struct

from micropython import const

from ..core.crc import crc32
from ..core.faults import JournalFault
from . import record as form
from .anchor import Anchors
from .queue import Queue
from .record import ALARM, ANCHOR, CLEAR, EVENT, NO_LINE, TELEMETRY, Entry
from .ring import AHEAD, RECORD_MAX, START, Ring, u32

__all__ = ("ALARM", "CLEAR", "EVENT", "TELEMETRY", "Entry", "Outbox")

RATED = const(100000)  # erases that a data sheet promises for each block
_RING = const(1)
_NONE = const(0xFFFFFFFF)
_RETRIES = const(8)  # places tried for one record before the flash is called worn


class Outbox:
    """The journal's queue of publications on its own region of flash.

    Making it only reads; begin() names the boot and finishes what a cut left undone. Raises
    JournalFault("foreign") for another format version: ring.format(flash) gives that journal up.
    """

    def __init__(self, flash):
        self._ring = ring = Ring(flash, _RING)
        self._queue = Queue(ring)
        self._anchors = Anchors(ring)
        self._entry = Entry()  # for records that are looked at, not sent
        self._note = bytearray(20)
        self.boot = 0
        self.seq = 0  # of the next record
        self.last_committed = None  # (b, s) of the newest record of all earlier boots
        self.newest = 0  # the highest boot number seen on flash: the next one must be higher
        self.dropped = 0  # telemetry given up as the journal was full, since it was formatted
        self.refused = 0  # alarms and events not taken, as half the journal was full of such
        self.damaged = 0  # records that could not be read back when they were to be sent
        self._kept = 0  # bytes of alarms and events that wait
        self._longest = min(RECORD_MAX, flash.block_size - START)
        self._quota = (ring.blocks - AHEAD - 1) * (flash.block_size - START) // 2
        self._last_b = self._last_s = _NONE
        self._live = 0  # sequence number from which records are of the present connection
        self._counted = -1  # telemetry in blocks up to here is in `dropped`, whether it is dropped yet or not
        self._viewed = None  # the buffer that load() was given last,
        self._view = None  # and its memoryview
        if ring.find():
            self._recover()

    def _recover(self):
        ring = self._ring
        header = ring.header
        self.newest = u32(header, 12)
        self._last_b = u32(header, 16)
        self._last_s = u32(header, 20)
        self.dropped = u32(header, 24)
        tail = ring.head
        for block in range(max(0, ring.head + 1 - ring.blocks), ring.head + 1):
            if ring.look(block) and (block == ring.head or not ring.retired()):
                tail = min(tail, block)
                ring.survey(block, self._saw)
        self._queue.tail = tail
        self._counted = ring.head + AHEAD - ring.blocks
        if self._last_b != _NONE:
            self.last_committed = (self._last_b, self._last_s)
            self.newest = max(self.newest, self._last_b)

    def _saw(self, block, at, size):
        front = self._ring.peeked
        line = form.line_of(front)
        if line == NO_LINE:
            self.newest = max(self.newest, form.boot_of(front))
            return
        entry = self._entry
        seq = entry.read(self._ring, block, at, size, line)
        if entry.kind != CLEAR and (self._last_b == _NONE or (entry.boot, seq) > (self._last_b, self._last_s)):
            self._last_b = entry.boot
            self._last_s = seq
        self.newest = max(self.newest, entry.boot)
        if front[0] == 0xFF:
            self._queue.add(block, line)
            if entry.kind != TELEMETRY:
                self._kept += size

    def begin(self, boot):
        """This is boot number `boot`, higher than `newest`. Finishes an overflow that a cut interrupted."""
        self.boot = boot
        if self._ring.head >= 0:
            self._free_ahead()
            self._trim()

    # -- coming in

    def append(self, kind, topic, body, at, retain=None):
        """Commit a publication to flash; returns its sequence number, None for a CLEAR.

        topic -- suffix, at most 255 bytes; body -- what follows the head; at -- (seconds, known, tq, tu_ms): UTC
        since 2000 if known, else uptime. retain -- None: alarms are retained, the rest is not.
        None also when half the journal is full of alarms and events that wait, and one more comes (`refused`).
        Raises JournalFault: "toolong" above 1000 bytes, "worn" when the flash takes nothing any more.
        """
        time, known, tq, tu_ms = at
        if not known:
            tq = 0
        size = form.front_length(kind, tq) + len(topic) + len(body)
        if size > self._longest or len(topic) > 255:
            raise JournalFault("toolong", "%d bytes" % size)
        if kind != TELEMETRY:
            if self._kept + size > self._quota:
                self.refused += 1
                return None
            self._kept += size
        if retain is None:
            retain = kind in (ALARM, CLEAR)
        self._commit(kind, form.kind_byte(kind, retain, known, tq), topic, body, time, tq, tu_ms)
        self._queue.add(self._ring.head, form.ALARMS if kind in (ALARM, CLEAR) else form.REST)
        if kind == CLEAR:
            return None
        seq = self.seq
        self._last_b = self.boot
        self._last_s = seq
        self.seq = seq + 1
        return seq

    def _commit(self, kind, byte, topic, body, time, tq, tu_ms):
        ring = self._ring
        record = ring.record
        size = form.front_length(kind, tq) + len(topic) + len(body)
        for _ in range(_RETRIES):
            self._make_room(size)
            tag = 0
            if kind == TELEMETRY:
                tag = self.boot - ring.boot_of(ring.head)
                if tag > 15:  # more boots than a block can tell apart: most of them wrote nothing
                    self._advance()
                    continue
            start = form.write_front(record, kind, len(topic), self.seq, time, self.boot, tq, tu_ms)
            record[start : start + len(topic)] = topic
            record[start + len(topic) : size] = body
            if ring.put(byte, tag, size):
                return
        raise JournalFault("worn", "%d programs did not take" % ring.bad)

    def anchor(self, clock):
        """UTC is known now, or better than before: earlier records of this boot get their time by it."""
        anchors = self._anchors
        if clock.offset_s is None or clock.tq <= anchors.tq:
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
        self.damaged += 1
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
            self._kept -= entry.size
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

    def urgent(self):
        """True if an alarm, or the end of one, waits to be sent: no drain rate holds that back."""
        waiting = self._queue.waiting
        return waiting[form.CARRIED_ALARM] + waiting[form.ALARMS] > 0

    def depth(self):
        """Records not acknowledged."""
        return self._queue.depth

    def wear(self):
        """Erases that each block has seen, how many the data sheet promises, programs that did not take."""
        ring = self._ring
        return {"cycles": ring.head // ring.blocks + 1, "rated": RATED, "bad": ring.bad}

    # -- room

    def _make_room(self, size):
        ring = self._ring
        for _ in range(ring.blocks + 1):
            if ring.room(size):
                return
            self._advance()
        raise JournalFault("worn", "no room in %d blocks" % ring.blocks)

    def _advance(self):
        """Open the next block, and free the block that will be opened AHEAD blocks later."""
        self._count(self._ring.head + 1 + AHEAD - self._ring.blocks)
        self._open()
        self._free_ahead()

    def _count(self, last):
        """The telemetry that waits in blocks up to `last` will be dropped. It is counted in the header of the block
        opened before that is done: so a cut in between can neither forget it nor count it twice."""
        for block in range(max(self._queue.tail, self._counted + 1), last + 1):
            self.dropped += self._telemetry(block)
        self._counted = max(self._counted, last)

    def _open(self):
        struct.pack_into("<III", self._note, 0, self._last_b, self._last_s, self.dropped)
        self._anchors.into(self._note)
        self._ring.open(self.boot, self._note)

    def _telemetry(self, block):
        """How many records of telemetry wait in a block."""
        ring = self._ring
        found = 0
        at = ring.limit + 1 if self._queue.empty(block) else START
        while at <= ring.limit:
            size = ring.peek(block, at)
            if size and ring.peeked[0] == 0xFF and ring.peeked[7] & 7 == TELEMETRY:
                found += 1
            at = ring.step(block, at, size)
        return found

    def _free_ahead(self):
        ring = self._ring
        queue = self._queue
        while queue.tail <= ring.head + AHEAD - ring.blocks:
            block = queue.tail
            self._count(block)
            if self._carry(block):
                queue.drop(block)
                ring.retire(block)
                queue.tail = block + 1
            elif block > ring.head + 1 - ring.blocks:
                self._open()
            else:
                raise JournalFault("worn", "no block is left to carry alarms to")

    def _carry(self, block):
        """Copy the alarms and events that wait in a block to the head. False if it has no room for all."""
        ring = self._ring
        at = ring.limit + 1 if self._queue.empty(block) else START
        while at <= ring.limit:
            size = ring.peek(block, at)
            keep = size and ring.peeked[0] == 0xFF and ring.peeked[7] & 7 in (ALARM, EVENT, CLEAR)
            if keep and not self._move(block, at, size):
                return False
            at = ring.step(block, at, size)
        return True

    def _move(self, block, at, size):
        ring = self._ring
        line = form.line_of(ring.peeked)
        anchor = None
        if not form.knows_time(ring.peeked):
            anchor = self._anchors.of(form.boot_of(ring.peeked), self.boot, block, at)
        for _ in range(_RETRIES):
            if not ring.room(size):
                return False
            ring.peek(block, at)
            if not ring.fetch(block, at, size):
                self.damaged += 1
                return True
            byte = ring.record[7]
            if anchor and anchor[2]:
                byte = form.stamp(ring.record, form.time_of(ring.record) + anchor[1], anchor[2], anchor[3])
            if ring.put(byte, 1, size):
                break
        else:
            raise JournalFault("worn", "%d programs did not take" % ring.bad)
        # only now, with the copy safe: a cut before this leaves two of one key, never none
        ring.clear(block, at)
        to = ring.at - size
        to_line = form.CARRIED_REST if line & 2 else form.CARRIED_ALARM
        entry = self._queue.move(block, at, line, ring.head, to, to_line)
        if entry is not None:
            ring.peek(ring.head, to)
            entry.crc = u32(ring.peeked, 1)
            entry.seed = ring.seed(ring.head, entry.front)
        return True
