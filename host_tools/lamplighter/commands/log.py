"""`lamplighter log`: what the node prints, with times, tracebacks in the source's words; the board is not reset."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import IO

import click

from .. import screen

_NO_MORE_S = 5.0  # after so much silence neither the rest of a traceback comes nor an answer; a start is quicker


@click.command("log")
@click.option("--port", required=True, metavar="PORT", help="Serial port, e.g. /dev/ttyUSB0.")
@click.option("--save", type=click.File("a", encoding="utf-8"), metavar="FILE", help="Append the lines to FILE.")
@click.option("--seconds", type=click.FloatRange(0), metavar="N", help="End after N seconds; else with Ctrl-C.")
@click.option("--map", "given", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="The map that `lamplighter image` wrote, for a build that was made elsewhere.")  # fmt: skip
@click.option("--raw", is_flag=True, help="Leave tracebacks as the node says them.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(
    port: str, save: IO[str] | None, seconds: float | None, given: Path | None, raw: bool, as_json: bool
) -> None:
    """Show the node's serial output, each line with its time; goes on after the cable was out.

    Compiled modules have no line numbers. Their tracebacks are mapped back to the source: to file, lines and function,
    by the build that the node says it is. Maps are kept of each build that this machine made.

    Example: lamplighter log --port /dev/ttyUSB0 --save night.log
    """
    from ..device import ports
    from ..device.console import ConsoleLine
    from ..image import source_map
    from ..image.tracebacks import Tracebacks

    known = source_map.read(given) if given else None

    def show(line: str) -> None:
        at = datetime.now().astimezone()
        if save:
            save.write(f"{at.isoformat(timespec='milliseconds')}  {line}\n")
            save.flush()
        if as_json:
            screen.result({"at": at.isoformat(timespec="milliseconds"), "text": line})
        else:
            screen.out.print(f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}  {line}", markup=False, soft_wrap=True)

    def shown(lines: list[str]) -> None:
        for line in lines:
            show(line)

    now = time.monotonic
    end = None if seconds is None else now() + seconds
    with ports.claim(port), ConsoleLine(port, screen.note) as console:
        # asked only when a traceback has come: the log disturbs nobody without need
        through = Tracebacks(given=known, ask=lambda: console.write(b"\rwho\r"))
        heard = now()
        while end is None or now() < end:
            for line in console.lines(0.1):
                heard = now()
                shown([line] if raw else through.take(line))
            if now() > heard + _NO_MORE_S:
                shown(through.rest())
        shown([*through.rest(), *console.rest()])
