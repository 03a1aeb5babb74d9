"""Finding the official MicroPython image of a board: a folder of the user's, the cache, then a download."""

from __future__ import annotations

import os
import re
import urllib.request
from collections.abc import Callable
from pathlib import Path

import platformdirs

from ..boards.board_file import Board
from ..documents import atomic_file
from ..problems import ImageInvalid, ImageMissing, WrongChip
from . import esp_format
from .simulated import is_standin

VARIABLE = "LAMPLIGHTER_IMAGES"
LARGEST = 8 << 20
TIMEOUT_S = 10


def cache_folder() -> Path:
    return Path(platformdirs.user_cache_dir("lamplighter")) / "images"


def folders() -> list[Path]:
    """The folders that are searched for images, in this order."""
    own = os.environ.get(VARIABLE)
    return ([Path(own)] if own else []) + [cache_folder()]


def version_of(name: str) -> tuple[int, ...]:
    """(1, 28, 0) from a file name that ends in v1.28.0.bin; empty when it names no release."""
    found = re.search(r"-v(\d+)\.(\d+)(?:\.(\d+))?\.bin$", name)
    return tuple(int(step or 0) for step in found.groups()) if found else ()


def find_micropython(board: Board, progress: Callable[[str], None] = lambda line: None) -> Path:
    """The newest supported official image of a board. Raises ImageMissing, which says where to put it."""
    passed_over = []
    for folder in folders():
        found = sorted(folder.glob(board.micropython.pattern), key=lambda path: version_of(path.name), reverse=True)
        for path in found:
            if board.micropython.supports(version_of(path.name)[:2]):
                return path
            passed_over.append(f"{path}: MicroPython {'.'.join(map(str, version_of(path.name)))} is not supported")
    return _download(board, passed_over, progress)


def _download(board: Board, passed_over: list[str], progress: Callable[[str], None]) -> Path:
    wanted = board.micropython
    address = wanted.address + wanted.file
    progress(f"getting {address}")
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT_S) as answer:
            data = answer.read(LARGEST + 1)
        if len(data) > LARGEST or is_standin(data):
            raise ImageInvalid(f"{address} is not an official image.")
        esp_format.check(data, board, wanted.file)
    except OSError as error:
        raise _missing(board, f"{address} cannot be reached: {getattr(error, 'reason', error)}", passed_over) from None
    except (ImageInvalid, WrongChip) as error:
        raise _missing(board, f"the download from {address} is incomplete: {error.cause}", passed_over) from None
    path = cache_folder() / wanted.file
    atomic_file.write(path, data, "Set XDG_CACHE_HOME to a writable folder.")
    return path


def _missing(board: Board, why: str, passed_over: list[str]) -> ImageMissing:
    wanted = board.micropython
    first, last = wanted.versions
    return ImageMissing(
        f"No official MicroPython image for {board.name} was found ({wanted.pattern}, {first} to {last}).",
        f"Get {wanted.file} from {wanted.page} and put it into {folders()[0]}, or name it with --micropython FILE.",
        [*passed_over, why],
    )
