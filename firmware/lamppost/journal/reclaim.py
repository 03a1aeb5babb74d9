"""Room for the next record: blocks are opened, and the oldest freed without losing an alarm or an event.

A full journal drops its oldest telemetry; alarms and events that wait there are copied to the newest block.
"""

import struct

from micropython import const

from ..core.faults import JournalFault
from . import record as form
from .nor_log import AHEAD, u32
from .record import ALARM, CLEAR, EVENT, TELEMETRY

RETRIES = const(8)  # places tried for one record before the flash is called worn


class Reclaim:
    """Keeps the next AHEAD blocks free; see docs/design/never-lost.md for the order of its steps."""

    def __init__(self, ring, queue, anchors, scan, dropped):
        self.ring = ring
        self.queue = queue
        self._anchors = anchors
        self._scan = scan
        self._note = bytearray(20)
        self.boot = 0
        self.last_b = scan.last_b  # newest record committed
        self.last_s = scan.last_s
        self.dropped = dropped
        self.damaged = 0
        # telemetry in blocks up to here is in `dropped`, whether it is dropped yet or not
        self._dropped_to = ring.head + AHEAD - ring.blocks

    def make(self, size):
        """Make room for a record of `size` bytes in the head block. Raises JournalFault("worn")."""
        ring = self.ring
        for _ in range(ring.blocks + 1):
            if ring.room(size):
                return
            self.advance()
        raise JournalFault("worn", "no room in %d blocks" % ring.blocks)

    def advance(self):
        """Open the next block, and free the block that will be opened AHEAD blocks later."""
        self.count(self.ring.head + 1 + AHEAD - self.ring.blocks)
        self._open()
        self.free_ahead()

    def count(self, last):
        """The telemetry that waits in blocks up to `last` will be dropped. It is counted in the header of the block
        opened before that is done: so a cut in between can neither forget it nor count it twice."""
        self._scan.reach(last)
        for block in range(max(self.queue.tail, self._dropped_to + 1), last + 1):
            self.dropped += self._telemetry(block)
        self._dropped_to = max(self._dropped_to, last)

    def _open(self):
        struct.pack_into("<III", self._note, 0, self.last_b, self.last_s, self.dropped)
        self._anchors.write_into(self._note)
        self.ring.open(self.boot, self._note)

    def _telemetry(self, block):
        """The number of telemetry records that wait in a block."""
        if self.queue.empty(block):
            return 0
        ring = self.ring
        return sum(1 for _ in ring.records(block) if ring.peeked[0] == 0xFF and ring.peeked[7] & 7 == TELEMETRY)

    def free_ahead(self):
        """Free what is too close before the head; also finishes what a cut left undone."""
        ring = self.ring
        queue = self.queue
        while queue.tail <= ring.head + AHEAD - ring.blocks:
            block = queue.tail
            self.count(block)
            if self.carry(block):
                queue.drop(block)
                ring.retire(block)
                queue.tail = block + 1
            elif block > ring.head + 1 - ring.blocks:
                self._open()
            else:
                raise JournalFault("worn", "no block is left to carry alarms to")

    def carry(self, block):
        """Copy the alarms and events that wait in a block to the head. False if it has no room for all."""
        if self.queue.empty(block):
            return True
        ring = self.ring
        for at, size in ring.records(block):
            waits = ring.peeked[0] == 0xFF and ring.peeked[7] & 7 in (ALARM, EVENT, CLEAR)
            if waits and not self.move(block, at, size):
                return False
        return True

    def move(self, block, at, size):
        """Copy one record to the head. False if it has no room for it."""
        ring = self.ring
        line = form.line_of(ring.peeked)
        anchor = None
        if not form.knows_time(ring.peeked):
            anchor = self._anchors.of(form.boot_of(ring.peeked, 0), self.boot, block, at)
        for _ in range(RETRIES):
            if not ring.room(size):
                return False
            ring.peek(block, at)
            if not ring.fetch(block, at, size):
                self.damaged += 1
                self.queue.kept -= size
                return True
            byte = ring.record[7]
            if anchor and anchor.quality:
                utc = form.time_of(ring.record) + anchor.offset_s
                byte = form.stamp(ring.record, utc, anchor.quality, anchor.uncertainty_ms)
            if ring.put(byte, 1, size):
                break
        else:
            raise JournalFault("worn", "%d writes to flash failed" % ring.bad)
        # only now, with the copy safe: a cut before this leaves two of one key, never none
        ring.clear(block, at)
        to = ring.at - size
        to_line = form.CARRIED_REST if line & 2 else form.CARRIED_ALARM
        entry = self.queue.move(block, at, line, ring.head, to, to_line)
        if entry is not None:
            ring.peek(ring.head, to)
            entry.crc = u32(ring.peeked, 1)
            entry.seed = ring.seed(ring.head, entry.front)
        return True
