"""How a journal is found again: its newest block, its records one by one, what they say; loaded for the start."""

import struct

from micropython import const

from . import record as form
from .block import number
from .counters import CHECKPOINT, NOTES, REST, REST_FORM, REST_SIZE, SIZE
from .reclaim import NOTHING
from .record import CLEAR, NO_LINE, TELEMETRY, Entry
from .ring import AHEAD, FRONT, PREFIX, START, Ring, u32

_PAGE = const(256)  # where the log goes on after a cut; a NOR page is programmed as one
_FF = b"\xff" * FRONT
_FF_PAGE = b"\xff" * _PAGE


def format(flash):
    """Give up what is on the flash: erase every block that a journal, of whatever version, has begun."""
    start = bytearray(8)
    for block in range(flash.blocks):
        flash.read(block, 0, start)
        if start != b"\xff" * 8:
            flash.erase(block)


def find(ring):
    """See Ring.find."""
    for index in range(ring.blocks):
        seq = number(ring, index)
        if seq > ring.head:
            ring.head = seq
    if ring.head < 0:
        return False
    ring.at = _end(ring, ring.head)
    number(ring, ring.head % ring.blocks)
    ring._boot = u32(ring.header, 12)
    return True


def _end(ring, seq):
    """Where writing may go on: the first page after the last byte that is not erased.

    Not the byte after the last record: a torn one may follow it, and bits of its page may be half programmed.
    """
    at = ring._flash.block_size
    page = memoryview(ring.record)[:_PAGE]
    while at:
        ring._flash.read(seq % ring.blocks, at - _PAGE, page)
        if page != _FF_PAGE:
            return at
        at -= _PAGE
    return at


def survey(ring, seq, saw):
    """Check block `seq` record by record, calling saw(seq, at, size) for each that is whole."""
    ring.rough[seq % ring.blocks] = 1
    gap = False
    rough = seq == ring.head  # it goes on after a gap
    at = START
    while at <= ring.limit:
        size = ring.peek(seq, at)
        if size:
            rough = rough or gap
            saw(seq, at, size)
        else:
            gap = True
            rough = rough or ring.peeked != _FF
        at = ring.step(seq, at, size)
    ring.rough[seq % ring.blocks] = rough


def outbox(box, ring, queue, room):
    """Count what waits on the flash of an Outbox, and learn from which boots it is."""
    header = ring.header
    box.newest = u32(header, 12)
    room.last_b = u32(header, 16)
    room.last_s = u32(header, 20)
    room.dropped = u32(header, 24)
    room.counted = ring.head + AHEAD - ring.blocks
    entry = Entry()  # for records that are looked at, not sent
    seen = [-1, -1]  # boot and number of the last record that the survey came by

    def saw(block, at, size):
        front = ring.peeked
        line = form.line_of(front)
        if line == NO_LINE:
            box.newest = max(box.newest, form.boot_of(front))
            return
        seq = entry.read(ring, block, at, size, line)
        if line in (form.ALARMS, form.REST) and entry.kind != CLEAR:
            # numbers follow each other as written: one that is missing was written and cannot be read any more
            if entry.boot == seen[0] and seq > seen[1]:
                room.damaged += seq - seen[1] - 1
            seen[0] = entry.boot
            seen[1] = seq
        if entry.kind != CLEAR and (room.last_b == NOTHING or (entry.boot, seq) > (room.last_b, room.last_s)):
            room.last_b = entry.boot
            room.last_s = seq
        box.newest = max(box.newest, entry.boot)
        if front[0] == 0xFF:
            queue.add(block, line)
            if entry.kind != TELEMETRY:
                room.kept += size

    tail = ring.head
    for block in range(max(0, ring.head + 1 - ring.blocks), ring.head + 1):
        if ring.look(block) and (block == ring.head or not ring.retired()):
            tail = min(tail, block)
            survey(ring, block, saw)
    queue.tail = tail
    if room.last_b != NOTHING:
        box.last_committed = (room.last_b, room.last_s)
        box.newest = max(box.newest, room.last_b)


def counters(kept, log):
    """Read the newest checkpoint of Counters, the rest and the notes; returns the blocks of these two, or -1."""
    found = [-1, -1]
    ring = Ring(log._flash, log._kind, len(log.record))
    find(ring)

    def saw(block, at, size):
        kind = ring.peeked[7]
        if kind == CHECKPOINT and size == SIZE and block == ring.head:
            ring.peek(block, at)
            ring.fetch(block, at, size)
            _checkpoint(kept, ring.record, PREFIX)
        elif kind == REST and size == REST_SIZE and found[0] <= block:
            ring.peek(block, at)
            ring.fetch(block, at, size)
            _rest(kept, ring.record)
            found[0] = block
        elif kind == NOTES and found[1] <= block:
            ring.peek(block, at)
            ring.fetch(block, at, size)
            _notes(kept.notes, ring.record, size)
            found[1] = block

    _checkpoint(kept, ring.header, 16)
    block = ring.head
    # they lie in the newest block, but for a cut between its opening and these records; notes may not be at all
    while block >= 0 and block > ring.head - ring.blocks and (found[0] < 0 or found[1] < 0 and block >= ring.head - 1):
        if ring.look(block):
            survey(ring, block, saw)
        block -= 1
    return found


def _checkpoint(kept, buf, at):
    kept._imp_mwh = u32(buf, at) | buf[at + 4] << 32 | buf[at + 5] << 40
    meter = u32(buf, at + 6) | buf[at + 10] << 32 | buf[at + 11] << 40
    kept.meter_mwh = None if meter == 0xFFFFFFFFFFFF else meter
    kept.boot = u32(buf, at + 12)
    kept.power_cuts = u32(buf, at + 16)


def _notes(notes, buf, size):
    notes.clear()  # the newest record has them all
    at = PREFIX
    while at < size:
        key, length = struct.unpack_from("<IB", buf, at)
        notes[key] = bytes(buf[at + 5 : at + 5 + length])
        at += 5 + length


def _rest(kept, buf):
    (kept.burn_s, kept.switchings, utc_s, kept.tu_ms, kept.drift, kept.dusk, kept.spread, kept.doubt_h,
     kept.alarms) = struct.unpack_from(REST_FORM, buf, PREFIX)  # fmt: skip
    kept.utc_s = utc_s or None
