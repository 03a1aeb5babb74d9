"""One night of a programme, computed by the node's own code."""

from __future__ import annotations

import datetime
import functools
from pathlib import Path
from typing import Any

from ..config import config_file
from ..contract.sentences import complaints
from ..documents import json_source
from ..problems import ProgrammeInvalid
from ..replay.micropython import run_node_code
from . import zones

_SUN = {"sunset": "sunset", "civil_dusk": "dusk", "civil_dawn": "dawn", "sunrise": "sunrise"}


@functools.cache
def schema() -> dict[str, Any]:
    """Of a file of programmes: the part of a configuration's `lamp` that says when the lamp has which level."""
    whole = config_file.schema()
    keys = whole["properties"]["lamp"]["properties"]
    properties = {key: keys[key] for key in ("default_level", "calendar", "programmes")}
    return {"type": "object", "additionalProperties": False, "properties": properties, "$defs": whole["$defs"]}


def read(file: Path) -> dict[str, Any]:
    """The programmes of a file. Raises ProgrammeInvalid with everything that is wrong with their form."""
    import jsonschema

    try:
        document = json_source.value_of(file.read_bytes())
    except OSError as error:
        raise ProgrammeInvalid(f"{file} cannot be read: {error.strerror}.", "Name a file that can be.") from None
    except ValueError as error:
        raise ProgrammeInvalid(f"{file} is not JSON: {error}.") from None
    if wrong := complaints(jsonschema.Draft202012Validator(schema()).iter_errors(document)):
        raise ProgrammeInvalid(f"{file} has no lamp programmes.", details=list(map(str, wrong)))
    return document


def compute(document: dict[str, Any], date: datetime.date, lat: float, lon: float, tz: str) -> dict[str, Any]:
    """{sunset, civil_dusk, civil_dawn, sunrise: UTC or None, periods: [{from, to, level, why}]} of a night.

    A period has `when` "dark" if it holds only while the light sensor reports dark, and `presence` [{level, hold_s}]
    with the levels while somebody is there.

    The night begins on `date`, local time of the zone `tz`, an IANA name or a POSIX string. Raises ProgrammeInvalid
    for a programme or a zone that cannot be used.
    """
    tz = zones.posix(tz)
    facts = {"document": document, "date": [date.year, date.month, date.day], "lat": lat, "lon": lon, "tz": tz}
    (found,) = run_node_code(Path(__file__).with_name("node_night.py"), facts, "it computed the night")
    if "wrong" in found:
        raise ProgrammeInvalid("The programme cannot be used.", details=found["wrong"].split("; "))
    return {**{name: found["sun"][key] for name, key in _SUN.items()}, "periods": found["periods"]}
