"""One flash image for a board: official MicroPython, our partition table, LittleFS with the compiled app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ..boards import partitions
from ..boards.board_file import Board
from ..boards.partitions import SECTOR, TABLE_OFFSET
from ..documents import atomic_file
from ..problems import ImageMissing
from . import esp_format, littlefs
from .compile import compile_app
from .littlefs import app_filesystem
from .official import find_micropython
from .simulated import is_standin, standin

__all__ = ["Image", "Segment", "app_filesystem", "build", "find_micropython", "is_standin", "standin"]

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Segment:
    """A run of bytes for the flash; `name` is the partition, or `loader` or `table`."""

    name: str
    offset: int
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Image:
    """The content of a new node's flash. Everything outside the segments is left unchanged."""

    board: Board
    parts: tuple[Segment, ...]
    version: str  # of the firmware
    build: str  # hash of its compiled modules
    micropython: str  # as the official image names itself
    simulated: bool  # made with the stand-in: for the virtual lamppost only

    @property
    def segments(self) -> list[tuple[int, bytes]]:
        """[(offset, bytes)]: what a flashing tool writes."""
        return [(part.offset, part.data) for part in self.parts]

    def flash(self) -> bytes:
        """The whole flash, erased where nothing is written."""
        content = bytearray(b"\xff") * self.board.flash_size
        for offset, data in self.segments:
            content[offset : offset + len(data)] = data
        return bytes(content)


def build(board: Board, micropython: Path, out: Path | None = None, progress: Progress = lambda line: None) -> Image:
    """Build; with `out` the whole flash is written there too, for `esptool write-flash 0x0`.

    Raises ImageMissing, ImageInvalid, WrongChip or BoardInvalid; nothing is written then.
    """
    try:
        data = micropython.read_bytes()
    except OSError as error:
        raise ImageMissing(f"{micropython} cannot be read: {error.strerror}.") from None
    progress(f"checking {micropython.name}")
    official = esp_format.check(data, board, micropython.name)
    app = compile_app(progress=progress)
    vfs, blocks = littlefs.littlefs(board, littlefs.files(board, app))
    slot = board.app_slot
    parts = [
        Segment("loader", board.silicon.offset, official.loader),
        Segment("table", TABLE_OFFSET, partitions.encode(board.partitions).ljust(SECTOR, b"\xff")),
        *(
            Segment(row.name, row.offset, esp_format.otadata(row.size))
            for row in board.partitions if row.name == "otadata"
        ),
        Segment(slot.name, slot.offset, official.app),
        *_runs(board.partition("vfs").offset, vfs, blocks),
    ]
    image = Image(board, tuple(parts), app.version, app.build, official.version, is_standin(data))
    if out is not None:
        progress(f"writing {out}")
        atomic_file.write(out, image.flash(), "Name another file with --out.")
    return image


def _runs(start: int, vfs: bytes, blocks: set[int]) -> list[Segment]:
    """Neighbouring blocks as one segment each."""
    runs: list[Segment] = []
    for block in sorted(blocks):
        at = block * SECTOR
        if runs and runs[-1].offset + len(runs[-1].data) == start + at:
            runs[-1] = Segment("vfs", runs[-1].offset, runs[-1].data + vfs[at : at + SECTOR])
        else:
            runs.append(Segment("vfs", start + at, vfs[at : at + SECTOR]))
    return runs
