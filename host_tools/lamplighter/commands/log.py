"""`lamplighter log`: what the node prints, each line with its time; the board is not reset."""

from __future__ import annotations

import time
from datetime import datetime
from typing import IO

import click

from .. import screen
from .finite import FiniteRange


@click.command("log")
@click.option("--port", required=True, metavar="PORT", help="Serial port, e.g. /dev/ttyUSB0.")
@click.option("--save", type=click.File("a", encoding="utf-8"), metavar="FILE", help="Append the lines to FILE.")
@click.option("--seconds", type=FiniteRange(0), metavar="N", help="Stop after N seconds. [default: until Ctrl-C]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def command(port: str, save: IO[str] | None, seconds: float | None, as_json: bool) -> None:
    """Show the node's serial output, each line with a timestamp. Resumes when the cable is reconnected.

    Tracebacks name file and line of the firmware's source.

    Example: lamplighter log --port /dev/ttyUSB0 --save night.log
    """
    from ..device import ports
    from ..device.console import ConsoleLine

    def show(line: str) -> None:
        at = datetime.now().astimezone()
        if save:
            save.write(f"{at.isoformat(timespec='milliseconds')}  {line}\n")
            save.flush()
        if as_json:
            screen.result({"at": at.isoformat(timespec="milliseconds"), "text": line})
        else:
            screen.out.print(f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}  {line}", markup=False, soft_wrap=True)

    now = time.monotonic
    end = None if seconds is None else now() + seconds
    with ports.claim(port), ConsoleLine(port, screen.note) as console:
        while end is None or now() < end:
            for line in console.lines(0.1):
                show(line)
        for line in console.rest():
            show(line)
