"""Reads a node's configuration and certificates from its flash chip by esptool, where the node itself does not answer.

Only the stretches of the file system that lead to these files are read; most of it never crosses the cable.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from littlefs import LittleFS, UserContext
from littlefs.errors import LittleFSError

from ..boards.partitions import SECTOR
from ..image.littlefs import LITTLEFS
from ..problems import FilesUnreadable

if TYPE_CHECKING:
    from ..boards.board_file import Board
    from ..image.build import Segment

STRETCH = 256 * 1024  # about 3 s at 921600 baud
# the node's MicroPython may have written a later disk version than the image has
READING = {key: value for key, value in LITTLEFS.items() if key != "disk_version"}
MAGIC = b"littlefs"  # in both blocks of the root directory

CONFIGURATIONS = ("/config.json", "/config.old")  # the node starts with the second where it cannot use the first

Read = Callable[[int, int], bytes]  # (offset in flash, size)


class _Flash(UserContext):
    """The vfs partition as far as it was read; `missing` -- the stretches that LittleFS asked for beside."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.missing: set[int] = set()
        self.known: set[int] = set()

    def read(self, cfg, block, off, size):
        stretch = (block * SECTOR + off) // STRETCH
        if stretch not in self.known:
            self.missing.add(stretch)
        return super().read(cfg, block, off, size)


def find(
    board: Board, segments: tuple[Segment, ...], names: Callable[[bytes], list[str]], read: Read,
    say: Callable[[str], None] = lambda text: None,
) -> dict[str, bytes]:  # fmt: skip
    """/config.json, /config.old and the files that names() finds in them, by path.

    {} when no file system of a node is there, or one without these. `segments` -- of the new firmware: what an
    interrupted flashing of it left behind is no damage. Raises FilesUnreadable when it is damaged.
    """
    vfs = board.partition("vfs")
    if MAGIC not in read(vfs.offset, 2 * SECTOR):
        return {}
    say("the board does not answer: reading its configuration from the flash chip")
    flash = _Flash(vfs.size)
    while True:
        flash.missing.clear()
        try:
            found = _files(flash, vfs.size, names)
        except LittleFSError:
            found = None
        if not flash.missing:
            break
        for stretch in flash.missing:
            begin = stretch * STRETCH
            size = min(STRETCH, vfs.size - begin)
            flash.buffer[begin : begin + size] = read(vfs.offset + begin, size)
        flash.known |= flash.missing
    if found is None and not _unfinished(flash, vfs.offset, segments):
        raise FilesUnreadable(
            "The board does not answer, and the file system on its chip is damaged: its configuration cannot be read."
        )
    return found or {}


def _files(flash: _Flash, size: int, names: Callable[[bytes], list[str]]) -> dict[str, bytes]:
    disk = LittleFS(flash, mount=False, block_count=size // SECTOR, **READING)  # True would format a damaged one
    disk.mount()

    def content(path: str) -> bytes | None:
        try:
            with disk.open(path, "rb") as file:
                return file.read()
        except OSError:  # there is no such file
            return None

    found = {path: data for path in CONFIGURATIONS if (data := content(path)) is not None}
    certificates = {name for configuration in found.values() for name in names(configuration)}
    return found | {name: data for name in certificates if (data := content(name))}


def _unfinished(flash: _Flash, offset: int, segments: tuple[Segment, ...]) -> bool:
    """True if each block that was read is blank, or holds what the new firmware has there as far as it was written."""
    new = {
        segment.offset - offset + begin: segment.data[begin : begin + SECTOR]
        for segment in segments if segment.name == "vfs" for begin in range(0, len(segment.data), SECTOR)
    }  # fmt: skip
    for stretch in flash.known:
        for begin in range(stretch * STRETCH, min((stretch + 1) * STRETCH, len(flash.buffer)), SECTOR):
            written = bytes(flash.buffer[begin : begin + SECTOR]).rstrip(b"\xff")
            if not new.get(begin, b"").startswith(written):
                return False
    return True
