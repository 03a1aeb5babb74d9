"""pytest fixtures of the virtual lamppost: `from lamplighter.virtual.fixtures import virtual_lamppost`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ..boards import board_file
from ..boards.board_file import Board
from ..image import build
from .lamppost import VirtualLamppost


@functools.cache
def image(board: str) -> build.Image:
    """The image of a board of this project for a virtual lamppost, built once for all tests of a process."""
    loaded = board_file.load(board)
    return build.build(loaded, build.standin(loaded))


@pytest.fixture
def virtual_lamppost(tmp_path: Path) -> Iterator[Callable[..., VirtualLamppost]]:
    """A function (board or its name, flashed=True, **options of VirtualLamppost) -> a started lamppost.

    flashed -- with the app's image in its flash; else the flash is blank. All are stopped at the test's end.
    """
    started: list[VirtualLamppost] = []

    def make(board: Board | str = "lamppost-esp32", flashed: bool = True, **options: Any) -> VirtualLamppost:
        options.setdefault("workdir", tmp_path / f"lamppost-{len(started)}")
        lamppost = VirtualLamppost(board, **options)
        started.append(lamppost)
        if flashed:
            own = isinstance(board, Board)
            lamppost.flash_image(build.build(board, build.standin(board)) if own else image(board))
        return lamppost.start()

    yield make
    for lamppost in started:
        lamppost.stop()
