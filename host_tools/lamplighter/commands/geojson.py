"""`lamplighter geojson`: a street on a map, from what its lampposts publish about themselves."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from .. import screen
from ..contract import ROOT
from ..documents import atomic_file
from ..telemetry.geojson import feature_collection
from ..telemetry.state import Telemetry
from ..telemetry.subscriber import Incoming
from .broker_access import BrokerAccess, TopicLevel, broker_options
from .finite import FiniteRange

QUIET_S = 1.0  # retained messages come at once: after so much silence they have all come


@click.command("geojson")
@broker_options
@click.option("--site", type=TopicLevel(), default="+", help="Show only this site.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Output file. [default: stdout]")
@click.option("--seconds", type=FiniteRange(min=0, min_open=True), default=10.0, show_default=True,
              help="Listen for this many seconds at most.")  # fmt: skip
def command(access: BrokerAccess, site: str, out: Path | None, seconds: float) -> None:
    """Write the lampposts of a street as GeoJSON points with board, firmware, parts, state and alarms.

    The positions are the `location` of each node's configuration. Any GIS program can open the file.

    Example: lamplighter geojson --host broker.lan --site lisbon --out lisbon.geojson
    """
    telemetry = Telemetry(strict=False)
    topics = [f"{ROOT}/{site}/+/{suffix}" for suffix in ("info", "state", "alarm/+")]
    deadline = time.monotonic() + seconds
    with access.subscriber(topics) as subscriber:
        quiet = time.monotonic() + QUIET_S
        while (now := time.monotonic()) < min(deadline, quiet):
            arrived = subscriber.next(min(deadline, quiet) - now)
            if isinstance(arrived, Incoming):
                telemetry.take(arrived.topic, arrived.payload, arrived.retained)
                quiet = time.monotonic() + QUIET_S
    collection, without = feature_collection(telemetry)
    text = json.dumps(collection, indent=1, ensure_ascii=False)
    if out:
        atomic_file.write(out, (text + "\n").encode(), "Name another file with --out.")
        screen.note(f"{len(collection['features'])} lampposts written to {out}")
    else:
        screen.out.print(text, markup=False, highlight=False, soft_wrap=True)
    if without:
        shown = ", ".join(without[:5]) + (f" and {len(without) - 5} more" if len(without) > 5 else "")
        screen.note(f"No location in their configuration, so not on the map: {shown}.")
