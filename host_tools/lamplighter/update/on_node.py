# Runs on the node, sent there by renewing.py of the host: puts a slot's new pack together beside the old one, from what
# the running slot has already and from blocks that come over the line, and makes it count when it is whole.

import binascii
import gc
import io
import os
import sys

import deflate

_HEAD = 12  # hex digits before a block: its length on the line and its CRC-32
_CREDIT = 128  # each so many bytes taken from the console are told: its buffer holds twice as many
_PIECE = 512


class Pack:
    """The pack that is put together; steps -- [offset in the old pack or -1 for what comes, length] in their order."""

    def __init__(self, old, path, steps):
        self.old = open(old, "rb") if old else None  # noqa: SIM115
        self._file = open(path, "wb")  # noqa: SIM115
        self._steps = steps

    def take(self, data):
        """What came, and what of the old pack belongs before and behind it."""
        at = 0
        while self._steps and (self._steps[0][0] >= 0 or at < len(data)):
            step = self._steps[0]
            if step[0] >= 0:
                self._copy(*self._steps.pop(0))
                continue
            piece = data[at : at + step[1]]
            self._file.write(piece)
            at += len(piece)
            step[1] -= len(piece)
            if not step[1]:
                self._steps.pop(0)

    def _copy(self, offset, left):
        self.old.seek(offset)
        while left:
            piece = self.old.read(min(left, _PIECE))
            if not piece:
                raise OSError(5)
            self._file.write(piece)
            left -= len(piece)

    def close(self):
        self._file.close()
        if self.old:
            self.old.close()


def unstuffed(block, count):
    """Put back the bytes 3 (Ctrl-C on a console) that were taken out of the first count bytes; the length then."""
    start = end = 0
    while start < count:
        run = block[start]
        if run > 3:
            run -= 1
        block[end : end + run] = block[start + 1 : start + 1 + run]
        start += run + 1
        end += run
        if run < 254 and start < count:
            block[end] = 3
            end += 1
    return end


class Line:
    """Blocks from the console, one taken in while another is worked on; what is spoilt is asked for again."""

    def __init__(self, size, read, waiting, write):
        self._buf = bytearray(_HEAD + size)
        self._read, self._waiting, self._write = read, waiting, write
        self._have = self._told = self._number = 0
        self._need = _HEAD

    def pump(self):
        """Take what is there."""
        while self._have < self._need and self._waiting(0):
            self._take()

    def _take(self):
        count = min(_CREDIT - self._told, self._need - self._have)
        count = self._read(memoryview(self._buf)[self._have : self._have + count]) or 0
        self._have += count
        self._told += count
        if self._told == _CREDIT:
            self._told = 0
            self._write(b".")
        if self._have == self._need == _HEAD:
            try:
                length = int(bytes(self._buf[:4]), 16)
            except ValueError:
                return
            if _HEAD + length <= len(self._buf):
                self._need = _HEAD + length

    def block(self):
        """The next block's bytes, good until pump()."""
        while True:
            while self._have < self._need:
                self._take()
            block, good = memoryview(self._buf)[_HEAD : self._need], self._need > _HEAD
            self._have, self._need = 0, _HEAD
            try:
                crc = int(bytes(self._buf[4:_HEAD]), 16)
            except ValueError:
                good = False
            # the checksum begins with the block's number: the one before, whose receipt got lost, is told from this one
            if good and crc == binascii.crc32(block, self._number):
                self._write(b"k")
                self._number += 1
                return block[: unstuffed(block, len(block))]
            if good and crc == binascii.crc32(block, self._number - 1 & 0xFFFFFFFF):
                self._write(b"k")
                continue
            while self._waiting(100):
                self._read(memoryview(self._buf)[:1])
            self._told = 0
            self._write(b"!")


class Stream:
    """One deflate stream, unpacked as far as it has come; text that the node has can be put amid it."""

    def __init__(self, bits):
        self._in = io.BytesIO()
        self._end = 0
        self._out = deflate.DeflateIO(self._in, deflate.RAW, bits)

    def feed(self, data):
        rest = self._in.read(self._end - self._in.tell())
        self._in.seek(0)
        self._end = self._in.write(rest) + self._in.write(data)
        self._in.seek(0)

    def read(self, count):
        return self._out.read(count)

    def know(self, text):
        """As a stored block; what it comes out as is thrown away."""
        count = len(text)
        self.feed(bytes((0, count & 255, count >> 8, ~count & 255, ~count >> 8 & 255)) + text)
        self.read(count)


def unpack(pack, stream, block, pump):
    """A block: how many texts of the old pack it refers to, where they are, how much comes out of it, its bytes."""
    at = 1
    for _ in range(block[0]):
        left = block[at + 4] | block[at + 5] << 8
        pack.old.seek(int.from_bytes(block[at : at + 4], "little"))
        while left:
            text = pack.old.read(min(left, _PIECE))
            if not text:
                raise OSError(5)
            stream.know(text)
            left -= len(text)
        at += 6
    left = block[at] | block[at + 1] << 8
    stream.feed(block[at + 2 :])
    while left:
        pump()
        piece = stream.read(min(left, _PIECE))
        left -= len(piece)
        pack.take(piece)


def crc_of(path):
    crc = 0
    with open(path, "rb") as file:
        while True:
            piece = file.read(_PIECE)
            if not piece:
                return crc
            crc = binascii.crc32(piece, crc)


def swap(slot, crc, root="/"):
    """Let the slot's new pack count from the next start on, if it is whole; the other slot stays as it is."""
    import json

    path = root + slot + ".app"
    if crc_of(path) != crc:
        return False
    beside = root + "state.part"
    with open(beside, "w") as file:
        json.dump({"active": slot}, file)
    os.rename(beside, root + "state.json")
    return True


def renew(old, slot, steps, crc, count, size, bits, read, waiting, write, root="/"):
    """Put the pack of `slot` together and make it count; whether it does."""
    gc.collect()
    beside = root + slot + ".part"
    pack = Pack(old and root + old + ".app", beside, steps)
    try:
        line, stream = Line(size, read, waiting, write), Stream(bits)
        write(b"go\n")
        pack.take(b"")
        for _ in range(count):
            unpack(pack, stream, line.block(), line.pump)
    finally:
        pack.close()
    whole = not steps and crc_of(beside) == crc
    if whole:
        os.rename(beside, root + slot + ".app")
        whole = swap(slot, crc, root)
    else:
        os.remove(beside)
    write(b"done\n" if whole else b"spoilt\n")
    return whole


def console():
    """(read, waiting, write) of the serial console: bytes as they come; whether some come within so many ms."""
    import select

    poller = select.poll()
    poller.register(sys.stdin, select.POLLIN)
    return sys.stdin.buffer.readinto, poller.poll, sys.stdout.buffer.write
