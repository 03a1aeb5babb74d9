"""The header of a block: read, checked, and written when the log goes on to it; loaded for that."""

import struct

from micropython import const

from ..core.crc import crc32
from ..core.faults import JournalFault
from .log import AHEAD, START, u32

VERSION = const(1)
_RETIRE = const(40)


def number(log, index):
    """Sequence number in the header at `index`, -1 where there is none. Raises JournalFault("foreign")."""
    header = log.header
    log._flash.read(index, 0, header)
    if header[0] != 0x4C or header[1] != 0x50 or header[2] != 0x4A or header[3] ^ header[4] != 0xFF:
        return -1
    if header[3] != VERSION:
        raise JournalFault("foreign", "format version %d" % header[3])
    if crc32(log._checked) != u32(header, 36):
        return -1
    if header[5] != log._kind or header[6] | header[7] << 8 != log.blocks:
        raise JournalFault("foreign", "ring %d of %d blocks" % (header[5], header[6] | header[7] << 8))
    seq = u32(header, 8)
    return seq if seq % log.blocks == index else -1


def retired(log):
    """True if the header that was read last is that of a block given up."""
    return log.header[_RETIRE] != 0xFF


def begin(log, boot, note):
    """See Log.open."""
    for seq in range(log.head + 1, log.head + 1 + AHEAD):
        block = seq % log.blocks
        header = log.header
        struct.pack_into("<3sBBBH", header, 0, b"LPJ", VERSION, VERSION ^ 0xFF, log._kind, log.blocks)
        struct.pack_into("<II", header, 8, seq, boot)
        header[16:36] = note
        struct.pack_into("<I", header, 36, crc32(log._checked))
        log.erases += 1
        try:
            log._flash.erase(block)
            log._flash.program(block, 0, memoryview(header)[:_RETIRE])
            if number(log, block) == seq and not retired(log):
                log.head = seq
                log.at = START
                log._boot = boot
                log.rough[block] = 0
                return
        except OSError:
            pass
        log.bad += 1
    raise JournalFault("worn", "no block takes a header")
