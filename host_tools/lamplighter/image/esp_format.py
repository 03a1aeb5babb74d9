"""Official images: what is in them, and whether every byte that they carry a check for is whole.

Format: ESP-IDF, "App Image Format": 8-byte header, 16-byte extended header with the chip id, segments, a checksum in
the last byte of a 16-byte line, SHA-256 of all before it. A downloaded file holds boot loader, table and app.
The app's own description leaves its version empty; MicroPython's version and the name of its board stand as text in it.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from dataclasses import dataclass

from ..boards import partitions
from ..boards.board_file import Board
from ..boards.chips import image_title
from ..boards.partitions import TABLE_OFFSET
from ..problems import ImageInvalid, WrongChip

MAGIC = 0xE9
SEED = 0xEF  # the checksum is the exclusive-or of all segment bytes, started with this
DESCRIPTOR_MAGIC = 0xABCD5432
APP_OFFSET = 0x10000
_HEADER = struct.Struct("<BBBBI")
_DESCRIPTOR = struct.Struct("<II8x32s32s16s16s32s")


_VERSION = re.compile(rb"(v(\d+)\.(\d+)[-.\w]*) on \d{4}-\d\d-\d\d")
_MACHINE = re.compile(rb"(?<![!-~])([A-Z][ -~]{2,60}?) with ESP32[-\w]*(?![ -~])")  # sys.implementation._machine


@dataclass(frozen=True)
class Program:
    """One boot loader or app inside an image."""

    chip_id: int
    flash_size: int
    length: int  # with checksum and digest


@dataclass(frozen=True)
class Official:
    """A checked image: its pieces, ready to be put into flash."""

    loader: bytes
    app: bytes
    version: str


def program(data: bytes, at: int, what: str) -> Program:
    """Check one program of an image, from `at` on. Raises ImageInvalid naming the first thing that is wrong."""
    if len(data) < at + 24:
        raise _truncated(what, len(data))
    magic, segments, _, size_speed, _ = _HEADER.unpack_from(data, at)
    if magic != MAGIC:
        raise ImageInvalid(f"There is no {what} at 0x{at:X} of the file: the byte there is 0x{magic:02X}, not 0xE9.")
    chip_id = struct.unpack_from("<H", data, at + 12)[0]
    position, checksum = at + 24, SEED
    if not 1 <= segments <= 16:
        raise ImageInvalid(f"The {what} claims {segments} segments; there can be 1 to 16.")
    for _ in range(segments):
        if len(data) < position + 8:
            raise _truncated(what, len(data))
        size = struct.unpack_from("<I", data, position + 4)[0]
        body = data[position + 8 : position + 8 + size]
        if len(body) < size:
            raise _truncated(what, len(data))
        checksum ^= _folded(body)
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
            raise ImageInvalid(f"The {what} is damaged: its SHA-256 does not match its bytes.")
        position += 32
    return Program(chip_id, (1 << 20) << (size_speed >> 4), position - at)


def check(data: bytes, board: Board, name: str) -> Official:
    """Check a whole official image for a board. Raises WrongChip or ImageInvalid."""
    start = board.silicon.offset
    if data[:1] != bytes([MAGIC]):
        raise ImageInvalid(f"{name} is not an ESP32 image: it starts with 0x{data[:1].hex() or '--'}, not 0xE9.")
    loader = program(data, 0, "boot loader")
    _same_chip(loader, board, name)
    try:
        partitions.decode(data[TABLE_OFFSET - start :])  # the board's own table takes its place; this one must be whole
    except ValueError as error:
        if len(data) < TABLE_OFFSET - start + 64:
            raise _truncated("partition table", len(data)) from None
        raise ImageInvalid(f"{name}: {error}.") from None
    app = program(data, APP_OFFSET - start, "app")
    _same_chip(app, board, name)
    app_bytes = data[APP_OFFSET - start : APP_OFFSET - start + app.length]
    version = micropython(app_bytes, board, name)
    return Official(with_flash_size(data[: loader.length], board.flash_size), app_bytes, version)


def micropython(app: bytes, board: Board, name: str) -> str:
    """The version of MicroPython in an app. Raises ImageInvalid when the board cannot use it."""
    get = f"Get {board.micropython.pattern} from {board.micropython.page}."
    found = _VERSION.search(app)
    if not found:
        raise ImageInvalid(f"{name} does not contain MicroPython: its app has no version.", get)
    version = found[1].decode()
    if not board.micropython.supports((int(found[2]), int(found[3]))):
        first, last = board.micropython.versions
        raise ImageInvalid(f"{name} holds MicroPython {version}; {board.name} needs {first} to {last}.", get)
    machines = [machine.decode() for machine in _MACHINE.findall(app)]
    if board.micropython.machine not in machines:
        raise ImageInvalid(
            f"{name} is the variant {machines[0] if machines else 'of an unknown board'!r}; {board.name} needs "
            f"{board.micropython.machine!r}, which uses its PSRAM.",
            get,
        )
    if len(app) > board.app_slot.size:
        raise ImageInvalid(
            f"The app of {name} has {len(app):,} bytes; {board.app_slot.name} of {board.name} holds "
            f"{board.app_slot.size:,}.",
            get,
        )
    return version


def machine(app: bytes, board: Board) -> str:
    """What sys.implementation names the machine when this app runs, for an app that micropython() accepted."""
    found = re.search(re.escape(board.micropython.machine.encode()) + rb" with ESP32[-\w]*", app)
    return found[0].decode() if found else ""


def with_flash_size(loader: bytes, flash_size: int) -> bytes:
    """The boot loader with that flash size in its header, as `esptool write-flash --flash-size` sets it.

    Official images say 4 MB; a boot loader refuses a partition table that reaches beyond the size in its own header.
    """
    loader = loader[:3] + bytes([size_code(flash_size) << 4 | loader[3] & 0x0F]) + loader[4:]
    return loader[:-32] + hashlib.sha256(loader[:-32]).digest() if loader[23] else loader


def otadata(size: int) -> bytes:
    """The otadata partition of a chip that starts ota_0, as the boot loader itself leaves it after its first start.

    So a chip that runs the image has the same bytes, and flashing it again writes nothing. Sequence number 1, no label,
    state 2 (valid), CRC of the number; source: ESP-IDF, esp_flash_partitions.h
    """
    number = struct.pack("<I", 1)
    crc = zlib.crc32(number, 0xFFFFFFFF)
    return (number + b"\xff" * 20 + struct.pack("<II", 2, crc)).ljust(size, b"\xff")


def size_code(flash_size: int) -> int:
    """Flash size as the high nibble of header byte 3 has it: 2 for 4 MB, 3 for 8 MB."""
    return (flash_size >> 20).bit_length() - 1


def _same_chip(found: Program, board: Board, name: str) -> None:
    if found.chip_id != board.silicon.image_id:
        raise WrongChip(
            f"{name} is for the {image_title(found.chip_id)}; {board.name} has an {board.silicon.title}.",
            f"Get {board.micropython.pattern} from {board.micropython.page}, or choose another --board.",
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
    header = _HEADER.pack(MAGIC, len(segments), 2, size_code(flash_size) << 4, segments[-1][0])
    extended = bytes([0xEE]) + bytes(3) + struct.pack("<HBHH4xB", chip_id, 0, 0, 0xFFFF, 1)
    body, checksum = header + extended, SEED
    for address, data in segments:
        data += bytes(-len(data) % 4)
        body += struct.pack("<II", address, len(data)) + data
        checksum ^= _folded(data)
    body += bytes(15 - len(body) % 16) + bytes([checksum])
    return body + hashlib.sha256(body).digest()


def descriptor(project: str) -> bytes:
    """An app's description, 256 bytes, for the start of its first segment; without a version, as in official images."""
    text = [item.encode() for item in ("", project, "00:00:00", "Jan  1 2000", "none")]
    return _DESCRIPTOR.pack(DESCRIPTOR_MAGIC, 0, *text).ljust(256, b"\0")
