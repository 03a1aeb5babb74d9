"""An app slot as one file: every compiled module behind an index that boot.py mounts (docs/design/pack-spec.md)."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from ..problems import ImageInvalid

HEAD = struct.Struct("<4sBxHI")  # magic, version, entries, bytes after the head and its checksum
SUM = struct.Struct("<I")  # CRC-32 of the head and of all that follows
ENTRY = struct.Struct("<II")  # CRC-32 of the path, offset of the module; 0 for a folder
MODULE = struct.Struct("<II")  # length and CRC-32 of the bytes that follow
MAGIC, VERSION = b"LAMP", 1
START = HEAD.size + SUM.size


@dataclass(frozen=True)
class Module:
    """Where a module's bytes lie in its pack."""

    offset: int
    length: int
    crc: int


def key(path: str) -> int:
    """What the index knows a path by."""
    return zlib.crc32(path.encode())


def build(modules: dict[str, bytes]) -> bytes:
    """modules: path -> .mpy bytes; the same modules give the same bytes."""
    folders = {path[:at] for path in modules for at, letter in enumerate(path) if letter == "/"}
    keys = {key(path): path for path in [*folders, *modules]}
    if len(keys) != len(folders) + len(modules):
        raise ImageInvalid("Two paths of the app have the same checksum.", "Rename one of the modules.")
    at = START + ENTRY.size * len(keys)
    offsets, content = dict.fromkeys(folders, 0), b""
    for path, binary in sorted(modules.items()):  # a folder's modules side by side: an update of them deflates better
        offsets[path] = at + len(content)
        content += MODULE.pack(len(binary), zlib.crc32(binary)) + binary
    rest = b"".join(ENTRY.pack(number, offsets[path]) for number, path in sorted(keys.items())) + content
    head = HEAD.pack(MAGIC, VERSION, len(keys), len(rest))
    return head + SUM.pack(zlib.crc32(head + rest)) + rest


def read(data: bytes) -> dict[int, Module]:
    """The modules of a pack by key(path). Raises ImageInvalid for what is no whole pack."""
    if len(data) < START or data[:4] != MAGIC:
        raise ImageInvalid("This is no pack of an app.", "Build it with `lamplighter image`.")
    head, rest = data[: HEAD.size], data[START:]
    _, version, entries, length = HEAD.unpack(head)
    if version != VERSION:
        raise ImageInvalid(f"The pack is of version {version}; this lamplighter reads version {VERSION}.", "Update it.")
    if len(rest) != length or SUM.unpack_from(data, HEAD.size) != (zlib.crc32(head + rest),):
        raise ImageInvalid("The pack is damaged.", "Build it anew with `lamplighter image`.")
    found = {}
    for number, offset in ENTRY.iter_unpack(rest[: ENTRY.size * entries]):
        if offset:
            found[number] = Module(offset + MODULE.size, *MODULE.unpack_from(data, offset))
    return found
