"""`lamplighter decode`: what a captured frame of a part means, by the node's own decoder, in SI words."""

from __future__ import annotations

import re
import sys
from typing import Any

import click
from rich.table import Table

from .. import paths, screen
from ..parts import catalogue, units
from ..problems import ReadingFault

MEANING = {
    "silent": "there are no bytes",
    "garbled": "no frame among these bytes is whole (marker, length, checksum)",
    "refused": "the part answered with an error code of its own",
    "foreign": "a good frame of another address, command, model or version",
    "range": "a whole frame with a value that the part cannot mean",
    "signal": "the part says that it saw nothing usable",
    "warming": "the part needs more time after power-on",
    "unset": "a clock that has lost its time, or was not set by a lamppost",
    "bus": "the bus itself failed",
}


@click.command()
@click.argument("part")
@click.argument("frame", metavar="HEX", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="An object with the readings by their SI words.")
@click.pass_context
def command(ctx: click.Context, part: str, frame: tuple[str, ...], as_json: bool) -> None:
    """Say what a captured frame of PART means, with the decoder that runs on the node.

    `lamplighter parts` lists the parts, and `lamplighter parts PART` says which bytes it takes. HEX is a whole answer
    or data frame; it may have blanks, commas, colons and 0x, and noise before and after; - reads it from standard
    input. Values come in the unit that their word ends with, a missing one as null. A frame that holds no reading
    ends with exit code 40 and the fault's word.

    Example: lamplighter decode tfmini "59 59 2C 02 38 04 00 00 1C"
    """
    paths.importable()
    from lamppost.core.faults import SensorFault  # type: ignore[import-not-found]
    from lamppost.drivers import registry  # type: ignore[import-not-found]

    name = catalogue.meant(part).id
    raw = _bytes(" ".join(frame) if frame != ("-",) else sys.stdin.read(1 << 20))
    try:
        reading = units.reading(registry.decode(name, raw))
    except SensorFault as fault:
        if as_json:
            screen.result({"fault": fault.word, "detail": fault.detail})
            ctx.exit(ReadingFault.exit_code)
        detail = f" ({fault.detail})" if fault.detail else ""
        raise ReadingFault(f"{fault.word}: {MEANING[fault.word]}{detail}.") from None
    if as_json:
        screen.result(reading)
    else:
        _show(reading)


def _bytes(text: str) -> bytes:
    digits = re.sub(r"0[xX]|[\s:,;-]", "", text)
    wrong = re.search("[^0-9a-fA-F]", digits)
    if wrong:
        raise click.UsageError(f"HEX holds {wrong[0]!r}, which is no hexadecimal digit.")
    if len(digits) % 2:
        raise click.UsageError(f"HEX has {len(digits)} digits, an odd number: half a byte is missing.")
    return bytes.fromhex(digits)


def _show(reading: dict[str, Any]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("reading")
    table.add_column("value", justify="right")
    table.add_column("unit")
    for word, number in reading.items():
        table.add_row(word, units.shown(word, number), units.unit(word))
    screen.out.print(table)
