"""An append-only log on NOR flash that is found again after a cut at any byte of any operation: its writing half.

The bytes are in docs/design/journal-spec.md, the reasons in docs/design/never-lost.md. A block's sequence number
says where it lies (number % blocks), so every block is erased once a lap: wear is level by construction.
"""

import struct

from micropython import const

from ..core.borrow import once
from ..core.crc import crc32

START = const(41)  # first record of a block: after the header (40) and the byte that retires the block
FRONT = const(25)  # bytes of a record that are read to know it; no record starts closer than this to a block's end
PREFIX = const(8)  # acknowledge byte, CRC, length and tag, kind
RECORD_MAX = const(1024)
_RATED = const(100000)  # erases that a data sheet promises for each block
AHEAD = const(2)  # blocks kept free before the head: one to open, one more should that be worn out
_PAGE = const(256)  # where the log goes on after a cut; a NOR page is programmed as one


def u32(buf, at):
    """Little-endian 32 bits; allocates nothing while the value is a small int (a slice would)."""
    return buf[at] | buf[at + 1] << 8 | buf[at + 2] << 16 | buf[at + 3] << 24


class Log:
    """The blocks and what is written to them; what the records mean is their owner's business.

    kind -- one byte, so that two logs on neighbouring flash are never taken for each other.
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
        self._boot = 0  # boot number in the header of the head
        # 1: the block holds something torn or rotten, or a gap where a boot went on at a new page. Without its
        # CRC a record cannot be told from that, so each one there is checked whole when it is passed.
        self.rough = bytearray(b"\x01" * flash.blocks)
        self.make_room(longest)

    def make_room(self, longest):
        """The buffers, for records of so many bytes."""
        self.record = bytearray(longest)  # owners build a record's payload in it, from PREFIX on
        self._record = memoryview(self.record)
        self.header = bytearray(START)  # the header that look() saw last
        self._checked = memoryview(self.header)[:36]

    def find(self):
        """Find the newest block; its header is in `header` afterwards. True if there is one."""
        return once("journal.scan", "find", self)

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
        once("journal.block", "begin", self, boot, note)

    def wear(self):
        """(erases that each block has seen, erases it is made for, programs and erases that did not take, blocks,
        erases of all blocks since the start)"""
        return self.head // self.blocks + 1, _RATED, self.bad, self.blocks, self.erases
