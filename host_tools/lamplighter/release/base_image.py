"""A MicroPython image in a release: which nodes it is for, and the hashes by which they fetch it block by block."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..boards import board_file, partitions
from ..boards.board_file import Board
from ..image import esp_format
from ..image.simulated import is_standin
from ..problems import ImageInvalid, ImageMissing

BLOCK = 4096
HASH = 8  # bytes of a block's SHA-256 in the list, as firmware/lamppost/ops/update/base.py reads them


@dataclass(frozen=True)
class BaseImage:
    """machine -- as sys.implementation names it on the nodes that take it; version -- of MicroPython, as "1.28.0"."""

    machine: str
    version: str
    app: bytes
    boards: tuple[str, ...]

    @property
    def blocks(self) -> bytes:
        pieces = (self.app[at : at + BLOCK] for at in range(0, len(self.app), BLOCK))
        return b"".join(hashlib.sha256(piece).digest()[:HASH] for piece in pieces)

    @property
    def files(self) -> dict[str, bytes]:
        """What the release serves, by name."""
        return {hashlib.sha256(data).hexdigest()[:16]: data for data in (self.app, self.blocks)}

    @property
    def row(self) -> dict[str, Any]:
        """What the signed document says of it."""
        return {
            "version": self.version, "size": len(self.app), "sha256": hashlib.sha256(self.app).hexdigest(),
            "blocks": hashlib.sha256(self.blocks).hexdigest(),
        }  # fmt: skip


def read(path: Path) -> BaseImage:
    """An official image, as .bin (with boot loader and table) or .app-bin. Raises ImageMissing, ImageInvalid.

    It must fit a board of this lamplighter: chip, variant, version and size.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImageMissing(f"{path} cannot be read: {error.strerror}.") from None
    boards = [board_file.load(name) for name in board_file.names()]
    app = data[_app_offset(data, boards) :]
    found = esp_format.program(app, 0, "app")
    app = app[: found.length]
    right_chip = [board for board in boards if board.silicon.image_id == found.chip_id]
    fitting, refused = [], None
    for board in right_chip:
        try:
            version = esp_format.micropython(app, board, path.name)
            fitting.append(board)
        except ImageInvalid as error:
            refused = refused or error
    if not fitting:
        raise refused or ImageInvalid(
            f"{path.name} is for the {esp_format.image_title(found.chip_id)}, which no board has.",
            f"The boards are {', '.join(board.name for board in boards)}.",
        )
    machine = esp_format.machine(app, fitting[0]) + (" (simulated)" if is_standin(app) else "")
    return BaseImage(machine, version.lstrip("v").partition("-")[0], app, tuple(board.name for board in fitting))


def _app_offset(data: bytes, boards: list[Board]) -> int:
    """Where the app begins: behind the partition table of a whole image, or at once."""
    for board in boards:
        start = board.silicon.offset
        try:
            partitions.decode(data[partitions.TABLE_OFFSET - start :])
            return esp_format.APP_OFFSET - start
        except ValueError:
            pass
    return 0
