"""An append-only ring of blocks on NOR flash that is found again after a cut at any byte of any operation.

The bytes are in docs/design/journal-spec.md, the reasons in docs/design/never-lost.md. A block's sequence number
says where it lies (number % blocks), so every block is erased once a lap: wear is level by construction.
"""

import struct

from micropython import const

from ..core.borrow import once
from ..core.crc import crc32
from ..core.faults import JournalFault

VERSION = const(1)
START = const(41)  # first record of a block: after the header (40) and the byte that retires the block
FRONT = const(25)  # bytes of a record that peek() reads; no record starts closer than this to a block's end
PREFIX = const(8)  # acknowledge byte, CRC, length and tag, kind
RECORD_MAX = const(1024)
_RATED = const(100000)  # erases that a data sheet promises for each block
AHEAD = const(2)  # blocks kept free before the head: one to open, one more should that be worn out
_PAGE = const(256)  # where the log goes on after a cut; a NOR page is programmed as one
_RETIRE = const(40)
_ZERO = b"\x00"
_FF = b"\xff" * FRONT


def u32(buf, at):
    """Little-endian 32 bits; allocates nothing while the value is a small int (a slice would)."""
    return buf[at] | buf[at + 1] << 8 | buf[at + 2] << 16 | buf[at + 3] << 24


class Ring:
    """The blocks and the records in them; what the records mean is their owner's business.

    kind -- one byte, so that two rings on neighbouring flash are never taken for each other.
    longest -- bytes of its longest record, at least a page
    Only find() is called before anything else; it reads and never writes.
    """

    def __init__(self, flash, kind, longest=RECORD_MAX):
        self._flash = flash
        self._kind = kind
        self.blocks = flash.blocks
        self.limit = flash.block_size - FRONT  # last offset at which a record may start
        self.head = -1  # sequence number of the block that is written to; -1: nothing was ever written
        self.at = 0  # offset of the next record in it
        self.bad = 0  # programs and erases that did not take: worn flash
        self.erases = 0  # since the start
        self.record = bytearray(longest)  # owners build a record's payload in it, from PREFIX on
        self._record = memoryview(self.record)
        self.peeked = bytearray(FRONT)  # the front of the record that peek() saw last
        self._peeked = memoryview(self.peeked)
        self.header = bytearray(START)  # the header that look() saw last
        self._checked = memoryview(self.header)[:36]
        self._fronts = {size: self._peeked[5:size] for size in (17, 21, 25)}
        self._boot = 0  # boot number in the header of the head,
        self._other = -1  # of the block other than the head that was asked for last,
        self._other_boot = 0  # and its boot number
        # 1: the block holds something torn or rotten, or a gap where a boot went on at a new page. Without its
        # CRC a record cannot be told from that, so each one there is checked whole when it is passed.
        self.rough = bytearray(b"\x01" * flash.blocks)

    # -- finding

    def look(self, seq):
        """Read the header of block number `seq`; True if it is there (retired or not)."""
        return self._number(seq % self.blocks) == seq

    def _number(self, index):
        """Sequence number in the header at `index`, -1 where there is none. Raises JournalFault("foreign")."""
        header = self.header
        self._flash.read(index, 0, header)
        if header[0] != 0x4C or header[1] != 0x50 or header[2] != 0x4A or header[3] ^ header[4] != 0xFF:
            return -1
        if header[3] != VERSION:
            raise JournalFault("foreign", "format version %d" % header[3])
        if crc32(self._checked) != u32(header, 36):
            return -1
        if header[5] != self._kind or header[6] | header[7] << 8 != self.blocks:
            raise JournalFault("foreign", "ring %d of %d blocks" % (header[5], header[6] | header[7] << 8))
        seq = u32(header, 8)
        return seq if seq % self.blocks == index else -1

    def find(self):
        """Find the newest block; its header is in `header` afterwards. True if there is one."""
        return once("journal.recovery", "find", self)

    def retired(self):
        """True if the header that look() saw last is that of a block given up."""
        return self.header[_RETIRE] != 0xFF

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

    # -- writing

    def room(self, size):
        """True if a record of `size` bytes, PREFIX included, fits the head block."""
        return self.head >= 0 and self.at <= self.limit and self.at + size <= self._flash.block_size

    def put(self, kind, tag, size):
        """Commit the record whose payload is in record[PREFIX:size]. False if the flash did not take it:
        the buffer is spoilt then, and the owner builds the record once more."""
        record = self.record
        block = self.head % self.blocks
        record[0] = 0xFF
        record[5] = (size - PREFIX) & 0xFF
        record[6] = (size - PREFIX) >> 8 | tag << 4
        record[7] = kind
        whole = self._record[:size]
        checked = self._record[5:size]
        crc = crc32(checked, self.head)
        struct.pack_into("<I", record, 1, crc)
        at = self.at
        self.at = at + size
        try:
            self._flash.program(block, at, whole)
            self._flash.read(block, at, whole)
            if record[0] == 0xFF and u32(record, 1) == crc and crc32(checked, self.head) == crc:
                return True
        except OSError:
            pass
        self.bad += 1
        self.rough[block] = 1
        self.at = (self.at - 1 | _PAGE - 1) + 1
        return False

    def open(self, boot, note):
        """Erase the next block and make it the head. note -- 20 bytes of the owner's. The caller has seen to it
        that the next AHEAD blocks hold nothing that is needed. Raises JournalFault("worn")."""
        for seq in range(self.head + 1, self.head + 1 + AHEAD):
            block = seq % self.blocks
            header = self.header
            struct.pack_into("<3sBBBH", header, 0, b"LPJ", VERSION, VERSION ^ 0xFF, self._kind, self.blocks)
            struct.pack_into("<II", header, 8, seq, boot)
            header[16:36] = note
            crc = crc32(self._checked)
            struct.pack_into("<I", header, 36, crc)
            self.erases += 1
            try:
                self._flash.erase(block)
                self._flash.program(block, 0, memoryview(header)[:_RETIRE])
                if self._number(block) == seq and not self.retired():
                    self.head = seq
                    self.at = START
                    self._boot = boot
                    self.rough[block] = 0
                    return
            except OSError:
                pass
            self.bad += 1
        raise JournalFault("worn", "no block takes a header")

    def wear(self):
        """(erases that each block has seen, erases it is made for, programs and erases that did not take, blocks,
        erases of all blocks since the start)"""
        return self.head // self.blocks + 1, _RATED, self.bad, self.blocks, self.erases

    def clear(self, seq, at):
        """Clear the acknowledge byte of the record at `at`: done with for good."""
        self._flash.program(seq % self.blocks, at, _ZERO)

    def retire(self, seq):
        """Give up block `seq`: a later erase of it may be torn, and what that leaves must not count."""
        self._flash.program(seq % self.blocks, _RETIRE, _ZERO)
