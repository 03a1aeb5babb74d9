"""Counts the records that wait in the outbox after a start, block by block while the node works.

A start needs the newest block only: which boot was the last, and its last record. All else can be counted later.
"""

from . import record as form
from .nor_log import BOOT, NOTE, u32
from .record import ALARMS, CLEAR, NO_LINE, REST, TELEMETRY

NOTHING = 0xFFFFFFFF  # in a header's note: no record was committed before


class Scan:
    """ring -- the outbox's Ring, in which find() found something or not; queue -- is told of each record that waits."""

    def __init__(self, ring, queue):
        self._ring = ring
        self._queue = queue
        self.newest = 0  # the highest boot number seen
        self.last_b = self.last_s = NOTHING  # the newest record committed
        self.damaged = 0  # records that were written and cannot be read any more
        self._boot = self._seq = -1  # of the record that was passed last
        self._end = ring.head  # the newest block at the start, which is counted at once
        self.next = queue.tail = ring.oldest  # the block that is counted next
        self.complete = self.next >= self._end
        self._first = None  # (boot, seq) of the first numbered record in the newest block
        if ring.head >= 0:
            self.newest = u32(ring.header, BOOT)
            self.last_b = u32(ring.header, NOTE)
            self.last_s = u32(ring.header, NOTE + 4)
            self._count(ring.head)
            self._boot = self._seq = -1
            if self.last_b != NOTHING:
                self.newest = max(self.newest, self.last_b)

    def step(self):
        """Count one more block, from the oldest on."""
        if self.complete:
            return
        block = self.next
        # before it is read: one that cannot be must not hold up all others
        self.next = block + 1
        self.complete = self.next >= self._end
        if self._ring.look(block) and not self._ring.retired():
            self._count(block)
        if self.complete and self._first:
            self._number(self._first[0], self._first[1])

    def reach(self, block):
        """Count up to `block`, which is about to be dropped."""
        while not self.complete and self.next <= block:
            self.step()

    def _count(self, block):
        ring = self._ring
        opened = ring.boot_of(block)
        for _, size in ring.survey(block):
            front = ring.peeked
            boot = form.boot_of(front, opened)
            self.newest = max(self.newest, boot)
            line = form.line_of(front)
            if line == NO_LINE:
                continue
            kind = front[7] & 7
            if kind != CLEAR:
                seq = form.seq_of(front)
                if line in (ALARMS, REST):
                    self._number(boot, seq)
                    if block == self._end and self._first is None:
                        self._first = (boot, seq)
                if self.last_b == NOTHING or (boot, seq) > (self.last_b, self.last_s):
                    self.last_b = boot
                    self.last_s = seq
            if front[0] == 0xFF:
                self._queue.add(block, line, 0 if kind == TELEMETRY else size)

    def _number(self, boot, seq):
        """Numbers follow each other as written: one that is missing was written and cannot be read any more."""
        if boot == self._boot and seq > self._seq:
            self.damaged += seq - self._seq - 1
        self._boot = boot
        self._seq = seq
