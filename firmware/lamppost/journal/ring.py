"""Reads the log record by record: finds, skips, acknowledges and drops the records that wait."""

from ..core.crc import crc32
from .nor_log import BOOT, FRONT, PAGE, PREFIX, RECORD_MAX, RETIRE, START, Log, u32

_ZERO = b"\x00"
_ERASED = b"\xff" * FRONT


class Ring(Log):
    """A Log (nor_log.py) with its reading half."""

    def __init__(self, flash, kind, longest=RECORD_MAX):
        Log.__init__(self, flash, kind, longest)
        self.peeked = bytearray(FRONT)  # the front of the record that peek() saw last
        view = memoryview(self.peeked)
        self._fronts = {size: view[5:size] for size in (17, 21, 25)}
        self._other = -1  # the block other than the head whose boot number was asked for last,
        self._other_boot = 0  # and that

    def boot_of(self, seq):
        """The boot number in the header of block `seq`."""
        if seq == self.head:
            return self.boot
        if self._other != seq:
            self.look(seq)
            self._other = seq
            self._other_boot = u32(self.header, BOOT)
        return self._other_boot

    # -- walking; where nothing may be allocated: at = START; while at <= limit: size = peek(); ...; at = step()

    def records(self, seq, at=START):
        """(offset, size) of each whole record of block `seq` from `at` on; its front is in `peeked` by then."""
        while at <= self.limit:
            size = self.peek(seq, at)
            if size:
                yield at, size
            at = self.step(seq, at, size)

    def survey(self, seq):
        """As records(), each checked by its CRC; notes whether the block is rough, so that later walks are quick."""
        self.rough[seq % self.blocks] = 1
        gap = False
        rough = seq == self.head  # it goes on after a gap
        at = START
        while at <= self.limit:
            size = self.peek(seq, at)
            if size:
                rough = rough or gap
                yield at, size
            else:
                gap = True
                rough = rough or self.peeked != _ERASED
            at = self.step(seq, at, size)
        self.rough[seq % self.blocks] = rough

    def peek(self, seq, at):
        """Length of the record at offset `at` of block `seq`, its front in `peeked`; 0 if there is none."""
        peeked = self.peeked
        self.flash.read(seq % self.blocks, at, peeked)
        if peeked[7] & 7 == 7:
            return 0  # erased
        size = PREFIX + (peeked[5] | (peeked[6] & 15) << 8)
        if self.rough[seq % self.blocks] and not self.whole(seq, at, size):
            return 0
        return size

    def whole(self, seq, at, size):
        """True if the record that peek() saw fits its CRC."""
        if size > len(self.record) or at + size > self.flash.block_size:
            return False
        checked = self.record_view[5:size]
        self.flash.read(seq % self.blocks, at + 5, checked)
        return crc32(checked, seq) == u32(self.peeked, 1)

    def seed(self, seq, size):
        """CRC of the first `size` bytes (17, 21 or 25) of the record of block `seq` that peek() saw."""
        return crc32(self._fronts[size], seq)

    def fetch(self, seq, at, size):
        """Copy the record that peek() saw, whole, to `record`; False if it does not match its CRC."""
        if not self.whole(seq, at, size):
            return False
        self.record[:5] = self.peeked[:5]
        return True

    def read(self, seq, at, buf):
        """Copy bytes of block `seq` from offset `at` on."""
        self.flash.read(seq % self.blocks, at, buf)

    def step(self, seq, at, size):
        """The offset to look at after `at`, where peek() returned `size`."""
        if size:
            return at + size
        page = (at | PAGE - 1) + 1
        if not self.rough[seq % self.blocks] or self.peeked == _ERASED:
            return page
        # Torn or rotten. Torn: the log went on at a later page. Rotten: it went on where the record ends.
        ends = at + PREFIX + (self.peeked[5] | (self.peeked[6] & 15) << 8)
        while page < ends and page <= self.limit:
            if self.peek(seq, page):
                return page
            page += PAGE
        return ends

    # -- giving up

    def clear(self, seq, at):
        """Clear the acknowledge byte of the record at `at`: done with for good."""
        self.flash.program(seq % self.blocks, at, _ZERO)

    def retire(self, seq):
        """Retire block `seq`: a later erase may be interrupted, and its remains must not count."""
        self.flash.program(seq % self.blocks, RETIRE, _ZERO)
