"""Checks `air` of a configuration beyond its schema: cells and calibrations must fit the parts."""

from __future__ import annotations

import difflib
from typing import Any

from ..parts import catalogue

Error = tuple[tuple, str]


def errors(air: dict[str, Any], parts: list[dict[str, Any]]) -> list[Error]:
    """(path, cause) of each misfit; the ids in `air.parts` are those of parts that measure air."""
    rows = {row["id"]: row for row in parts}
    found = _cells(air, rows)
    for index, row in enumerate(air.get("calibration", [])):
        path = ("air", "calibration", index)
        if row["part"] not in air["parts"]:
            found.append(((*path, "part"), _unknown(row["part"], air["parts"])))
            continue
        cells = [cell for cell in air.get("cells", []) if cell["part"] == row["part"]]
        measured = [cell["gas"] for cell in cells] or list(catalogue.get(rows[row["part"]]["part"]).measures)
        if row["quantity"] not in measured:
            found.append(((*path, "quantity"), f"{row['part']} does not measure it; it measures {', '.join(measured)}"))
            continue
        serials = [cell["id"] for cell in cells if cell["gas"] == row["quantity"]]
        found += _serial(path, row, serials[0] if serials else rows[row["part"]].get("serial"))
    if "kappa" in air and "humidity" not in air:
        found.append((("air", "kappa"), "has no effect without humidity; add humidity, or leave kappa out"))
    return found + _twice(air.get("calibration", []), "calibration", "quantity")


def _serial(path: tuple, row: dict[str, Any], fitted: str | None) -> list[Error]:
    """A calibration is of one sensor: another one in its place is measured wrongly by it."""
    if "serial" not in row or row["serial"] == fitted:
        return []
    here = f"{row['part']} is {fitted}" if fitted else f"{row['part']} has no serial in `parts`"
    cause = f"this calibration is for the sensor {row['serial']}, and {here}; calibrate this one, or refit the other"
    return [((*path, "serial"), cause)]


def _cells(air: dict[str, Any], rows: dict[str, dict[str, Any]]) -> list[Error]:
    found: list[Error] = []
    cells = air.get("cells", [])
    for index, cell in enumerate(cells):
        path = ("air", "cells", index)
        if cell["part"] not in air["parts"]:
            found.append(((*path, "part"), _unknown(cell["part"], air["parts"])))
        elif rows[cell["part"]]["part"] != "ads1115":
            other = rows[cell["part"]]["part"]
            found.append(((*path, "part"), f"cells are at an ads1115; {cell['part']} is a {other}"))
        if cell["we"] == cell["ae"]:
            found.append(((*path, "ae"), f"both electrodes are at input {cell['we']}; each has its own"))
        if cell["gas"] == "o3" and "no2" not in [other["gas"] for other in cells]:
            found.append(((*path, "gas"), "an OX sensor also responds to NO2; add a cell for no2"))
    bare = [part for part in air["parts"] if rows[part]["part"] == "ads1115" and part not in [c["part"] for c in cells]]
    for part in bare:
        path = ("air", "parts", air["parts"].index(part))
        found.append((path, f"{part} gives voltages only; say in air.cells which sensors are at its inputs"))
    return found + _twice(cells, "cells", "gas")


def _twice(rows: list[dict[str, Any]], section: str, key: str) -> list[Error]:
    found: list[Error] = []
    for index, row in enumerate(rows):
        for before, other in enumerate(rows[:index]):
            if (row["part"], row[key]) == (other["part"], other[key]):
                found.append((("air", section, index, key), f"{row[key]} is in air.{section}[{before}] already"))
    return found


def _unknown(name: str, parts: list[str]) -> str:
    near = difflib.get_close_matches(name, parts, 1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(parts)}"
    return f"{name} is not among air.parts; {hint}"
