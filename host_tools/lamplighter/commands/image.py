"""`lamplighter image`: build one flash image for a board, or those of all boards."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .. import screen
from ..problems import ImageMissing

if TYPE_CHECKING:
    from ..boards.board_file import Board


@click.command(name="image")
@click.option("--board", "name", metavar="BOARD", help="Build for this board.")
@click.option("--all", "every", is_flag=True, help="Build for every board whose MicroPython image is found.")
@click.option("--micropython", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Official image from micropython.org. [default: search the cache]")  # fmt: skip
@click.option("--simulated", is_flag=True, help="Use simulated MicroPython, which runs on the virtual lamppost only.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Where to write the whole flash (default: build/BOARD.bin).")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per board.")
def command(
    name: str | None, every: bool, micropython: Path | None, simulated: bool, out: Path | None, as_json: bool
) -> None:
    """Build one flash image: boot loader and MicroPython from the official image, the board's partition table, and
    the file system with the compiled app. Write it with `esptool write-flash 0x0 FILE`, or use `lamplighter flash`.

    \b
    Example: lamplighter image --board lamppost-esp32 --micropython ESP32_GENERIC-SPIRAM-20260406-v1.28.0.bin
    """
    from ..boards import board_file
    from ..image import build

    if every == bool(name):
        raise click.UsageError(f"Name one board with --board ({', '.join(board_file.names())}), or use --all.")
    if every and (micropython or out):
        raise click.UsageError("--micropython and --out need --board: each board has its own image.")
    if micropython and simulated:
        raise click.UsageError("--simulated and --micropython exclude each other.")
    missing: list[ImageMissing] = []
    for each in board_file.names() if every else [name or ""]:
        board = board_file.load(each)
        for warning in board.warnings:
            screen.note(f"note: {warning}")
        try:
            source = micropython or (build.standin(board) if simulated else build.find_micropython(board, screen.note))
        except ImageMissing as absent:
            missing.append(absent)
            continue
        _one(board, source, out or Path("build") / f"{board.name}{'-simulated' if simulated else ''}.bin", as_json)
    if missing and (not every or len(missing) == len(board_file.names())):
        raise _together(missing)
    for absent in missing:
        screen.note(f"skipped: {absent.cause} {absent.remedy}")


def _one(board: Board, source: Path, out: Path, as_json: bool) -> None:
    from ..image import build

    built = build.build(board, source, out, screen.note)
    written = sum(len(data) for _, data in built.segments)
    if as_json:
        screen.result({
            "board": board.name, "file": str(out), "firmware": built.version, "build": built.build,
            "micropython": built.micropython, "simulated": built.simulated, "bytes": written,
            "segments": [{"name": part.name, "offset": part.offset, "size": len(part.data)} for part in built.parts],
        })  # fmt: skip
        return
    screen.out.print(
        f"{out}: {board.title}, firmware {built.version} build {built.build}, MicroPython {built.micropython}, "
        f"{written:,} bytes in {len(built.parts)} segments",
        markup=False,
    )


def _together(missing: list[ImageMissing]) -> ImageMissing:
    if len(missing) == 1:
        return missing[0]
    return ImageMissing(
        "No official MicroPython image was found for any board.",
        "Put one of the files named above where its line says, or name it with --board BOARD --micropython FILE.",
        [f"{absent.cause} {absent.remedy}" for absent in missing],
    )
