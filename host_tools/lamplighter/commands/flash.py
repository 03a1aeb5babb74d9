"""`lamplighter flash`: firmware onto a board, verified, and seen to start."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .. import screen
from ..problems import ImageInvalid, NodeSilent, WrongChip

if TYPE_CHECKING:
    from ..board import Board
    from ..image import Segment

STARTS = r"lamppost|\[ *\d+\.\d{3}\]"


@click.command("flash")
@click.option("--port", required=True, metavar="PORT", help="Serial port, e.g. /dev/ttyUSB0.")
@click.option("--board", "name", required=True, metavar="BOARD", help="lamppost-esp32, -esp32s3 or -esp32c3.")
@click.option("--micropython", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="The official MicroPython image; without it the cache is searched.")  # fmt: skip
@click.option("--image", "whole", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="A whole image that `lamplighter image` built before.")  # fmt: skip
@click.option("--baud", type=click.IntRange(9600, 3000000), default=921600, show_default=True, metavar="N",
              help="Speed to begin with; trouble lowers it to 460800, 115200.")  # fmt: skip
@click.option("--force", is_flag=True, help="Write also what is right already.")
@click.option("--json", "as_json", is_flag=True, help="The result as JSON.")
def command(
    port: str, name: str, micropython: Path | None, whole: Path | None, baud: int, force: bool, as_json: bool
) -> None:
    """Bring firmware onto a board: boot loader, MicroPython, partition table, app.

    What is right already is skipped; journal and configuration stay as they are. Safe to interrupt:
    the same command goes on.

    \b
    Example: lamplighter flash --port /dev/ttyUSB0 --board lamppost-esp32
    """
    from .. import board as boards
    from .. import flashing, keeping, ports

    if micropython and whole:
        raise click.UsageError("--image and --micropython exclude each other.")
    board = boards.load(name)
    with ports.claim(port):
        segments, what = _segments(port, board, micropython, whole)
        screen.note(f"{port}: {board.title}, {what}")
        before = keeping.look(port, keeping.files_of(board, segments), screen.note)
        if before:
            screen.note(f"{port}: this is {before.node}")
            if before.configuration is not None:
                keeping.forget(before.mac)  # what an earlier run laid aside is older than what the node has
            if before.whole and not force:
                # the files are right, and the configuration beside them is the node's own
                segments = tuple(segment for segment in segments if segment.name != "vfs")
            else:
                keeping.keep(before)
        try:
            with screen.progress(sum(len(segment.data) for segment in segments)) as progress:
                done = flashing.flash(port, board, segments, baud=baud, force=force, progress=progress, say=screen.note)
        except WrongChip:
            if before:
                keeping.forget(before.mac)
            raise
        line = _started(port)
        restored = keeping.put_back(port, done.mac, screen.note)
        if restored:
            screen.note(f"the configuration of {restored} is on the node again")
    if as_json:
        screen.result({
            "port": port, "board": board.name, "chip": done.chip, "mac": done.mac, "firmware": what, "baud": done.baud,
            "written": done.written, "skipped": done.skipped, "seconds": round(done.seconds, 1), "boot": line,
        })  # fmt: skip
        return
    skipped = f", {done.skipped:,} were right already" if done.skipped else ""
    screen.out.print(
        f"{done.chip} {done.mac}: {done.written:,} bytes written and verified{skipped}; {done.seconds:.1f} s. It runs.",
        markup=False,
    )


def _segments(port: str, board: Board, micropython: Path | None, whole: Path | None) -> tuple[tuple[Segment, ...], str]:
    """What to write, and what it is in words."""
    from .. import flash_file, image, ports

    virtual = ports.is_pty(port)
    if whole:
        segments, what = flash_file.read(whole, board), whole.name
        simulated = any(image.is_standin(segment.data) for segment in segments)
    else:
        if micropython is None and virtual:
            micropython = image.standin(board)
        built = image.build(board, micropython or image.find_micropython(board, screen.note))
        segments, simulated = built.parts, built.simulated
        what = f"firmware {built.version} build {built.build}, MicroPython {built.micropython}"
    if simulated and not virtual:
        raise ImageInvalid(
            "This image holds simulated MicroPython, which only a virtual lamppost can run.",
            "Get the official image and name it with --micropython FILE.",
        )
    return segments, what


def _started(port: str) -> str:
    """The first line of the program that runs now; where it said it before the port was open, its REPL answers.

    Raises NodeSilent when there is neither.
    """
    import re

    from ..console_line import ConsoleLine
    from ..repl import Repl

    end = time.monotonic() + 4
    with ConsoleLine(port, screen.note) as console:
        while time.monotonic() < end:
            for line in console.lines(0.2):
                if re.search(STARTS, line):
                    return line
    try:
        with Repl(port, gently=True) as node:
            return node.run("import sys;print('MicroPython', sys.version)").strip()
    except NodeSilent:
        raise NodeSilent(
            f"The firmware is on the chip and verified, but nothing is heard of it on {port}.",
            "Press EN once and look at `lamplighter log`.",
        ) from None
