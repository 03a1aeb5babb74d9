"""UTC for records that were made before the time was known: uptime plus the anchor of their boot."""

import struct
from collections import namedtuple

from ..core.clock import ESTIMATED
from . import record as form
from .nor_log import BOOT, NOTE, START, u32
from .record import ANCHOR

_OFFSET = NOTE + 12  # in a block's header: the anchor of the boot that opened it

# offset_s -- UTC - uptime; quality 0: that boot never knew the time
Anchor = namedtuple("Anchor", ("boot", "offset_s", "quality", "uncertainty_ms"))


class Anchors:
    """The anchor of this boot, and those of earlier boots found on flash when they are asked for: of the best time
    quality that there is, the newest."""

    def __init__(self, ring):
        self._ring = ring
        self.offset = 0  # UTC - uptime in seconds, while tq > 0
        self.tq = 0
        self.tu_ms = 0
        self._past = Anchor(-1, 0, 0, 0)  # the one looked up last, found or not

    def of(self, boot, this_boot, block, at):
        """The Anchor for a record of `boot` at that place."""
        if boot == this_boot:
            return Anchor(boot, self.offset, self.tq, self.tu_ms)
        if self._past.boot != boot:
            self._past = self._look(boot, block, at)
        return self._past

    def write_into(self, note):
        """Write this boot's anchor to the last 8 bytes of a block's note."""
        # an estimate may be off by days, which three bytes of milliseconds cannot hold: seconds then
        tu = min((self.tu_ms + 999) // 1000 if self.tq == ESTIMATED else self.tu_ms, 0xFFFFFF)
        struct.pack_into("<IBBH", note, 12, self.offset, self.tq, tu & 255, tu >> 8)

    def _look(self, boot, block, at):
        """Walk on from the record: the anchor of its boot was written after it and before the next boot's records."""
        ring = self._ring
        best = Anchor(boot, 0, 0, 0)
        while block <= ring.head:
            if ring.look(block):
                header = ring.header
                opened = u32(header, BOOT)
                if at == START:
                    if opened > boot:
                        return best
                    tq = header[_OFFSET + 4]
                    if opened == boot and tq >= max(best.quality, ESTIMATED):
                        tu = header[_OFFSET + 5] | header[_OFFSET + 6] << 8 | header[_OFFSET + 7] << 16
                        best = Anchor(boot, u32(header, _OFFSET), tq, tu * 1000 if tq == ESTIMATED else tu)
                for _ in ring.records(block, at):
                    front = ring.peeked
                    made = form.boot_of(front, opened)
                    if made > boot:
                        return best
                    if front[7] & 7 == ANCHOR and made == boot and front[7] >> 5 >= best.quality:
                        best = Anchor(boot, form.time_of(front), front[7] >> 5, form.tu_of(front))
            block += 1
            at = START
        return best
