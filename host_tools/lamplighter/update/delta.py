"""One pack made from another: what of it is there already, and the blocks that bring the rest over a console."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from ..image import pack

BLOCK = 4096  # bytes that a block has on the line, about
SEGMENT = 4096  # bytes of the pack that are told as a change of what they were before, at a time
OLD = 6144  # so much of the old pack may be referred to, for each
KNOWN = 16384  # and so much of what both have, from the first byte on
SLACK = 256  # bytes that a module may have shifted by


@dataclass(frozen=True)
class Plan:
    """How the new pack comes about: steps -- (offset in the old pack or -1, length); new -- what crosses the line."""

    steps: list[tuple[int, int]]
    new: bytes
    kept: int  # modules that are on the node already
    older: list[tuple[int, int, pack.Module]]  # (from, to in `new`; the module's version in the old pack)


def plan(wanted: bytes, there: dict[int, pack.Module]) -> Plan:
    """What of the wanted pack is on the node; neighbours that stay neighbours are one step."""
    steps: list[tuple[int, int]] = []
    older: list[tuple[int, int, pack.Module]] = []
    new, kept, at = b"", 0, 0

    def bring(until: int) -> None:
        nonlocal new, at
        if until > at:
            steps.append((-1, until - at))
            new += wanted[at:until]
            at = until

    for key, module in sorted(pack.read(wanted).items(), key=lambda row: row[1].offset):
        old = there.get(key)
        if old is None:
            continue
        if old.length != module.length or (old.crc ^ module.crc) & 0xFFFF:
            begins = len(new) + module.offset - at
            older.append((begins, begins + module.length, old))
            continue
        kept += 1
        start, end = module.offset - pack.MODULE.size, module.offset + module.length
        bring(start)
        before = steps[-1] if steps else (-1, 0)
        begin = old.offset - pack.MODULE.size
        if before[0] >= 0 and before[0] + before[1] == begin:
            steps[-1] = (before[0], before[1] + end - start)
        else:
            steps.append((begin, end - start))
        at = end
    bring(len(wanted))
    return Plan(steps, new, kept, older)


def blocks(made: Plan, wanted: bytes, old: bytes | None, bits: int) -> list[tuple[bytes, int]]:
    """(a block before it is stuffed, how many new bytes come out of it): together one deflate stream.

    Referred to is what came before in the stream, and what the node has: at the beginning modules that stay, then
    the old versions of those that changed, where this computer knows them.
    """
    found, known = [], b""
    step = SEGMENT if old else max(1, len(made.new))
    for at in range(0, len(made.new), step):
        data = made.new[at : at + step]
        refs = [] if at else _staying(made, wanted, min(KNOWN, 1 << bits - 1))
        if old:
            refs += [(offset, old[offset : offset + length]) for offset, length in _older(made, at, at + len(data))]
        known = (known + b"".join(text for _, text in refs))[-(1 << bits) :]
        packer = zlib.compressobj(9, zlib.DEFLATED, -bits, 9, zlib.Z_DEFAULT_STRATEGY, known)
        packed = packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)
        reader = zlib.decompressobj(-zlib.MAX_WBITS, known)
        begin = struct.pack("<B", len(refs)) + b"".join(struct.pack("<IH", where, len(text)) for where, text in refs)
        for start in range(0, len(packed), BLOCK):
            piece = packed[start : start + BLOCK]
            count = len(reader.decompress(piece))
            found.append((begin + struct.pack("<H", count) + piece, count))
            begin = b"\0"
        known = (known + data)[-(1 << bits) :]
    return found


def _staying(made: Plan, wanted: bytes, room: int) -> list[tuple[int, bytes]]:
    """(offset in the old pack, bytes) of what stays, as much as is worth to refer to."""
    found, at = [], 0
    for offset, length in made.steps:
        if offset >= 0 and room:
            found.append((offset, wanted[at : at + min(length, room)]))
            room -= len(found[-1][1])
        at += length
    return found


def _older(made: Plan, start: int, end: int) -> list[tuple[int, int]]:
    """(offset, length) in the old pack of what the new bytes from start to end were before, as near as can be told."""
    found, room = [], OLD
    for begins, ends, module in made.older:
        if begins >= end or ends <= start:
            continue
        first = max(0, start - begins - SLACK)
        length = min(module.length, end - begins + SLACK, first + room) - first
        if length > 0:
            found.append((module.offset + first, length))
            room -= length
    return found


def stuffed(data: bytes) -> bytes:
    """Consistent overhead byte stuffing, with 3 for the byte that is not to occur: a run's length, then its bytes."""
    out = bytearray()
    for run in data.split(b"\x03"):
        while len(run) >= 254:
            out += bytes((255,)) + run[:254]
            run = run[254:]
        out += bytes((len(run) if len(run) < 3 else len(run) + 1,)) + run
    return bytes(out)


def framed(sent: list[tuple[bytes, int]]) -> list[bytes]:
    """As they cross the line: length and CRC-32 in hexadecimal, then the bytes without 3.

    The checksum begins with the block's number: one that comes twice is told from the next.
    """
    stuffs = [stuffed(body) for body, _ in sent]
    return [b"%04x%08x" % (len(body), zlib.crc32(body, number)) + body for number, body in enumerate(stuffs)]
