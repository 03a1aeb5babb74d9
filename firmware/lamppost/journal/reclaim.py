"""Room for the next record: blocks are opened, and the oldest freed without losing an alarm or an event.

A full journal drops its oldest telemetry; alarms and events that wait there are copied to the newest block.
"""

import struct

from micropython import const

from ..core.faults import JournalFault
from . import record as form
from .record import ALARM, CLEAR, EVENT, TELEMETRY
from .ring import AHEAD, START, u32

RETRIES = const(8)  # places tried for one record before the flash is called worn
NOTHING = const(0xFFFFFFFF)


class Room:
    """Keeps the next AHEAD blocks free; see docs/design/never-lost.md for the order of its steps."""

    def __init__(self, ring, queue, anchors):
        self._ring = ring
        self._queue = queue
        self._anchors = anchors
        self._note = bytearray(20)
        self.boot = 0
        self.last_b = self.last_s = NOTHING  # newest record committed
        self.dropped = 0
        self.damaged = 0
        self.kept = 0  # bytes of alarms and events that wait
        self.counted = -1  # telemetry in blocks up to here is in `dropped`, whether it is dropped yet or not

    def make(self, size):
        """See to it that a record of `size` bytes fits the head block. Raises JournalFault("worn")."""
        ring = self._ring
        for _ in range(ring.blocks + 1):
            if ring.room(size):
                return
            self.advance()
        raise JournalFault("worn", "no room in %d blocks" % ring.blocks)

    def advance(self):
        """Open the next block, and free the block that will be opened AHEAD blocks later."""
        self._count(self._ring.head + 1 + AHEAD - self._ring.blocks)
        self._open()
        self.free_ahead()

    def _count(self, last):
        """The telemetry that waits in blocks up to `last` will be dropped. It is counted in the header of the block
        opened before that is done: so a cut in between can neither forget it nor count it twice."""
        for block in range(max(self._queue.tail, self.counted + 1), last + 1):
            self.dropped += self._telemetry(block)
        self.counted = max(self.counted, last)

    def _open(self):
        struct.pack_into("<III", self._note, 0, self.last_b, self.last_s, self.dropped)
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

    def free_ahead(self):
        """Free what is too close before the head; also finishes what a cut left undone."""
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
        for _ in range(RETRIES):
            if not ring.room(size):
                return False
            ring.peek(block, at)
            if not ring.fetch(block, at, size):
                self.damaged += 1
                self.kept -= size
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
