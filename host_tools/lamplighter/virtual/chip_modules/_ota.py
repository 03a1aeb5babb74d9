"""otadata and app images, as ESP-IDF's boot loader and its over-the-air functions read and write them.

The boot loader of the virtual lamppost, esp32.Partition within it and the sweep of power cuts use it, so it runs under
CPython and MicroPython. Sources: ESP-IDF, bootloader_utility.c, bootloader_common.c, esp_ota_ops.c.

flash -- read(at, buf); erase(at), of a sector; program(at, data), which only clears bits
"""

import hashlib
import struct
from binascii import crc32

SECTOR = 4096
NEW, PENDING, VALID, INVALID, ABORTED, UNDEFINED = 0, 1, 2, 3, 4, 0xFFFFFFFF
FACTORY = -1  # the slot number of a factory partition
_BLANK = 0xFFFFFFFF
_ENTRY = 32  # sequence number, 20 bytes of label, state, CRC of the sequence number
_PIECE = 4096


def crc(seq):
    return crc32(struct.pack("<I", seq), 0xFFFFFFFF) & 0xFFFFFFFF


class OtaData:
    """Two sectors with an entry each; the valid one with the higher sequence number names the slot that starts.

    An entry is written by an erase and a program. A power cut between them leaves the other one.
    at -- where it begins in the flash; count -- of over-the-air slots
    """

    def __init__(self, flash, at, count):
        self._flash = flash
        self._at = at
        self._count = count

    def entry(self, number):
        """(sequence number, state, whether sequence number and CRC are right)"""
        raw = bytearray(_ENTRY)
        self._flash.read(self._at + number * SECTOR, raw)
        seq, state, found = struct.unpack("<I20xII", raw)
        return seq, state, seq != _BLANK and found == crc(seq)

    def write(self, number, seq, state):
        at = self._at + number * SECTOR
        self._flash.erase(at)
        self._flash.program(at, struct.pack("<I", seq) + b"\xff" * 20 + struct.pack("<II", state, crc(seq)))

    def active(self):
        """The number of the entry that counts, -1 if none does."""
        best, found = 0, -1
        for number in (0, 1):
            seq, state, right = self.entry(number)
            if right and state not in (INVALID, ABORTED) and seq > best:
                best, found = seq, number
        return found

    def slot(self):
        """The number of the slot that otadata names, None if it names none."""
        number = self.active()
        return None if number < 0 or not self._count else (self.entry(number)[0] - 1) % self._count

    # the boot loader

    def choose(self, rollback, factory):
        """The slot to try first, and whether otadata is still blank (then started() must be called).

        rollback -- whether the boot loader was built with it; factory -- whether there is such a partition
        """
        if rollback:
            for number in (0, 1):
                seq, state, _ = self.entry(number)
                if state == PENDING:  # it was started once, and has not been confirmed
                    self.write(number, seq, ABORTED)
        number = self.active()
        if number >= 0 and self._count:
            seq, state, _ = self.entry(number)
            if rollback and state == NEW:
                self.write(number, seq, PENDING)
            return (seq - 1) % self._count, False
        if factory:
            return FACTORY, False
        return 0, not self.entry(0)[2] and not self.entry(1)[2]

    def started(self, slot):
        """Without a factory partition the boot loader notes the first slot that it starts."""
        self.write(0, slot + 1, VALID)

    # the functions of the app

    def switch(self, slot, rollback):
        """Name the slot to start next; rollback -- whether the running image was built with it."""
        number, seq = self.active(), slot + 1
        if number >= 0:
            last, seq = self.entry(number)[0], seq % self._count
            while seq < last:
                seq += self._count
        self.write(1 - number if number >= 0 else 0, seq, NEW if rollback else UNDEFINED)

    def mark_valid(self):
        """False if no entry counts."""
        number = self.active()
        if number < 0:
            return False
        seq, state, _ = self.entry(number)
        if state != VALID:
            self.write(number, seq, VALID)
        return True


def order(first, count):
    """Slots in the order in which the boot loader tries them; FACTORY among them."""
    return list(range(first, FACTORY - 1, -1)) + list(range(first + 1, count))


def whole(flash, at, room):
    """The length of the app image there; 0 if it is not whole by its appended SHA-256, or by its checksum."""
    head = bytearray(24)
    flash.read(at, head)
    if head[0] != 0xE9 or not 1 <= head[1] <= 16:
        return 0
    end, part = 24, bytearray(8)
    for _ in range(head[1]):
        if end + 8 > room:
            return 0
        flash.read(at + end, part)
        end += 8 + struct.unpack("<I", part[4:])[0]
    end = (end | 15) + 1
    if end + (32 if head[23] else 0) > room:
        return 0
    if not head[23]:
        return end if _checksum(flash, at, head[1], end) else 0
    digest = bytearray(32)
    flash.read(at + end, digest)
    return end + 32 if _sha256(flash, at, end) == bytes(digest) else 0


def _sha256(flash, at, size):
    found, buf = hashlib.sha256(), bytearray(_PIECE)
    for start in range(0, size, _PIECE):
        piece = memoryview(buf)[: min(_PIECE, size - start)]
        flash.read(at + start, piece)
        found.update(piece)
    return found.digest()


def _checksum(flash, at, segments, end):
    """Whether the exclusive-or of all bytes of the segments is what the last byte says."""
    found, position, part = 0xEF, 24, bytearray(8)
    for _ in range(segments):
        flash.read(at + position, part)
        body = bytearray(struct.unpack("<I", part[4:])[0])
        flash.read(at + position + 8, body)
        for byte in body:
            found ^= byte
        position += 8 + len(body)
    last = bytearray(1)
    flash.read(at + end - 1, last)
    return last[0] == found
