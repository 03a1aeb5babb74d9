"""Official images: what is in them, and whether every byte that they carry a check for is whole.

Format: ESP-IDF, "App Image Format": 8-byte header, 16-byte extended header with the chip id, segments, a checksum in
the last byte of a 16-byte line, SHA-256 of all before it. A downloaded file holds boot loader, table and app.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

from ..boards import partitions
from ..boards.board_file import Board
from ..boards.chips import BY_IMAGE_ID
from ..boards.partitions import TABLE_OFFSET, Partition
from ..problems import ImageInvalid, WrongChip

MAGIC = 0xE9
SEED = 0xEF  # the checksum is the exclusive-or of all segment bytes, started with this
DESCRIPTOR_MAGIC = 0xABCD5432
APP_OFFSET = 0x10000
_HEADER = struct.Struct("<BBBBI")
_DESCRIPTOR = struct.Struct("<II8x32s32s16s16s32s")


@dataclass(frozen=True)
class Program:
    """One boot loader or app inside an image."""

    chip_id: int
    flash_size: int
    length: int  # with checksum and digest
    first: bytes  # start of the first segment, where an app's description lies

    @property
    def description(self) -> tuple[str, str]:
        """(project, version) as the app says, or empty texts."""
        if len(self.first) < _DESCRIPTOR.size:
            return "", ""
        magic, _, version, project, *_ = _DESCRIPTOR.unpack_from(self.first)
        if magic != DESCRIPTOR_MAGIC:
            return "", ""
        return tuple(text.split(b"\0")[0].decode("ascii", "replace") for text in (project, version))


@dataclass(frozen=True)
class Official:
    """A checked image: its pieces, ready to be put into flash."""

    loader: bytes
    app: bytes
    table: tuple[Partition, ...]
    version: str


def program(data: bytes, at: int, what: str) -> Program:
    """Check one program of an image, from `at` on. Raises ImageInvalid naming the first thing that is wrong."""
    if len(data) < at + 24:
        raise _truncated(what, len(data))
    magic, segments, _, size_speed, _ = _HEADER.unpack_from(data, at)
    if magic != MAGIC:
        raise ImageInvalid(f"There is no {what} at 0x{at:X} of the file: the byte there is 0x{magic:02X}, not 0xE9.")
    chip_id = struct.unpack_from("<H", data, at + 12)[0]
    position, checksum, first = at + 24, SEED, b""
    if not 1 <= segments <= 16:
        raise ImageInvalid(f"The {what} claims {segments} segments; there can be 1 to 16.")
    for index in range(segments):
        if len(data) < position + 8:
            raise _truncated(what, len(data))
        size = struct.unpack_from("<I", data, position + 4)[0]
        body = data[position + 8 : position + 8 + size]
        if len(body) < size:
            raise _truncated(what, len(data))
        checksum ^= _folded(body)
        first = body[:256] if index == 0 else first
        position += 8 + size
    position = at + ((position - at) | 15)
    if len(data) <= position:
        raise _truncated(what, len(data))
    if data[position] != checksum:
        raise ImageInvalid(
            f"The {what} is damaged: its checksum is 0x{data[position]:02X}, its bytes give 0x{checksum:02X}."
        )
    position += 1
    if data[at + 23]:
        digest = data[position : position + 32]
        if len(digest) < 32:
            raise _truncated(what, len(data))
        if digest != hashlib.sha256(data[at:position]).digest():
            raise ImageInvalid(f"The {what} is damaged: its SHA-256 does not fit its bytes.")
        position += 32
    return Program(chip_id, (1 << 20) << (size_speed >> 4), position - at, first)


def check(data: bytes, board: Board, name: str) -> Official:
    """Check a whole official image for a board. Raises WrongChip or ImageInvalid."""
    start = board.silicon.offset
    if data[:1] != bytes([MAGIC]):
        raise ImageInvalid(f"{name} is no ESP32 image: it starts with 0x{data[:1].hex() or '--'}, not 0xE9.")
    loader = program(data, 0, "boot loader")
    _same_chip(loader, board, name)
    try:
        table = tuple(partitions.decode(data[TABLE_OFFSET - start :]))
    except ValueError as error:
        if len(data) < TABLE_OFFSET - start + 64:
            raise _truncated("partition table", len(data)) from None
        raise ImageInvalid(f"{name}: {error}.") from None
    app = program(data, APP_OFFSET - start, "app")
    _same_chip(app, board, name)
    _fits(app, loader, table, board, name)
    app_bytes = data[APP_OFFSET - start : APP_OFFSET - start + app.length]
    return Official(data[: loader.length], app_bytes, table, app.description[1])


def _same_chip(found: Program, board: Board, name: str) -> None:
    if found.chip_id != board.silicon.image_id:
        other = BY_IMAGE_ID.get(found.chip_id)
        title = other.title if other else f"another chip (id {found.chip_id})"
        raise WrongChip(
            f"{name} is for the {title}; {board.name} has an {board.silicon.title}.",
            f"Get {board.micropython.pattern} from {board.micropython.page}, or choose another --board.",
        )


def _fits(app: Program, loader: Program, table: tuple[Partition, ...], board: Board, name: str) -> None:
    get = f"Get {board.micropython.pattern} from {board.micropython.page}."
    slot = board.app_slot
    if app.length > slot.size:
        raise ImageInvalid(
            f"The app of {name} has {app.length:,} bytes; {slot.name} of {board.name} holds {slot.size:,}.", get
        )
    if board.micropython.ota and not any(row.ota for row in table):
        raise ImageInvalid(
            f"{name} is the plain image, without over-the-air slots; {board.name} has a table with ota_0 and ota_1.",
            get,
        )
    if loader.flash_size < board.flash_size:
        raise ImageInvalid(
            f"{name} is made for {loader.flash_size >> 20} MB of flash; {board.name} has {board.flash_size >> 20} MB.",
            get,
        )


def _truncated(what: str, size: int) -> ImageInvalid:
    return ImageInvalid(f"The file is truncated: it ends after {size:,} bytes, inside the {what}.")


def _folded(body: bytes) -> int:
    """Exclusive-or of all bytes, by halving: a loop over 1.5 million bytes would take a second."""
    value, width = int.from_bytes(body, "little"), len(body)
    while width > 1:
        half = (width + 1) // 2
        value = (value & ((1 << (8 * half)) - 1)) ^ (value >> (8 * half))
        width = half
    return value


def build(chip_id: int, flash_size: int, segments: list[tuple[int, bytes]]) -> bytes:
    """One program from its segments (load address, bytes), with checksum and SHA-256."""
    size_code = (flash_size >> 20).bit_length() - 1
    header = _HEADER.pack(MAGIC, len(segments), 2, size_code << 4, segments[-1][0])
    extended = bytes([0xEE]) + bytes(3) + struct.pack("<HBHH4xB", chip_id, 0, 0, 0xFFFF, 1)
    body, checksum = header + extended, SEED
    for address, data in segments:
        data += bytes(-len(data) % 4)
        body += struct.pack("<II", address, len(data)) + data
        checksum ^= _folded(data)
    body += bytes(15 - len(body) % 16) + bytes([checksum])
    return body + hashlib.sha256(body).digest()


def descriptor(project: str, version: str) -> bytes:
    """An app's description, 256 bytes, at the start of its first segment."""
    text = [item.encode() for item in (version, project, "00:00:00", "Jan  1 2000", "none")]
    return _DESCRIPTOR.pack(DESCRIPTOR_MAGIC, 0, *text).ljust(256, b"\0")
