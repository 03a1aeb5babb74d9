"""`lamplighter flash`: firmware onto one board or several, verified, and seen to start."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .. import screen
from ..problems import ImageInvalid
from .finite import FiniteRange

if TYPE_CHECKING:
    from ..boards.board_file import Board
    from ..flash.job import Work
    from ..image.build import Segment

SAME_COMMAND = "Run the same command again: it completes what is missing and restores each node's configuration."


@click.command("flash")
@click.option("--port", "names", required=True, multiple=True, metavar="PORT",
              help="Serial port, e.g. /dev/ttyUSB0; repeat it for several boards at once.")  # fmt: skip
@click.option("--board", "name", required=True, metavar="BOARD",
              help="Board: lamppost-esp32, lamppost-esp32s3 or lamppost-esp32s3-n8r2.")  # fmt: skip
@click.option("--micropython", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Official MicroPython image. [default: search the cache]")  # fmt: skip
@click.option("--image", "whole", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="A complete image built by `lamplighter image`.")  # fmt: skip
@click.option("--baud", type=click.IntRange(9600, 3000000), default=921600, show_default=True, metavar="N",
              help="Initial speed; errors lower it to 460800, then 115200.")  # fmt: skip
@click.option("--force", is_flag=True, help="Write everything, also segments that are already correct.")
@click.option("--force-supply", is_flag=True, help="Continue although the supply voltage has dipped.")
@click.option("--erase", is_flag=True, help="Erase the node's files; use this when a locked node's key is lost.")
@click.option("--wait", "patience_s", type=FiniteRange(0), default=30.0, show_default=True, metavar="S",
              help="How long to wait for a disconnected cable, in seconds.")  # fmt: skip
@click.option("--virtual", is_flag=True, help="The network address is a virtual lamppost.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON; an array for several ports.")
def command(
    names: tuple[str, ...], name: str, micropython: Path | None, whole: Path | None, baud: int, force: bool,
    force_supply: bool, erase: bool, patience_s: float, virtual: bool, as_json: bool,
) -> int:  # fmt: skip
    """Install the firmware on a board: boot loader, MicroPython, partition table, app.

    Segments that are already correct are skipped; journal and configuration are kept. Safe to interrupt: it resumes
    when the cable is reconnected, or when you run the same command again. With several ports each board has its own
    line, and the exit code is the worst of them.

    \b
    Example: lamplighter flash --port /dev/ttyUSB0 --board lamppost-esp32
    """
    from ..boards import board_file
    from ..device import ports
    from ..flash import job, preserve

    if micropython and whole:
        raise click.UsageError("--image and --micropython exclude each other.")
    if len(set(names)) < len(names):
        raise click.UsageError("The same port is given twice.")
    board = board_file.load(name)
    first, *others = names
    if not others:
        ports.check(first)
    segments, what = flash_segments(names, board, micropython, whole, virtual)
    work = job.Work(
        board, segments, preserve.files_of(board, segments), what, baud, force, force_supply, erase, patience_s
    )
    if others:
        return _several([first, *others], work, as_json)
    screen.note(f"{first}: {what}")
    with screen.if_interrupted(SAME_COMMAND), screen.progress(work.total) as progress:
        done = job.bring(first, work, progress, lambda text: screen.note(f"{first}: {text}"))
    if as_json:
        screen.result(done)
    else:
        screen.out.print(_sentence(done), markup=False)
    return 0


def _several(names: list[str], work: Work, as_json: bool) -> int:
    from ..flash import parallel

    screen.note(f"{len(names)} boards: {work.what}")
    with screen.if_interrupted(SAME_COMMAND), screen.progress_rows(names, work.total) as progress:
        ended = parallel.bring_all(names, work, progress, lambda port, text: screen.note(f"{port}: {text}"))
    if as_json:
        screen.result([
            one.result or {"port": one.port, "error": one.word, "cause": one.cause, "remedy": one.remedy}
            for one in ended
        ])  # fmt: skip
    else:
        for one in ended:
            words = _sentence(one.result) if one.result else f"FAILED. {one.cause} {one.remedy}"
            screen.out.print(f"{one.port}: {words}", markup=False)
    failed = [one for one in ended if not one.result]
    screen.note(f"{len(ended) - len(failed)} of {len(ended)} boards done.")
    return max((one.exit_code for one in failed), default=0)


def _sentence(done: dict[str, Any]) -> str:
    skipped = f", {done['skipped']:,} already correct" if done["skipped"] else ""
    return (
        f"{done['chip']} {done['mac']}: {done['written']:,} bytes written and verified{skipped}; "
        f"{done['seconds']:.1f} s. It runs."
    )


def flash_segments(
    names: tuple[str, ...], board: Board, micropython: Path | None, whole: Path | None, virtual: bool = False
) -> tuple[tuple[Segment, ...], str]:
    """The segments to write, and their description."""
    from ..device import ports
    from ..image import build, flash_dump

    # a port that is not there will be refused by itself
    there = [name for name in names if ports.is_there(name)]
    virtual = all(virtual if ports.is_network(name) else ports.is_pty(name) for name in there)
    if whole:
        segments, what = flash_dump.read(whole, board), whole.name
        simulated = any(build.is_standin(segment.data) for segment in segments)
    else:
        if micropython is None and virtual:
            micropython = build.standin(board)
        built = build.build(board, micropython or build.find_micropython(board, screen.note))
        segments, simulated = built.parts, built.simulated
        what = f"firmware {built.version} build {built.build}, MicroPython {built.micropython}"
    if simulated and not virtual:
        raise ImageInvalid(
            "This image holds simulated MicroPython, which only a virtual lamppost can run.",
            "Get the official image and name it with --micropython FILE.",
        )
    return segments, what
