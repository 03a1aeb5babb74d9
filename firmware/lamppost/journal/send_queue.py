"""Tracks which records wait and which are in flight: counts per block in RAM, the records on flash."""

from array import array

from micropython import const

from .nor_log import START
from .record import NO_LINE, line_of, order

WINDOW = const(16)  # records in flight at once
_LINES = const(4)


class SendQueue:
    """The four queues (see record.py) over a ring."""

    def __init__(self, ring):
        self.ring = ring
        self.tail = 0  # oldest block that may hold a record not acknowledged; older ones are retired
        self.waiting = [0] * _LINES  # not acknowledged and not in flight
        self.depth = 0  # not acknowledged
        self.kept = 0  # bytes of alarms, clears and events among them, which a full journal does not drop,
        self.longest = 0  # and of the longest of these that there was
        self._held = array("H", [0] * (_LINES * ring.blocks))  # not acknowledged, by block and line
        self._block = [0] * _LINES  # the next of a line is looked for from here on
        self._at = [START] * _LINES
        self.flight = [None] * WINDOW  # entries
        self.free = list(range(WINDOW))  # slots of `flight`
        self.found_block = 0  # where the record that seek() found lies
        self.found_at = 0
        self.found_size = 0

    def add(self, block, line, kept):
        """A record has come. kept -- its bytes; 0 for telemetry"""
        self.kept += kept
        self.longest = max(self.longest, kept)
        self._held[block % self.ring.blocks * _LINES + line] += 1
        self.waiting[line] += 1
        self.depth += 1

    def empty(self, block):
        """True if nothing in the block waits for its acknowledgement."""
        held = self._held
        at = block % self.ring.blocks * _LINES
        return not (held[at] or held[at + 1] or held[at + 2] or held[at + 3])

    def seek(self):
        """Find the next record to send: its line, its front in the ring's `peeked`; NO_LINE if none waits."""
        waiting = self.waiting
        for line in range(_LINES):
            if waiting[line]:
                self.found_size = self._next(line) if line & 1 else self._lowest(line)
                if self.found_size:
                    return line
                # what was counted cannot be read any more (flash rots): it must not be sought for ever
                waiting[line] = 0
        return NO_LINE

    def _next(self, line):
        ring = self.ring
        held = self._held
        head = ring.head
        block = self._block[line]
        at = self._at[line]
        if block < self.tail:
            block = self.tail
            at = START
        while block <= head:
            if held[block % ring.blocks * _LINES + line]:
                end = ring.at - 1 if block == head else ring.limit
                while at <= end:
                    size = ring.peek(block, at)
                    if size and ring.peeked[0] == 0xFF and line_of(ring.peeked) == line:
                        self.found_block = self._block[line] = block
                        self.found_at = at
                        self._at[line] = at + size
                        return size
                    at = at + size if size else ring.step(block, at, 0)
            block += 1
            at = START
        return 0

    def _lowest(self, line):
        ring = self.ring
        best = None
        for block in range(self.tail, ring.head + 1):
            if not self._held[block % ring.blocks * _LINES + line]:
                continue
            for at, _ in ring.records(block):
                if ring.peeked[0] == 0xFF and line_of(ring.peeked) == line:
                    key = order(ring.peeked)
                    if (best is None or key < best) and self.flying(block, at) is None:
                        best = key
                        self.found_block = block
                        self.found_at = at
        return 0 if best is None else ring.peek(self.found_block, self.found_at)

    def flying(self, block, at):
        """The entry in flight whose record lies there, or None."""
        for entry in self.flight:
            if entry is not None and entry.at == at and entry.block == block:
                return entry
        return None

    def launch(self, entry):
        """The record that seek() found is in flight."""
        slot = self.free.pop()
        entry.slot = slot
        self.flight[slot] = entry
        self.waiting[entry.line] -= 1

    def land(self, entry):
        """It is not any more; remove() or put_back() follows."""
        self.flight[entry.slot] = None
        self.free.append(entry.slot)
        entry.slot = -1

    def remove(self, block, line, kept):
        """A record is acknowledged, or cannot be read any more. kept -- as for add()"""
        self.kept -= kept
        self._held[block % self.ring.blocks * _LINES + line] -= 1
        self.depth -= 1

    def drop(self, block):
        """Drop the records that still wait in the block."""
        at = block % self.ring.blocks * _LINES
        for line in range(_LINES):
            flying = 0
            for entry in self.flight:
                if entry is not None and entry.block == block and entry.line == line:
                    self.land(entry)
                    flying += 1
            gone = self._held[at + line]
            self._held[at + line] = 0
            self.depth -= gone
            self.waiting[line] = max(0, self.waiting[line] - gone + flying)

    def move(self, block, at, line, to_block, to_at, to_line):
        """A record was copied to another place; its entry, if it is in flight, is returned to be told."""
        entry = self.flying(block, at)
        self.remove(block, line, 0)
        self.add(to_block, to_line, 0)
        if entry is None:
            self.waiting[line] = max(0, self.waiting[line] - 1)
            return None
        self.waiting[to_line] -= 1
        entry.block = to_block
        entry.at = to_at
        entry.line = to_line
        return entry

    def put_back(self):
        """Everything in flight waits again."""
        for entry in self.flight:
            if entry is not None:
                self.land(entry)
                line = entry.line
                self.waiting[line] += 1
                if entry.block < self._block[line] or (
                    entry.block == self._block[line] and entry.at < self._at[line]
                ):
                    self._block[line] = entry.block
                    self._at[line] = entry.at
