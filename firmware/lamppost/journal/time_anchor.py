"""UTC for records that were made before the time was known: uptime plus the anchor of their boot."""

import struct

from micropython import const

from ..core.clock import ESTIMATED
from . import record as form
from .kinds import ANCHOR, TELEMETRY
from .log import START, u32

_NOBODY = (-1, 0, 0, 0)
_BOOT = const(12)  # in a block's header: its boot, and 16 bytes further on the owner's anchor
_OFFSET = const(28)


class Anchors:
    """The anchor of this boot, and those of earlier boots found on flash when they are asked for: of the best time
    quality that there is, the newest."""

    def __init__(self, ring):
        self._ring = ring
        self.offset = 0  # UTC - uptime in seconds, while tq > 0
        self.tq = 0
        self.tu_ms = 0
        self._past = _NOBODY  # the one looked up last, found or not: (boot, offset, tq, tu_ms)

    def of(self, boot, this_boot, block, at):
        """(boot, offset, tq, tu_ms) for a record of `boot` at that place; tq 0: that boot never knew the time."""
        if boot == this_boot:
            return boot, self.offset, self.tq, self.tu_ms
        if self._past[0] != boot:
            self._past = self._look(boot, block, at)
        return self._past

    def into(self, note):
        """Write this boot's anchor to the last 8 bytes of a block's note."""
        # an estimate may be off by days, which three bytes of milliseconds cannot say: it is told in seconds
        tu = min((self.tu_ms + 999) // 1000 if self.tq == ESTIMATED else self.tu_ms, 0xFFFFFF)
        struct.pack_into("<IBBH", note, 12, self.offset, self.tq, tu & 255, tu >> 8)

    def _look(self, boot, block, at):
        """Walk on from the record: the anchor of its boot was written after it and before the next boot's records."""
        ring = self._ring
        best = (boot, 0, 0, 0)
        while block <= ring.head:
            if ring.look(block):
                header = ring.header
                opened = u32(header, _BOOT)
                if at == START:
                    if opened > boot:
                        return best
                    tq = header[_OFFSET + 4]
                    if opened == boot and tq >= max(best[2], ESTIMATED):
                        tu = header[_OFFSET + 5] | header[_OFFSET + 6] << 8 | header[_OFFSET + 7] << 16
                        best = (boot, u32(header, _OFFSET), tq, tu * 1000 if tq == ESTIMATED else tu)
                while at <= ring.limit:
                    size = ring.peek(block, at)
                    if size:
                        front = ring.peeked
                        kind = front[7] & 7
                        made = opened + (front[6] >> 4) if kind == TELEMETRY else form.boot_of(front)
                        if made > boot:
                            return best
                        if kind == ANCHOR and made == boot and front[7] >> 5 >= best[2]:
                            best = (boot, form.time_of(front), front[7] >> 5, form.tu_of(front))
                    at = ring.step(block, at, size)
            block += 1
            at = START
        return best
