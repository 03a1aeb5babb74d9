"""The log as a ring that is read record by record: what waits in it is found, passed, acknowledged and given up."""

from micropython import const

from ..core.crc import crc32
from .block import begin, number, retired
from .log import AHEAD, FRONT, PREFIX, RECORD_MAX, START, Log, u32

__all__ = ("AHEAD", "FRONT", "PREFIX", "RECORD_MAX", "START", "Ring", "u32")

_PAGE = const(256)  # where the log goes on after a cut; a NOR page is programmed as one
_RETIRE = const(40)
_ZERO = b"\x00"
_FF = b"\xff" * FRONT


class Ring(Log):
    """As Log; what only writes does without this file."""

    def make_room(self, longest):
        Log.make_room(self, longest)
        self.peeked = bytearray(FRONT)  # the front of the record that peek() saw last
        self._peeked = memoryview(self.peeked)
        self._fronts = {size: self._peeked[5:size] for size in (17, 21, 25)}
        self._other = -1  # the block other than the head whose boot number was asked for last,
        self._other_boot = 0  # and that

    def look(self, seq):
        """Read the header of block number `seq`; True if it is there (retired or not)."""
        return number(self, seq % self.blocks) == seq

    def retired(self):
        """True if the header that look() saw last is that of a block given up."""
        return retired(self)

    def open(self, boot, note):
        begin(self, boot, note)

    def boot_of(self, seq):
        """The boot number in the header of block `seq`."""
        if seq == self.head:
            return self._boot
        if self._other != seq:
            self.look(seq)
            self._other = seq
            self._other_boot = u32(self.header, 12)
        return self._other_boot

    # -- walking: at = START; while at <= limit: size = peek(seq, at); ...; at = step(seq, at, size)

    def peek(self, seq, at):
        """Length of the record at offset `at` of block `seq`, its front in `peeked`; 0 if there is none."""
        peeked = self.peeked
        self._flash.read(seq % self.blocks, at, peeked)
        if peeked[7] & 7 == 7:
            return 0  # erased
        size = PREFIX + (peeked[5] | (peeked[6] & 15) << 8)
        if self.rough[seq % self.blocks] and not self._whole(seq, at, size):
            return 0
        return size

    def _whole(self, seq, at, size):
        if size > len(self.record) or at + size > self._flash.block_size:
            return False
        checked = self._record[5:size]
        self._flash.read(seq % self.blocks, at + 5, checked)
        return crc32(checked, seq) == u32(self.peeked, 1)

    def seed(self, seq, size):
        """CRC of the first `size` bytes (17, 21 or 25) of the record of block `seq` that peek() saw."""
        return crc32(self._fronts[size], seq)

    def fetch(self, seq, at, size):
        """Copy the record that peek() saw, whole, to `record`; False if it does not match its CRC."""
        if not self._whole(seq, at, size):
            return False
        self.record[:5] = self.peeked[:5]
        return True

    def read(self, seq, at, buf):
        """Copy bytes of block `seq` from offset `at` on."""
        self._flash.read(seq % self.blocks, at, buf)

    def step(self, seq, at, size):
        """Where to look after offset `at`, where peek() answered `size`."""
        if size:
            return at + size
        page = (at | _PAGE - 1) + 1
        if not self.rough[seq % self.blocks] or self.peeked == _FF:
            return page
        # Torn or rotten. Torn: the log went on at a later page. Rotten: it went on where the record ends.
        ends = at + PREFIX + (self.peeked[5] | (self.peeked[6] & 15) << 8)
        while page < ends and page <= self.limit:
            if self.peek(seq, page):
                return page
            page += _PAGE
        return ends

    def clear(self, seq, at):
        """Clear the acknowledge byte of the record at `at`: done with for good."""
        self._flash.program(seq % self.blocks, at, _ZERO)

    def retire(self, seq):
        """Give up block `seq`: a later erase of it may be torn, and what that leaves must not count."""
        self._flash.program(seq % self.blocks, _RETIRE, _ZERO)
