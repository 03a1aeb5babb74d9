"""`lamplighter decode`: what a captured frame of a part means, by the node's own decoder."""

from __future__ import annotations

import difflib
import re
import sys

import click
from rich.table import Table

from .. import firmware, screen
from ..contract import UNITS
from ..problems import ReadingFault, UnknownPart

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
# quantities that only travel between part and sensing, not in a message
_INNER = {"p_mw": (0, "mW"), "utc_s": (0, "s")}


@click.command()
@click.argument("part")
@click.argument("frame", metavar="HEX", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="An object with the readings by contract name.")
@click.pass_context
def command(ctx: click.Context, part: str, frame: tuple[str, ...], as_json: bool) -> None:
    """Say what a captured frame of PART means, with the decoder that runs on the node.

    Parts: pzem004t, tfmini, sps30, bme280 (88..A1, E1..E7 and F7..FE, 41 bytes in this order),
    ds3231 (registers 00..12; utc_s counts from 2000).
    HEX may have blanks, colons and 0x, and noise before and after the frame; - reads it from
    standard input. A frame that holds no reading ends with exit code 40 and the fault's word.

    Example: lamplighter decode tfmini "59 59 2C 02 38 04 00 00 1C"
    """
    firmware.importable()
    from lamppost.core.faults import SensorFault  # type: ignore[import-not-found]
    from lamppost.drivers import shelf  # type: ignore[import-not-found]

    part = _known(part, [*shelf.PARTS])
    raw = _bytes(" ".join(frame) if frame != ("-",) else sys.stdin.read(1 << 20))
    try:
        reading = shelf.decode(part, raw)
    except SensorFault as fault:
        if as_json:
            screen.result({"fault": fault.word, "detail": fault.detail})
            ctx.exit(ReadingFault.exit_code)
        detail = f" ({fault.detail})" if fault.detail else ""
        raise ReadingFault(f"{fault.word}: {MEANING[fault.word]}{detail}.") from None
    if as_json:
        screen.result({name: _value(name, value) for name, value in reading.items()})
    else:
        _show(reading)


def _known(part: str, parts: list[str]) -> str:
    plain = re.sub("[^a-z0-9]", "", part.lower())
    if plain in parts:
        return plain
    near = difflib.get_close_matches(plain, parts, 1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise UnknownPart(f"There is no decoder for {part!r}.{hint}", f"Parts: {', '.join(parts)}.")


def _bytes(text: str) -> bytes:
    digits = re.sub(r"0[xX]|[\s:,;-]", "", text)
    wrong = re.search("[^0-9a-fA-F]", digits)
    if wrong:
        raise click.UsageError(f"HEX holds {wrong[0]!r}, which is no hexadecimal digit.")
    if len(digits) % 2:
        raise click.UsageError(f"HEX has {len(digits)} digits, an odd number: half a byte is missing.")
    return bytes.fromhex(digits)


def _row(name: str) -> tuple[int, str]:
    return _INNER[name] if name in _INNER else (UNITS[name]["decimals"], UNITS[name]["ucum"])


def _value(name: str, value: int | None) -> int | float | None:
    decimals = _row(name)[0]
    return value if value is None or not decimals else value / 10**decimals


def _show(reading: dict[str, int | None]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("name")
    table.add_column("value", justify="right")
    table.add_column("unit")
    for name, value in reading.items():
        decimals, unit = _row(name)
        shown = "null" if value is None else f"{value / 10**decimals:.{decimals}f}"
        table.add_row(name, shown, "" if unit == "1" else unit)
    screen.out.print(table)
