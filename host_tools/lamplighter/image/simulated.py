"""A simulated MicroPython image for the virtual lamppost: whole in format, empty of code, and marked as such.

The virtual lamppost runs real MicroPython of its own; what it needs from the image is a flash that every tool
accepts and checks. On a real chip a stand-in would do nothing, so whoever flashes one asks is_standin() first.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import platformdirs

from ..boards import partitions
from ..boards.board_file import Board
from ..boards.partitions import TABLE_OFFSET, Partition
from ..documents import atomic_file
from . import esp_format

MARK = b"Lamplighter: SIMULATED MicroPython for the virtual lamppost; a real chip cannot run it."
NO_ROLLBACK = b"Lamplighter: built WITHOUT the boot loader's rollback, as MicroPython before 1.22."
VERSION = "v1.29.0-simulated"
STATED_FLASH = 4 << 20  # what official images say in their headers, whatever the module has
_FILLING = 96 * 1024  # enough for progress to be seen, little enough to flash in a moment
_OFFICIAL_TABLE = (
    Partition("nvs", 1, 2, 0x9000, 0x6000),
    Partition("phy_init", 1, 1, 0xF000, 0x1000),
    Partition("factory", 0, 0, 0x10000, 0x1F0000),
)


def is_standin(data: bytes) -> bool:
    """True if an image, or a flash segment of one, is the simulated MicroPython."""
    return MARK in data


def standin(board: Board) -> Path:
    """The stand-in of a board, written to the cache on first use."""
    path = Path(platformdirs.user_cache_dir("lamplighter")) / "simulated" / f"{board.name}-simulated-micropython.bin"
    data = standin_bytes(board)
    if not path.is_file() or path.read_bytes() != data:
        atomic_file.write(path, data, "Set XDG_CACHE_HOME to a writable folder.")
    return path


def standin_bytes(board: Board, filling: bytes | None = None, version: str = VERSION, rollback: bool = True) -> bytes:
    """As a file from micropython.org: boot loader, partition table, app; the same bytes each time.

    filling -- what the app is filled with; without it some blocks that do not compress
    version -- that the app names; rollback -- False: boot loader and app were built without it
    """
    chip = board.silicon
    mapped, ram = chip.load_addresses
    mark = MARK if rollback else MARK + NO_ROLLBACK
    loader = esp_format.build(chip.image_id, STATED_FLASH, [(ram, mark)])
    if filling is None:  # blocks of digests do not compress: flashing takes its honest time
        filling = b"".join(hashlib.sha256(b"%d" % block).digest() for block in range(_FILLING // 32))
    named = f"\0{version} on 2026-07-12\0{board.micropython.machine} with {chip.title}\0".encode()
    mapped_bytes = esp_format.descriptor("micropython-simulated") + mark + named + filling
    app = esp_format.build(chip.image_id, STATED_FLASH, [(mapped, mapped_bytes), (ram, bytes(16))])
    table = partitions.encode(_OFFICIAL_TABLE)
    head = loader.ljust(TABLE_OFFSET - chip.offset, b"\xff") + table
    head = head.ljust(esp_format.APP_OFFSET - chip.offset, b"\xff")
    return head + app
