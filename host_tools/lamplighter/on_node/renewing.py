# Runs on the node, sent there by renewing.py of the host: puts a slot's new pack together beside the old one, from what
# the running slot has already and from blocks that come over the line, and makes it count when it is whole.

import binascii
import io
import os
import sys

import deflate

_HEAD = 12  # hex digits before a block: its length on the line and its CRC-32
_PIECE = 512
_CAME = 2048  # of what came is kept, for what comes to refer to


class Pack:
    """The pack that is put together; steps -- [offset in the old pack or -1 for what comes, length] in their order."""

    def __init__(self, old, path, steps):
        self.old = open(old, "rb") if old else None  # noqa: SIM115
        self._file = open(path, "wb")  # noqa: SIM115
        self._steps = steps
        self.came = b""  # the last of what came

    def take(self, data):
        """What came, and what of the old pack belongs before and behind it."""
        self.came = (self.came + data)[-_CAME:]
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


def fill(view, read):
    at = 0
    while at < len(view):
        at += read(view[at:]) or 0


def known(pack, block):
    """(what both sides know and the block refers to, where its deflated bytes begin)."""
    came, refs = block[0] | block[1] << 8, block[2]
    text, at = pack.came[len(pack.came) - came :], 3
    for _ in range(refs):
        offset, length = int.from_bytes(block[at : at + 4], "little"), block[at + 4] | block[at + 5] << 8
        pack.old.seek(offset)
        text += pack.old.read(length)
        at += 6
    return text, at


def unpack(pack, block):
    """What is known goes first, as a stored block of the very stream that refers to it."""
    text, at = known(pack, block)
    count = len(text)
    head = bytes((0, count & 255, count >> 8, ~count & 255, ~count >> 8 & 255))
    stream = io.BytesIO(head + text + block[at:])
    with deflate.DeflateIO(stream, deflate.RAW, 13) as unpacked:
        while count:
            count -= len(unpacked.read(min(count, _PIECE)))
        while True:
            piece = unpacked.read(_PIECE)
            if not piece:
                return
            pack.take(piece)


def blocks(count, size, pack, read, quiet, write=print):
    """Take so many blocks; each is acknowledged, one that is spoilt is asked for again."""
    buf = bytearray(size)
    head = bytearray(_HEAD)
    while count:
        fill(memoryview(head), read)
        try:
            length, crc = int(bytes(head[:4]), 16), int(bytes(head[4:]), 16)
            fill(memoryview(buf)[:length], read)
            good = length <= size and binascii.crc32(memoryview(buf)[:length]) == crc
        except ValueError:
            good = False
        if not good:
            quiet()
            write("again")
            continue
        unpack(pack, memoryview(buf)[: unstuffed(buf, length)])
        count -= 1
        write("ok")


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


def renew(old, slot, steps, crc, count, size, read, quiet, root="/", write=print):
    """Put the pack of `slot` together and make it count; tells how it went in its last line."""
    beside = root + slot + ".part"
    pack = Pack(old and root + old + ".app", beside, steps)
    try:
        pack.take(b"")
        write("go")
        blocks(count, size, pack, read, quiet, write)
    finally:
        pack.close()
    if steps or crc_of(beside) != crc:
        os.remove(beside)
        write("spoilt")
        return
    os.rename(beside, root + slot + ".app")
    write("done" if swap(slot, crc, root) else "spoilt")


def console():
    """(read, quiet) of the serial console: bytes as they come; and the rest of a spoilt block thrown away."""
    import select

    poller = select.poll()
    poller.register(sys.stdin, select.POLLIN)

    def quiet():
        while poller.poll(100):
            sys.stdin.buffer.read(1)

    return sys.stdin.buffer.readinto, quiet
