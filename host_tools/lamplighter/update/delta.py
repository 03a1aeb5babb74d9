"""Compares an app with the files on a node, and packs the missing ones into blocks for the console."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

BLOCK = 4096  # bytes that a block has on the line, about
WINDOW = 15  # bits: so far back a deflate stream may refer
SHORT = 3  # bytes by which a file is recognised; two that are taken for the same are noticed by the manifest's hash


@dataclass(frozen=True)
class Coming:
    """A file that crosses the line. old -- number and bytes of the version that the node has, where both are known."""

    path: str
    data: bytes
    old: tuple[int, bytes] | None = None


@dataclass(frozen=True)
class Plan:
    """A plan for a slot: keep, spare -- numbers of files in the running and in the idle slot that belong to it."""

    keep: list[int]
    spare: list[int]
    coming: list[Coming]


def short(path: str, sha: bytes) -> bytes:
    """As on_node.py computes it."""
    return hashlib.sha256(path.encode() + sha).digest()[:SHORT]


def plan(wanted: dict[str, bytes], here: list[bytes], spare: list[bytes], known: Iterable[bytes] = ()) -> Plan:
    """wanted -- the slot's files without its manifest; here, spare -- what short() gives for the node's files;
    known -- compiled modules among which this computer may find what a changed file was before."""
    running = {text: number for number, text in enumerate(here)}
    idle = {text: number for number, text in enumerate(spare)}
    old = {hashlib.sha256(data).digest(): data for data in known}
    made = Plan([], [], [])
    for path, data in sorted(wanted.items()):
        key = short(path, hashlib.sha256(data).digest())
        if key in running:
            made.keep.append(running[key])
        elif key in idle:
            made.spare.append(idle[key])
        else:
            versions = ((short(path, sha), before) for sha, before in old.items())
            found = next(((running[text], before) for text, before in versions if text in running), None)
            made.coming.append(Coming(path, data, found))
    return made


def ranges(numbers: list[int]) -> list[list[int]]:
    """[1, 2, 3, 7] -> [[1, 4], [7, 8]]"""
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and found[-1][1] == number:
            found[-1][1] = number + 1
        else:
            found.append([number, number + 1])
    return found


def blocks(coming: list[Coming]) -> list[tuple[bytes, int]]:
    """(a block before it is stuffed, how many bytes come out of it): together one deflate stream.

    It refers to what came before, and to the version of the file that the node has.
    """
    found, known = [], b""
    for file in coming:
        if file.old:
            known += file.old[1]
        packer = zlib.compressobj(9, zlib.DEFLATED, -WINDOW, 9, zlib.Z_DEFAULT_STRATEGY, known[-(1 << WINDOW) :])
        packed = packer.compress(file.data) + packer.flush(zlib.Z_SYNC_FLUSH)
        reader = zlib.decompressobj(-WINDOW, known[-(1 << WINDOW) :])
        pieces: list[tuple[bytes, int]] = []
        for start in range(0, len(packed) if file.data else 0, BLOCK):
            piece = packed[start : start + BLOCK]
            count = len(reader.decompress(piece))
            if not count:  # the end of the stream alone: the node waits for blocks until it has all bytes, no longer
                piece, count = pieces[-1][0] + piece, pieces.pop()[1]
            pieces.append((piece, count))
        found += [(struct.pack("<H", count) + piece, count) for piece, count in pieces]
        known += file.data
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
