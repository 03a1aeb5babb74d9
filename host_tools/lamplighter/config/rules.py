"""Checks a configuration beyond its schema: parts, buses, addresses and bays must fit each other."""

from __future__ import annotations

import difflib
from typing import Any

from .. import paths
from ..parts import catalogue
from . import air_rules, parking_rules

Error = tuple[tuple, str]


def errors(doc: dict[str, Any], board: dict[str, Any] | None) -> list[Error]:
    """(path, cause) of each misfit in a document that keeps to the schema."""
    parts = doc.get("parts", [])
    buses = {name: row["kind"] for name, row in board["buses"].items()} if board else {}
    found = _twice(parts, "parts", "id") + _twice(doc.get("parking", []), "parking", "bay")
    misfits = _misplaced(parts, board["board"], buses) if board else []
    # a part on a wrong bus is one error, not a second one with whoever is on that bus rightly
    found += misfits + _crowded(parts, buses, {path[1] for path, _ in misfits})
    senses = {part["id"]: senses_of(part["part"]) for part in reversed(parts)}
    if "energy" in doc:
        found += _measures(("energy", "part"), doc["energy"]["part"], senses, "energy")
    found += parking_rules.errors(doc.get("parking", []), senses, _measures)
    for index, part in enumerate(doc.get("air", {}).get("parts", [])):
        found += _measures(("air", "parts", index), part, senses, "air")
    for section, wanted in (("light", "light"), ("pole", "tilt")):
        if section in doc:
            found += _measures((section, "part"), doc[section]["part"], senses, wanted)
    for index, part in enumerate(doc.get("lamp", {}).get("presence", {}).get("parts", [])):
        found += _measures(("lamp", "presence", "parts", index), part, senses, "presence")
    if "air" in doc and not found:
        found += air_rules.errors(doc["air"], parts)
    if "light" in doc and "day_lux" in doc["light"] and doc["light"]["day_lux"] <= doc["light"].get("night_lux", 20):
        found.append((("light", "day_lux"), "must be more than night_lux, or the lamp would flicker at dusk"))
    return found + _windows(doc) + _lamp(doc, board)


def senses_of(part_id: str) -> str:
    """In a word, what a part measures."""
    part = catalogue.get(part_id)
    if part.kind == "parking":
        marks = {"d_mm": "distance", "mag_x_ut": "magnetic field", "presence": "presence"}
        return next(word for name, word in marks.items() if name in part.measures)
    return {"pole": "tilt", "clock": "time"}.get(part.kind, part.kind)


def _twice(rows: list[dict[str, Any]], section: str, key: str) -> list[Error]:
    seen: dict[str, int] = {}
    found: list[Error] = []
    for index, row in enumerate(rows):
        if row[key] in seen:
            found.append(((section, index, key), f"{row[key]} is the {key} of {section}[{seen[row[key]]}] already"))
        seen.setdefault(row[key], index)
    return found


def _misplaced(parts: list[dict[str, Any]], name: str, buses: dict[str, str]) -> list[Error]:
    """Parts on buses that the board does not have, or that they do not fit."""
    found: list[Error] = []
    for index, row in enumerate(parts):
        part, kind = catalogue.get(row["part"]), buses.get(row["bus"])
        if kind is None:
            fitting = [other for other in buses if part.goes_on(buses[other])]
            near = difflib.get_close_matches(row["bus"], fitting, 1)
            hint = f"did you mean {near[0]}?" if near else f"{part.buses} buses are {', '.join(fitting) or 'none'}"
            found.append((("parts", index, "bus"), f"{name} has no bus {row['bus']}; {hint}"))
        elif not part.goes_on(kind):
            found.append((("parts", index, "bus"), f"{part.id} needs {part.buses}; {row['bus']} is {kind}"))
    return found


def _crowded(parts: list[dict[str, Any]], buses: dict[str, str], misplaced: set[Any]) -> list[Error]:
    """Several parts on one bus: only where each can be called by an address, and each its own."""
    found: list[Error] = []
    for index, row in enumerate(parts):
        for before, other in enumerate(parts[:index]):
            if other["bus"] != row["bus"] or {index, before} & misplaced:
                continue
            if not _together(row, other, buses.get(row["bus"])):
                found.append((("parts", index, "bus"), f"{row['bus']} carries {other['id']} already"))
                break
            address = row.get("address", catalogue.get(row["part"]).address)
            if address == other.get("address", catalogue.get(other["part"]).address):
                key = "address" if "address" in row else "bus"
                says = f"{other['id']} has the address {address} on {row['bus']} already"
                found.append((("parts", index, key), says + _free(row["part"], address)))
                break
    return found


def _together(row: dict[str, Any], other: dict[str, Any], kind: str | None) -> bool:
    """True if both can be on one bus of that kind; None: not known, any on which both go."""
    here, there = catalogue.get(row["part"]), catalogue.get(other["part"])
    kinds = [kind] if kind else [bus for bus in catalogue.BUSES if here.goes_on(bus) and there.goes_on(bus)]
    return any(bus != "uart" or (here.shares and here is there) for bus in kinds)


def _free(part_id: str, taken: int) -> str:
    """The way out: another address, where the part can have one."""
    option = catalogue.get(part_id).option("address")
    assert option
    choices = [n for n in option.get("enum", range(option["minimum"], option["maximum"] + 1)) if n != taken]
    if not choices:
        return f"; a {part_id} has no other, put it on another bus"
    return f"; {part_id} can have {', '.join(map(str, choices[:3]))}{' and more' if len(choices) > 3 else ''}"


def _measures(path: tuple, name: str, senses: dict[str, str], wanted: str) -> list[Error]:
    if name not in senses:
        near = difflib.get_close_matches(name, senses, 1)
        hint = f"did you mean {near[0]}?" if near else f"parts are {', '.join(senses) or 'none'}"
        return [(path, f"no part has the id {name}; {hint}")]
    if senses[name] != wanted:
        return [(path, f"{name} measures {senses[name]}, not {wanted}")]
    return []


def _lamp(doc: dict[str, Any], board: dict[str, Any] | None) -> list[Error]:
    """What the node's own rules say of the section `lamp`."""
    paths.importable()
    from lamppost.lamp import rules as lamp_rules

    board = board or {}
    return lamp_rules.faults(doc, board.get("pins", {} if board else None), board.get("buses", {} if board else None))


def _windows(doc: dict[str, Any]) -> list[Error]:
    """Windows are aligned to UTC: they divide the day, and hold at least one reading."""
    found: list[Error] = []
    for section in ("energy", "air", "light"):
        window = doc.get(section, {}).get("window_s")
        if window is None:
            continue
        if 86400 % window:
            near = min((n for n in range(1, 86401) if 86400 % n == 0), key=lambda n: abs(n - window))
            found.append(((section, "window_s"), f"{window} s do not divide a day; use {near}"))
        if doc[section].get("every_ms", 0) > window * 1000:
            found.append(((section, "every_ms"), f"no reading fits into a window of {window} s; make it smaller"))
    return found
