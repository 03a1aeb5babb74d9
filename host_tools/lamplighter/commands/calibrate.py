"""`lamplighter calibrate`: a sensor of the air against a reference, and a parking bay that is empty now."""

from __future__ import annotations

import datetime
from typing import Any

import click

from .. import screen
from .configure import restarted
from .finite import Finite

QUANTITIES = ("pm1", "pm2_5", "pm4", "pm10", "t", "rh", "p", "co2", "no2", "o3", "so2", "co")


class _OfAirUnlessSaid(click.Group):
    """`calibrate --port ...` is `calibrate air --port ...`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0].startswith("-") and args[0] not in ctx.help_option_names:
            args = ["air", *args]
        return super().parse_args(ctx, args)


@click.group("calibrate", cls=_OfAirUnlessSaid)
def command() -> None:
    """Calibrate an air sensor, or measure an empty parking bay.

    Example: lamplighter calibrate parking --port /dev/ttyUSB0 --bay 1
    """


@command.command()
@click.option("--port", metavar="PORT", required=True, help="Serial port, e.g. /dev/ttyUSB0.")
@click.option("--part", metavar="ID", required=True, help="The part's id in the configuration.")
@click.option("--quantity", type=click.Choice(QUANTITIES), required=True, help="The quantity that was calibrated.")
@click.option("--slope", type=Finite(), default=1.0, show_default=True, help="Factor for the measured value.")
@click.option("--offset", type=Finite(), default=0.0, show_default=True,
              help="Added after the slope, in the quantity's unit.")  # fmt: skip
@click.option("--id", "name", metavar="NAME", help="Name of the calibration; published with each window.")
@click.option("--date", metavar="DATE", help="Date of the calibration, e.g. 2026-03-14. [default: today]")
@click.option("--serial", metavar="NUMBER", help="Serial number of the calibrated sensor; any other is refused.")
@click.option("--remove", is_flag=True, help="Remove the calibration of this quantity.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def air(
    port: str, part: str, quantity: str, slope: float, offset: float, name: str | None, date: str | None,
    serial: str | None, remove: bool, as_json: bool,
) -> None:  # fmt: skip
    """Set the calibration of an air sensor: published value = measured value x slope + offset.

    Only this calibration of the node's configuration is changed; the configuration is checked as a whole and the node
    restarts with it. A calibration for the serial number of another sensor is refused. Add it to your configuration
    file too: the next `lamplighter configure` installs that file.

    Example: lamplighter calibrate air --port /dev/ttyUSB0 --part dust --quantity pm2_5 --slope 0.87 --id KS-2026-03
    """
    from ..config import config_file
    from ..device import node_files, ports
    from ..device.repl import Repl
    from ..flash import preserve

    if not remove and name is None:
        raise click.UsageError("Name the calibration with --id, or remove it with --remove.")
    row: dict[str, Any] = {"part": part, "quantity": quantity, "slope": slope, "offset": offset, "id": name}
    row["date"] = date or datetime.datetime.now(datetime.UTC).date().isoformat()
    if serial is not None:
        row["serial"] = serial
    with ports.claim(port), Repl(port, screen.note) as node:
        before = node_files.document(node, "/config.json")
        if before is None:
            raise preserve.no_configuration(node.run(preserve.MAC).strip())
        doc = config_file.check(config_file.Document(changed(before, row, remove), "the configuration"))
        told = {"node": doc["node"], "config": config_file.config_hash(doc), "written": doc != before}
        if doc != before:
            screen.note("writing")
            node_files.adopt(node, config_file.encode(doc))
            restarted(node)
    if as_json:
        screen.result({**told, "calibration": doc.get("air", {}).get("calibration", [])})
    else:
        words = "is unchanged" if doc == before else "has gone" if remove else f"is now {name}"
        screen.out.print(f"{told['node']}: the calibration of {part} for {quantity} {words}.", markup=False)


def changed(before: dict[str, Any], row: dict[str, Any], remove: bool) -> dict[str, Any]:
    """The configuration with this calibration in place of an earlier one of the same part and quantity, or without."""
    air = dict(before.get("air", {"parts": []}))
    others = [
        old for old in air.pop("calibration", []) if (old["part"], old["quantity"]) != (row["part"], row["quantity"])
    ]
    rows = others if remove else [*others, row]
    if rows:
        air["calibration"] = rows
    return {**before, "air": air} if rows or "air" in before else before


@command.command()
@click.option("--port", metavar="PORT", required=True, help="Serial port, e.g. /dev/ttyUSB0.")
@click.option("--bay", metavar="NAME", required=True, help="Name of the bay in the configuration.")
@click.option("--bay-empty", is_flag=True, help="Confirm that the bay is empty; do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def parking(port: str, bay: str, bay_empty: bool, as_json: bool) -> None:
    """Measure a parking bay that is empty now, and store the result on the node.

    Without this, and without `empty_mm` in the configuration, a bay is `unknown` until both states were observed. The
    node reads the parts of the bay ten times; nobody may stand in their view meanwhile.

    Example: lamplighter calibrate parking --port /dev/ttyUSB0 --bay 1
    """
    from ..commissioning import empty_bay
    from ..device import ports
    from ..device.repl import Repl

    if not bay_empty and not screen.asked(f"Is bay {bay} empty now, with nobody in view of its sensors?"):
        raise click.UsageError("Confirm with --bay-empty that the bay is empty.")
    with ports.claim(port), Repl(port, screen.note) as node:
        node.fresh()
        screen.note(f"bay {bay}: measuring, 5 s per part")
        found = empty_bay.measure(node, bay)
    if as_json:
        screen.result({"bay": bay, **found})
    else:
        screen.out.print(f"{empty_bay.words(bay, found)}.", markup=False)
