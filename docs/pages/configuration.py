"""docs/reference/configuration.md: every key of a node's configuration, from its JSON Schema."""

from __future__ import annotations

import json
import re
from typing import Any

from lamplighter.boards import board_file
from lamplighter.config import config_file

from .table import table

HEAD = """# The configuration of a lamppost

One JSON document a lamppost. `lamplighter configure` checks it whole against
[the JSON Schema](configuration.schema.json) and against the board, shows every error
at once, and writes it only when there is none. A section that is left out stands for a part that is not fitted; keys
that are not on this page are refused.

Every error without a node: `lamplighter configure --dry-run --board lamppost-esp32 lp-0042.json`.

```json
{example}
```

## Passwords

In the place of `wifi.password` and `mqtt.password`, `{{"$env": "NAME"}}` takes the text from the environment of whoever
runs `lamplighter configure`, so that the file need not hold it. What is kept on the node is the text itself
([security](../design/security.md)). Passwords are never shown, not in errors either.
"""
TAIL = """
## What is checked beyond the table

- `parts[].bus` is a bus of the board, of the kind that the part needs; a part without an address has its bus for
  itself, parts with addresses have each their own. Several buses of the board may share a hardware UART.
- A part has only the options that are its own: they are on its [page](parts.md).
- `energy.part`, `parking[].part` and `air.parts` name parts that measure energy, distance and air; a part watches
  one bay.
- `window_s` divides the day without rest, since windows are aligned to UTC, and `every_ms` is no longer than the
  window.
- An `ads1115` in `air.parts` has its `air.cells`; both electrodes of a cell have inputs of their own, and one for
  `o3` has one for `no2` beside it.
- An `air.calibration` is of a quantity that its part measures, and of the sensor that is fitted: its `serial` is that
  of `parts[].serial`, or the cell's `id`.
- `light.part` measures light and `pole.part` tilt; `day_lux` is more than `night_lux`.
- `lamp` needs `location`. Its `min_level` is not above `max_level`; `calibration` and `watts` rise from point to point,
  and `calibration` reaches `max_level`; 1-10 V has no `standby` "on"; `zone` is a POSIX time zone; programmes, dates
  and times are those of [programmes](programme.md). `light_output.constant` and a driver that corrects exclude each
  other.
- No key appears twice.
"""
TITLES = {
    "": "The document", "location": "location", "wifi": "wifi", "mqtt": "mqtt",
    "mqtt.session": "mqtt.session", "mqtt.tls": "mqtt.tls: certificates", "time": "time",
    "parts": "parts: what is fitted", "energy": "energy: the meter", "parking": "parking: one row a bay",
    "air": "air: particles, gases and climate", "air.cells": "air.cells: pairs of Alphasense",
    "air.calibration": "air.calibration: beside a reference", "light": "light: day and night",
    "pole": "pole: knocked down or not", "lamp": "lamp: output, luminaire, programmes",
    "lamp.dali": "lamp.dali: the interface", "lamp.light_output": "lamp.light_output: corrections",
    "lamp.light_output.maintenance": "lamp.light_output.maintenance: dirt",
    "lamp.presence": "lamp.presence: who is there",
    "lamp.calendar": "lamp.calendar: which programme on which night",
}  # fmt: skip
# where the schema has no words of its own
MEANINGS = {
    "location": "Where the lamppost stands.",
    "wifi": "The way into the network.",
    "mqtt": "The broker.",
    "time": "Where the time comes from.",
    "energy": "The energy meter: a window's means, and the import register.",
    "parking": "Parking bays. Without `empty_mm` the distance to the empty bay is learned.",
    "air": "Sensors of the air: a window's means, and an air quality index.",
    "light": "A light sensor: day or night.",
    "pole": "An accelerometer on the pole.",
    "lamp": "The lamp that this node drives; needs `location`.",
    "lamp.programmes": "By name; [how they are written](programme.md).",
    "mqtt.port": "The broker's port.",
    "mqtt.user": "User name at the broker.",
    "mqtt.password": "Its password; needs `user`.",
    "parts.part": "What it is: see [parts](parts.md).",
}
UNITS = {"_per_s": "1/s", "_s": "s", "_ms": "ms", "_mm": "mm", "lat": "°", "lon": "°"}


def content() -> str:
    schema = config_file.schema()
    text = HEAD.format(example=example())
    for section, title in TITLES.items():
        part = schema
        for level in filter(None, section.split(".")):
            part = _resolved(part["properties"][level])
        part = _resolved(part.get("items", part))
        text += f"\n## {title}\n\n" + table(("key", "meaning", "unit", "limits", "default"), _rows(section, part))
    return text + TAIL


