"""An append-only log on NOR flash that is found again after a cut at any byte of any operation: its writing half.

The bytes are in docs/design/journal-spec.md, the reasons in docs/design/never-lost.md. A block's sequence number
says where it lies (number % blocks), so every block is erased once a lap: wear is level by construction.
"""

import struct

from micropython import const

from ..core.crc import crc32
from ..core.faults import JournalFault

VERSION = const(1)
BOOT = const(12)  # offsets in a block's header: the boot that opened it,
NOTE = const(16)  # the owner's note of 20 bytes,
_CRC = const(36)  # the CRC of all before it,
RETIRE = const(40)  # and the byte that retires the block
START = const(41)  # first record of a block
FRONT = const(25)  # bytes of a record that are read to know it; no record starts closer than this to a block's end
PREFIX = const(8)  # acknowledge byte, CRC, length and tag, kind
RECORD_MAX = const(1024)
AHEAD = const(2)  # blocks kept free before the head: one to open, one more should that be worn out
PAGE = const(256)  # where the log goes on after a cut; a NOR page is programmed as one
_RATED = const(100000)  # erases that a data sheet promises for each block
_ERASED_PAGE = b"\xff" * PAGE


def u32(buf, at):
    """Little-endian 32 bits; allocates nothing while the value is a small int (a slice would)."""
    return buf[at] | buf[at + 1] << 8 | buf[at + 2] << 16 | buf[at + 3] << 24


def erase_all(flash):
    """Erase every block that a log of any version has opened."""
    start = bytearray(8)
    for block in range(flash.blocks):
        flash.read(block, 0, start)
        if start != b"\xff" * 8:
            flash.erase(block)


class Log:
    """The blocks and what is written to them; what the records mean is their owner's business.

    kind -- one byte, so that two logs on neighbouring flash are never taken for each other.
    longest -- bytes of its longest record, at least a page
    Only find() is called before anything else; it reads and never writes.
    """

    def __init__(self, flash, kind, longest=RECORD_MAX):
        self.flash = flash
        self._kind = kind
        self.blocks = flash.blocks
        self.limit = flash.block_size - FRONT  # last offset at which a record may start
        self.head = -1  # sequence number of the block that is written to; -1: nothing was ever written
        self.at = 0  # offset of the next record in it
        self.boot = 0  # boot number in its header
        self.oldest = 0  # what find() learned: the lowest number of a block that is not retired
        self.bad = 0  # programs and erases that did not take: worn flash
        self.erases = 0  # since the start
        # 1: the block holds something torn or rotten, or a gap where a boot went on at a new page. Without its
        # CRC a record cannot be told from that, so each one there is checked whole when it is passed.
        self.rough = bytearray(b"\x01" * flash.blocks)
        self.record = bytearray(longest)  # owners build a record's payload in it, from PREFIX on
        self.record_view = memoryview(self.record)
        self.header = bytearray(START)  # the header that look() saw last
        self._checked = memoryview(self.header)[:_CRC]

    # -- finding

    def find(self):
        """Find the newest block; its header is in `header` afterwards. True if there is one.

        Raises JournalFault("foreign").
        """
        in_use = []
        for index in range(self.blocks):
            seq = self._number(index)
            if seq > self.head:
                self.head = seq
            if seq >= 0 and not self.retired():
                in_use.append(seq)
        if self.head < 0:
            return False
        # a block that a worn erase has left behind is of an earlier lap
        self.oldest = min([self.head] + [seq for seq in in_use if seq > self.head - self.blocks])
        self.at = self._end()
        self.look(self.head)
        self.boot = u32(self.header, BOOT)
        return True

    def look(self, seq):
        """Read the header of block number `seq`; True if it is there (retired or not)."""
        return self._number(seq % self.blocks) == seq

    def retired(self):
        """True if the header that look() saw last is that of a retired block."""
        return self.header[RETIRE] != 0xFF

    def _number(self, index):
        """Sequence number in the header of the block at `index`, -1 where there is none."""
        header = self.header
        self.flash.read(index, 0, header)
        if header[0] != 0x4C or header[1] != 0x50 or header[2] != 0x4A or header[3] ^ header[4] != 0xFF:
            return -1
        if header[3] != VERSION:
            raise JournalFault("foreign", "format version %d" % header[3])
        if crc32(self._checked) != u32(header, _CRC):
            return -1
        if header[5] != self._kind or header[6] | header[7] << 8 != self.blocks:
            raise JournalFault("foreign", "ring %d of %d blocks" % (header[5], header[6] | header[7] << 8))
        seq = u32(header, 8)
        return seq if seq % self.blocks == index else -1

    def _end(self):
        """The offset at which writing continues: the first page after the last byte of the head that is not erased.

        Not the byte after the last record: a torn one may follow it, and bits of its page may be half programmed.
        """
        at = self.flash.block_size
        page = self.record_view[:PAGE]
        while at:
            self.flash.read(self.head % self.blocks, at - PAGE, page)
            if page != _ERASED_PAGE:
                return at
            at -= PAGE
        return at

    # -- writing

    def room(self, size):
        """True if a record of `size` bytes, PREFIX included, fits the head block."""
        return self.head >= 0 and self.at <= self.limit and self.at + size <= self.flash.block_size

    def put(self, kind, tag, size):
        """Commit the record whose payload is in record[PREFIX:size]. False if the flash did not take it:
        the buffer is spoilt then, and the owner builds the record once more."""
        record = self.record
        block = self.head % self.blocks
        record[0] = 0xFF
        record[5] = (size - PREFIX) & 0xFF
        record[6] = (size - PREFIX) >> 8 | tag << 4
        record[7] = kind
        whole = self.record_view[:size]
        checked = self.record_view[5:size]
        crc = crc32(checked, self.head)
        struct.pack_into("<I", record, 1, crc)
        at = self.at
        self.at = at + size
        try:
            self.flash.program(block, at, whole)
            self.flash.read(block, at, whole)
            if record[0] == 0xFF and u32(record, 1) == crc and crc32(checked, self.head) == crc:
                return True
        except OSError:
            pass
        self.bad += 1
        self.rough[block] = 1
        self.at = (self.at - 1 | PAGE - 1) + 1
        return False

    def open(self, boot, note):
        """Erase the next block and make it the head. note -- 20 bytes of the owner's. The caller has seen to it
        that the next AHEAD blocks hold nothing that is needed. Raises JournalFault("worn")."""
        header = self.header
        for seq in range(self.head + 1, self.head + 1 + AHEAD):
            block = seq % self.blocks
            struct.pack_into("<3sBBBH", header, 0, b"LPJ", VERSION, VERSION ^ 0xFF, self._kind, self.blocks)
            struct.pack_into("<II", header, 8, seq, boot)
            header[NOTE:_CRC] = note
            struct.pack_into("<I", header, _CRC, crc32(self._checked))
            self.erases += 1
            try:
                self.flash.erase(block)
                self.flash.program(block, 0, memoryview(header)[:RETIRE])
                if self.look(seq) and not self.retired():
                    self.head = seq
                    self.at = START
                    self.boot = boot
                    self.rough[block] = 0
                    return
            except OSError:
                pass
            self.bad += 1
        raise JournalFault("worn", "no block accepts a header")

    @property
    def wear(self):
        """(erases that each block has seen, erases it is made for, programs and erases that did not take, blocks,
        erases of all blocks since the start)"""
        return self.head // self.blocks + 1, _RATED, self.bad, self.blocks, self.erases
