"""`lamplighter decode`: what a captured frame of a part means, by the node's own decoder, in SI words."""

from __future__ import annotations

from typing import Any

import click
from rich.table import Table

from .. import paths, screen
from ..documents import text_file
from ..parts import catalogue, decode_options, hex_bytes, units
from ..problems import ReadingFault

MEANING = {
    "silent": "there are no bytes",
    "garbled": "these bytes contain no complete frame (marker, length, checksum)",
    "refused": "the part answered with an error code",
    "foreign": "a valid frame of another address, command, model or version",
    "range": "a complete frame with a value outside the part's range",
    "partial": "the part gives only some of its values",
    "signal": "the part reports that it has no usable measurement",
    "warming": "the part needs more time after power-on",
    "unset": "the clock has lost its time, or was never set by a lamppost",
    "bus": "the bus itself failed",
}


@click.command()
@click.argument("part")
@click.argument("frame", metavar="HEX", nargs=-1, required=True)
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE",
              help="Option of the part as in the configuration: model, shunt, address.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the readings as a JSON object.")
@click.pass_context
def command(
    ctx: click.Context, part: str, frame: tuple[str, ...], options: tuple[str, ...], as_json: bool
) -> None:
    """Decode a captured frame of PART with the decoder that runs on the node.

    `lamplighter parts` lists the parts, and `lamplighter parts PART` shows an example frame. HEX is a complete answer
    or data frame as logs and programs print it (03.04.00, 03:04, 0x03, 0x04, \\x03\\x04, with or without brackets),
    possibly with other bytes around it; - reads it from standard input. Options that affect the result are printed
    with their values. The name of a value ends with its unit; a missing value is null. A frame without a reading ends
    with exit code 40 and a fault word.

    Example: lamplighter decode tfmini "59 59 2C 02 38 04 00 00 1C"
    """
    paths.importable()
    from lamppost.core.faults import SensorFault  # type: ignore[import-not-found]
    from lamppost.drivers import registry  # type: ignore[import-not-found]

    known = catalogue.meant(part)
    decoder = registry.driver(known.id)[0].decode  # type: ignore[union-attr]
    text = " ".join(frame) if frame != ("-",) else text_file.stdin(ReadingFault)
    try:
        raw = hex_bytes.parse(text)
        chosen = decode_options.choose(known, decoder, options)
    except ValueError as wrong:
        raise click.UsageError(f"{wrong}.") from None
    if chosen.used:
        screen.note("decoded with " + ", ".join(f"{name}={_plain(value)}" for name, value in chosen.used.items()))
    try:
        reading = units.reading(decoder(raw, **chosen.arguments))
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


def _plain(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _show(reading: dict[str, Any]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("reading")
    table.add_column("value", justify="right")
    table.add_column("unit")
    for word, number in reading.items():
        table.add_row(word, units.shown(word, number), units.unit(word))
    screen.out.print(table)