def example() -> str:
    """A document with every section, as text. Raises ConfigInvalid if it were wrong."""
    facts = board_file.load("lamppost-esp32").node_document()
    document = {
        "v": 1,
        "site": "lisbon",
        "node": "lp-0042",
        "asset": "LP-0042",
        "mode": "development",
        "location": {"lat": 38.72, "lon": -9.14},
        "wifi": {"ssid": "street", "password": "correct horse"},
        "mqtt": {"host": "broker.lan", "port": 1883, "user": "lp-0042", "password": "battery staple",
                 "keepalive_s": 60, "window": 8, "spread_s": 60, "drain_per_s": 100, "drain_spread_s": 60},
        "time": {"servers": ["pool.ntp.org"]},
        "parts": [
            *facts["fitted"],
            {"id": "eye", "part": "bh1750", "bus": "i2c0"},
            {"id": "mast", "part": "lis3dh", "bus": "i2c0"},
        ],
        "energy": {"part": "meter", "window_s": 900, "every_ms": 1000, "mid": False},
        "parking": [{"bay": "1", "part": "bay-1", "empty_mm": 3200, "every_ms": 1000}],
        "air": {"parts": ["dust", "climate"], "window_s": 600, "every_ms": 10000},
        "light": {"part": "eye", "night_lux": 20, "day_lux": 40},
        "pole": {"part": "mast", "limit_deg": 5},
        "lamp": {"output": "0-10v", "zone": "WET0WEST,M3.5.0/1,M10.5.0", "min_level": 10,
                 "calendar": [{"programme": "late"}], "programmes": {"late": {
                     "periods": [{"from": "sunset", "to": "sunrise"}],
                     "points": [{"at": "23:00", "op": "set", "level": 50},
                                {"at": "05:30", "op": "set", "level": 100}]}}},
    }  # fmt: skip
    config_file.check(config_file.Document(document, "example"), facts)
    return _folded(document)


def _folded(document: dict[str, Any]) -> str:
    """JSON with one line a section, and one a row of a list of objects."""
    lines = []
    for key, value in document.items():
        text = json.dumps(value, ensure_ascii=False)
        if isinstance(value, list) and isinstance(value[0], dict):
            text = "[\n    " + ",\n    ".join(json.dumps(row) for row in value) + "\n  ]"
        lines.append(f"  {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}"


def _rows(section: str, part: dict[str, Any]) -> list[tuple[str, ...]]:
    rows = []
    for key, value in part["properties"].items():
        row = _resolved(value)
        name = f"{section}.{key}" if section else key
        said = row.get("description") or MEANINGS[name]
        needed = " **Required.**" if key in part.get("required", ()) else ""
        unit = next((unit for end, unit in UNITS.items() if key.endswith(end)), "")
        default = json.dumps(row["default"]) if "default" in row else ""
        rows.append((f"`{key}`", said + needed, unit, _limits(row), f"`{default}`" if default else ""))
    return rows


def _limits(row: dict[str, Any]) -> str:
    """What a value may be, in words."""
    if "const" in row:
        return f"always {row['const']}"
    if "enum" in row:
        return ", ".join(f"`{one}`" for one in row["enum"])
    if "x-says" in row:
        return row["x-says"]
    kind, low, high = row["type"], row.get("minimum"), row.get("maximum")
    if kind == "array":
        each = _resolved(row["items"])
        kinds = {"object": "rows, below", "integer": "whole numbers", "array": "pairs of numbers"}
        texts = "of" if "enum" in each else "texts, each of"
        words = kinds.get(each.get("type", "")) or f"{texts} {_limits(each)}"
        low, high = row.get("minItems", 0), row["maxItems"]
        return f"{high} {words}" if low == high else f"{low} to {high} {words}"
    if kind == "string":
        return f"text of {row['minLength']} to {row['maxLength']} characters"
    words = {"object": "object, below", "boolean": "true or false", "integer": "whole number", "number": "number"}[kind]
    return words if low is None else f"{words}, {low} to {high}"


def _resolved(row: dict[str, Any]) -> dict[str, Any]:
    """With what it refers to; words and default of its own win."""
    name = re.sub("^#/[$]defs/", "", row.get("$ref", ""))
    return {**config_file.schema()["$defs"][name], **row} if name else row
