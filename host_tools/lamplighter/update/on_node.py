# Runs on the node, sent there by update.py of the host. look() reports what the slots hold; renew() completes the idle
# slot from what the node has and from blocks that come over the line, and makes it the active one once it is whole.
# update.py puts firmware/lamppost/ops/update/slot_files.py before it, whose functions it uses.

import binascii
import gc
import hashlib
import io
import json
import sys

import deflate
from lamppost.ops.update.slot_files import (
    MANIFEST,
    PIECE,
    close_slot,
    copy,
    create,
    open_slot,
    other,
    pieces,
    replace,  # fmt: skip
    tree,
)

_HEAD = 12  # hex digits before a block: its length on the line and its CRC-32
_CREDIT = 128  # each so many bytes taken from the console are acknowledged: its buffer holds twice as many
_TOLD = 8  # faults of a slot that are named; more are counted


def faults(slot, files):
    """The differences of a slot from its manifest: [path, kind]; and the manifest's build, None without one."""
    try:
        with open("/%s/%s" % (slot, MANIFEST)) as file:
            told = json.load(file)
        build, rows = told["build"], told["files"]
        found = [[path, "damaged" if path in files else "missing"] for path in rows
                 if path not in files or binascii.hexlify(files[path]).decode() != rows[path]]  # fmt: skip
        return found + [[path, "extra"] for path in files if path not in rows], build
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return [[MANIFEST, "missing"]], None


def short(path, sha):
    """Three bytes by which the host recognises a file."""
    return hashlib.sha256(path.encode() + sha).digest()[:3]


class Slots:
    """The files of both slots by their content, not by their manifests."""

    def __init__(self, runs=None):
        """runs -- the slot to copy from; None: the one that boot.py let imports find."""
        try:
            with open("/state.json") as file:
                self.active = json.load(file)["active"]
        except (OSError, ValueError, KeyError, TypeError):
            self.active = None
        found = [path[1] for path in sys.path if path in ("/a", "/b")]
        self.runs = runs or (found[0] if found else self.active or "a")
        self.here, self.idle = tree("/" + self.runs), tree("/" + other(self.runs))
        self.names = sorted(self.here)
        # what only the idle slot has: an update that was interrupted left it there
        self.spare = sorted([path for path in self.idle if self.idle[path] != self.here.get(path)])

    def tell(self):
        rows = []
        for slot, files in ((self.runs, self.here), (other(self.runs), self.idle)):
            wrong, build = faults(slot, files)
            rows += [wrong[:_TOLD], len(wrong), build]
        shorts = [
            binascii.b2a_base64(b"".join([short(path, files[path]) for path in names])).decode().strip()
            for names, files in ((self.names, self.here), (self.spare, self.idle))
        ]
        print(json.dumps([self.runs, self.active] + shorts + rows))


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
    """Blocks from the console, one taken in while another is worked on; one that is spoilt is asked for again."""

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

    def __init__(self):
        self._in = io.BytesIO()
        self._end = 0
        self._out = deflate.DeflateIO(self._in, deflate.RAW, 15)

    def feed(self, data):
        rest = self._in.read(self._end - self._in.tell())
        self._in.seek(0)
        self._end = self._in.write(rest) + self._in.write(data)
        self._in.seek(0)

    def read(self, count):
        return self._out.read(count)

    def know(self, path):
        """A file that what comes may refer to: as stored blocks; what they come out as is thrown away."""
        for piece in pieces(path):
            count = len(piece)
            self.feed(bytes((0, count & 255, count >> 8, ~count & 255, ~count >> 8 & 255)) + piece)
            self.read(count)


def receive(line, stream, path, left):
    """One file: blocks, each led by how many bytes come out of it."""
    with create(path) as file:
        while left:
            block = line.block()
            count = block[0] | block[1] << 8
            stream.feed(block[2:])
            left -= count
            while count:
                line.pump()
                piece = stream.read(min(count, PIECE))
                count -= len(piece)
                file.write(piece)


def renew(slots, keep, spare, coming, build, version, sha, size, switch, read, waiting, write):
    """Complete the idle slot; True once it is whole, and active if it is to be.

    keep, spare -- which of slots.names and slots.spare belong to the app: [first, behind the last] each
    coming -- [path, bytes, number in slots.names of the version its blocks refer to, or -1] of each file to receive
    sha -- how the manifest's SHA-256 begins, in hex; size -- of the longest block
    """
    gc.collect()
    target = other(slots.runs)
    source, folder = "/" + slots.runs, "/" + target
    wanted = {path: slots.here[path] for first, end in keep for path in slots.names[first:end]}
    wanted.update({path: slots.idle[path] for first, end in spare for path in slots.spare[first:end]})
    open_slot(folder, list(wanted) + [row[0] for row in coming])
    for number, path in enumerate(wanted):
        if slots.idle.get(path) != wanted[path]:
            copy(source + "/" + path, folder + "/" + path)
        if number % 8 == 7:
            write(b"+")
    line, stream = Line(size, read, waiting, write), Stream()
    write(b"go\n")
    for path, length, old in coming:
        if old >= 0:
            stream.know(source + "/" + slots.names[old])
        receive(line, stream, folder + "/" + path, length)
    if not close_slot(folder, build, version, sha):
        write(b"spoilt\n")
        return False
    if switch:
        replace("/state.json", '{"active":"%s"}' % target)
    write(b"done\n")
    return True


def console():
    """(read, waiting, write) of the serial console: bytes as they come; whether some come within so many ms."""
    import select

    poller = select.poll()
    poller.register(sys.stdin, select.POLLIN)
    return sys.stdin.buffer.readinto, poller.poll, sys.stdout.buffer.write
