"""A whole-flash file, as `lamplighter image` writes it, taken apart again: checked, and without what must stay."""

from __future__ import annotations

from pathlib import Path

from ..boards import partitions
from ..boards.board_file import Board
from ..boards.chips import image_title
from ..boards.partitions import SECTOR, TABLE_OFFSET
from ..problems import ImageInvalid, ImageMissing, WrongChip
from . import esp_format
from .build import Segment

BLANK = b"\xff" * SECTOR
KEPT = ("nvs", "phy_init", "journal")  # the node's own: calibration, and telemetry that is not yet delivered


def read(path: Path, board: Board) -> tuple[Segment, ...]:
    """The segments to write. Raises ImageMissing, ImageInvalid, WrongChip."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImageMissing(
            f"{path} cannot be read: {error.strerror}.", "Build it with `lamplighter image`, or check the file's name."
        ) from None
    if len(data) != board.flash_size:
        raise _wrong_size(path, data, board)
    if not data.strip(b"\xff"):
        raise ImageInvalid(f"{path} is blank.")
    loader = _program(path, data, board, board.silicon.offset, "boot loader")
    slot = board.app_slot
    app = _program(path, data, board, slot.offset, "app")
    try:
        table = partitions.decode(data[TABLE_OFFSET : TABLE_OFFSET + SECTOR])
    except ValueError as error:
        raise ImageInvalid(f"{path}: {error}.") from None
    if table != list(board.partitions):
        raise ImageInvalid(
            f"{path} has another partition table than {board.name}.", "Build it again with `lamplighter image`."
        )
    esp_format.micropython(app, board, path.name)
    found = [Segment("loader", board.silicon.offset, esp_format.with_flash_size(loader, board.flash_size))]
    found.append(Segment("table", TABLE_OFFSET, data[TABLE_OFFSET : TABLE_OFFSET + SECTOR]))
    for row in board.partitions:
        content = data[row.offset : row.end]
        if row == slot:
            found.append(Segment(row.name, row.offset, app))
        elif row.name == "otadata":
            found.append(Segment(row.name, row.offset, content))
        elif row.name not in KEPT:
            found += _used(row.name, row.offset, content)
    return tuple(found)


def _program(path: Path, data: bytes, board: Board, offset: int, what: str) -> bytes:
    program = esp_format.program(data, offset, what)
    if program.chip_id != board.silicon.image_id:
        raise WrongChip(
            f"{path} is for the {image_title(program.chip_id)}; {board.name} has an {board.silicon.title}.",
            "Build the image of this board with `lamplighter image`, or choose another --board.",
        )
    return data[offset : offset + program.length]


def _wrong_size(path: Path, data: bytes, board: Board) -> ImageInvalid:
    if data[:1] == bytes([esp_format.MAGIC]) and board.silicon.offset:
        return ImageInvalid(
            f"{path} is an image of MicroPython alone, without Lamplighter.", "Name it with --micropython instead."
        )
    word = "truncated" if len(data) < board.flash_size else "too long"
    return ImageInvalid(
        f"{path} is {word}: it has {len(data):,} bytes; the flash of {board.name} has {board.flash_size:,}.",
        "Build it again with `lamplighter image`.",
    )


def _used(name: str, offset: int, content: bytes) -> list[Segment]:
    """The runs of blocks that are not blank."""
    runs: list[Segment] = []
    for at in range(0, len(content), SECTOR):
        block = content[at : at + SECTOR]
        if block == BLANK[: len(block)]:
            continue
        if runs and runs[-1].offset + len(runs[-1].data) == offset + at:
            runs[-1] = Segment(name, runs[-1].offset, runs[-1].data + block)
        else:
            runs.append(Segment(name, offset + at, block))
    return runs
