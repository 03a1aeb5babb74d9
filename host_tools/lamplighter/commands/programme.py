"""`lamplighter programme`: a night of a lamp's programme, before it is sent to a lamppost."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from .. import screen
from .finite import FiniteRange

LIT, SENSED, WATCHED = "█▓░"
HOURS = ("sunset", "civil_dusk", "civil_dawn", "sunrise")


@click.group("programme")
def command() -> None:
    """Preview lamp programmes: the dimming level by calendar, sun and clock.

    Example: lamplighter programme show --night 2026-12-21 --lat 38.72 --lon -9.14
    """


@command.command("show")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False, metavar="[FILE]")
@click.option("--night", type=click.DateTime(["%Y-%m-%d"]), required=True, metavar="YYYY-MM-DD",
              help="Date on which the night begins.")  # fmt: skip
@click.option("--lat", type=FiniteRange(-90, 90), required=True, help="Latitude in degrees north.")
@click.option("--lon", type=FiniteRange(-180, 180), required=True, help="Longitude in degrees east.")
@click.option("--tz", default="UTC0", show_default=True, metavar="ZONE",
              help="Time zone: Europe/Lisbon, or a POSIX string such as WET0WEST,M3.5.0/1,M10.5.0.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: sun events and periods, in UTC.")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), hidden=True, help="Picture of the screen.")
def show(
    file: Path | None, night: datetime.datetime, lat: float, lon: float, tz: str, as_json: bool, svg: Path | None
) -> None:
    """Print and plot one night of a programme, computed by the firmware's own code under MicroPython.

    FILE is a JSON file of programmes. Without it the default programme is shown: full light from sunset to sunrise.

    Example: lamplighter programme show --night 2026-12-21 --lat 38.72 --lon -9.14 --tz Europe/Lisbon
    """
    from ..lamp import night as nights

    found = nights.compute(nights.read(file) if file else {}, night.date(), lat, lon, tz)
    if as_json:
        screen.result(found)
        return
    shown = _shown(found)
    screen.out.print(shown)
    if svg:
        from ..telemetry import panel

        panel.picture(shown, svg, 82, f"lamplighter programme show --night {night:%Y-%m-%d}")


def _shown(found: dict[str, Any]) -> Text:
    """Hours of the sun, periods, and the night as a picture."""
    lines = [f"{name.replace('_', ' '):<12}{found[name] or 'does not happen'}" for name in HOURS]
    lines.append("")
    lines += [f"{row['from']}  {row['to']}  {row['level']:>3} %  {_why(row)}" for row in found["periods"]]
    return Text("\n".join(lines) + "\n\n") + _drawing(found["periods"])


def _why(row: dict[str, Any]) -> str:
    """The reason of a period's level, and on what it depends beside the clock."""
    words = [row["why"]]
    if "when" in row:
        words.append("only while the light sensor reports dark")
    for one in row.get("presence", ()):
        words.append(f"{one['level']} % while somebody is there and {one['hold_s']} s after")
    return "; ".join(words)


def _drawing(periods: list[dict[str, Any]]) -> Text:
    """The night as a bar chart of half-hours, four rows high, with the hours (UTC) below."""
    parsed = [(_utc(row["from"]), _utc(row["to"]), row) for row in periods]
    begin, end = parsed[0][0], parsed[-1][1]
    step = datetime.timedelta(minutes=30)
    columns = []
    at = begin
    while at < end:
        middle = at + step / 2
        columns.append(next(row for first, last, row in parsed if first <= middle < last))
        at += step
    text = Text()
    for height in (75, 50, 25, 0):
        text.append(f"{height + 25:>4} % ", "dim")
        text.append("".join(_block(row, height) for row in columns) + "\n", "yellow")
    hours = "".join(f"{(begin + index * step).hour:<4}" for index in range(0, len(columns), 4))
    text.append(f"{'UTC':>6} {hours}", "dim")
    for block, words in ((SENSED, "only while dark"), (WATCHED, "while somebody is there")):
        if block in text.plain:
            text.append(f"\n{'':7}{block} {words}", "dim")
    return text


def _block(row: dict[str, Any], height: int) -> str:
    """One half-hour of the chart above so many per cent."""
    if row["level"] > height:
        return SENSED if "when" in row else LIT
    return WATCHED if any(one["level"] > height for one in row.get("presence", ())) else " "


def _utc(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)
