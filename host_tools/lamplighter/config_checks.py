"""What a JSON Schema cannot say of a configuration: that its parts, buses, addresses and bays fit each other."""

from __future__ import annotations

import difflib
from typing import Any

from .board_rules import ALSO_ON, goes_on

Error = tuple[tuple, str]


def errors(doc: dict[str, Any], board: dict[str, Any] | None, known: dict[str, Any]) -> list[Error]:
    """(path, cause) of each misfit in a document that keeps to the schema. `known`: the schema's x-parts."""
    parts = doc.get("parts", [])
    found = _twice(parts, "parts", "id") + _twice(doc.get("parking", []), "parking", "bay")
    misfits = _buses(parts, board, known)
    # a part on a wrong bus is one error, not a second one with whoever is on that bus rightly
    misplaced = {path[1] for path, _ in misfits}
    found += misfits + _addresses(parts, known) + _options(parts, known) + _crowded(parts, known, misplaced)
    kinds: dict[str, str] = {}
    for part in parts:
        kinds.setdefault(part["id"], known[part["part"]]["measures"])
    if "energy" in doc:
        found += _measures(("energy", "part"), doc["energy"]["part"], kinds, "energy")
    for index, bay in enumerate(doc.get("parking", [])):
        found += _measures(("parking", index, "part"), bay["part"], kinds, "distance")
    for index, part in enumerate(doc.get("air", {}).get("parts", [])):
        found += _measures(("air", "parts", index), part, kinds, "air")
    return found + _shared_eye(doc.get("parking", [])) + _windows(doc)


def _twice(rows: list[dict[str, Any]], section: str, key: str) -> list[Error]:
    seen: dict[str, int] = {}
    found: list[Error] = []
    for index, row in enumerate(rows):
        if row[key] in seen:
            found.append(((section, index, key), f"{row[key]} is the {key} of {section}[{seen[row[key]]}] already"))
        seen.setdefault(row[key], index)
    return found


def _buses(parts: list[dict[str, Any]], board: dict[str, Any] | None, known: dict[str, Any]) -> list[Error]:
    if board is None:
        return []
    found: list[Error] = []
    for index, part in enumerate(parts):
        bus, kind = board["buses"].get(part["bus"]), known[part["part"]]["kind"]
        if bus is None:
            fitting = [name for name, row in board["buses"].items() if goes_on(part["part"], kind, row["kind"])]
            near = difflib.get_close_matches(part["bus"], fitting, 1)
            hint = f"did you mean {near[0]}?" if near else f"{kind} buses are {', '.join(fitting) or 'none'}"
            found.append((("parts", index, "bus"), f"{board['board']} has no bus {part['bus']}; {hint}"))
        elif not goes_on(part["part"], kind, bus["kind"]):
            found.append((("parts", index, "bus"), f"{part['part']} needs {kind}; {part['bus']} is {bus['kind']}"))
    return found


def _addresses(parts: list[dict[str, Any]], known: dict[str, Any]) -> list[Error]:
    found: list[Error] = []
    for index, part in enumerate(parts):
        allowed = known[part["part"]].get("addresses")
        if "address" not in part:
            continue
        if allowed is None:
            found.append((("parts", index, "address"), f"{part['part']} has no address; leave it out"))
        elif not allowed[0] <= part["address"] <= allowed[1]:
            found.append(
                (
                    ("parts", index, "address"),
                    f"must be {allowed[0]} to {allowed[1]} for {part['part']}, not {part['address']}",
                )
            )
    return found


def _options(parts: list[dict[str, Any]], known: dict[str, Any]) -> list[Error]:
    """What only some parts understand."""
    return [
        (("parts", index, key), f"{part['part']} has no {key}; leave it out")
        for index, part in enumerate(parts)
        for key in part
        if key not in ("id", "part", "bus", "address", *known[part["part"]].get("options", ()))
    ]


def _crowded(parts: list[dict[str, Any]], known: dict[str, Any], misplaced: set[Any]) -> list[Error]:
    """Several parts on one bus: only of a kind that has addresses, and each its own."""
    found: list[Error] = []
    for index, part in enumerate(parts):
        for before, other in enumerate(parts[:index]):
            if other["bus"] != part["bus"] or {index, before} & misplaced:
                continue
            here, there = known[part["part"]], known[other["part"]]
            alike = goes_on(part["part"], here["kind"], there["kind"]) or here["kind"] == ALSO_ON.get(other["part"])
            both_shared = here.get("shares") and there.get("shares") and alike
            if not both_shared:
                found.append((("parts", index, "bus"), f"{part['bus']} carries {other['id']} already"))
                break
            address = part.get("address", here["address"])
            if address == other.get("address", there["address"]):
                key = "address" if "address" in part else "bus"
                found.append(
                    (("parts", index, key), f"{other['id']} has the address {address} on {part['bus']} already")
                )
                break
    return found


def _measures(path: tuple, name: str, kinds: dict[str, str], wanted: str) -> list[Error]:
    if name not in kinds:
        near = difflib.get_close_matches(name, kinds, 1)
        hint = f"did you mean {near[0]}?" if near else f"parts are {', '.join(kinds) or 'none'}"
        return [(path, f"no part has the id {name}; {hint}")]
    if kinds[name] != wanted:
        return [(path, f"{name} measures {kinds[name]}, not {wanted}")]
    return []


def _shared_eye(parking: list[dict[str, Any]]) -> list[Error]:
    seen: dict[str, str] = {}
    found: list[Error] = []
    for index, row in enumerate(parking):
        if row["part"] in seen:
            found.append((("parking", index, "part"), f"{row['part']} watches bay {seen[row['part']]} already"))
        seen.setdefault(row["part"], row["bay"])
    return found


def _windows(doc: dict[str, Any]) -> list[Error]:
    """Windows are aligned to UTC: they divide the day, and hold at least one reading."""
    found: list[Error] = []
    for section in ("energy", "air"):
        window = doc.get(section, {}).get("window_s")
        if window is None:
            continue
        if 86400 % window:
            near = min((n for n in range(1, 86401) if 86400 % n == 0), key=lambda n: abs(n - window))
            found.append(((section, "window_s"), f"{window} s do not divide a day; use {near}"))
        if doc[section].get("every_ms", 0) > window * 1000:
            found.append(((section, "every_ms"), f"no reading falls into a window of {window} s; make it smaller"))
    return found
