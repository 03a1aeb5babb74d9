"""Checks a board file beyond its schema: pins, buses, partitions and fitted parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..contract.sentences import dotted, nearest
from ..documents import toml_source
from ..documents.toml_source import TomlDocument
from ..parts import catalogue
from .chips import CHIPS, Chip
from .partitions import SUBTYPES, TYPES, Partition
from .partitions import faults as partition_faults

INPUT_PINS = ("presence", "tamper", "daylight")


def hardware(bus: dict[str, Any]) -> str:
    """The chip's peripheral behind a bus: uart or i2c, which is also the key of its number, or rmt of DALI."""
    return {"i2c": "i2c", "dali": "rmt"}.get(bus["kind"], "uart")


def megabytes(text: str) -> int:
    """4MB as bytes."""
    return int(text.removesuffix("MB")) << 20


def partition(row: dict[str, Any]) -> Partition:
    """A row of the file as a row of the table."""
    subtype = SUBTYPES[row["type"]].get(row["subtype"], 0xFF)
    return Partition(row["name"], TYPES[row["type"]], subtype, row["offset"], row["size"])


def check(document: TomlDocument, name: str) -> list[str]:
    """Complain of what the schema cannot see, in all that it found sound. Returns warnings about pins."""
    data = document.data
    if document.sound("name") and data["name"] != name:
        document.complain(("name",), f"the folder is named {name}", f"write {name}")
    if document.sound("flash_size"):
        _check_partitions(document, megabytes(data["flash_size"]))
    _check_fitted(document)
    if not document.sound("chip"):
        return []
    chip = CHIPS[data["chip"]]
    _check_buses(document, chip)
    if document.sound("psram"):
        _check_psram(document, chip)
    return _check_pins(document, chip, chip.pins_in_use(data["psram"] if document.sound("psram") else ""))


def _check_partitions(document: TomlDocument, flash_size: int) -> None:
    rows = document.sound_rows("partitions")
    for index, row in rows:
        subtypes = SUBTYPES[row["type"]]
        if row["subtype"] not in subtypes:
            document.complain(
                ("partitions", index, "subtype"),
                f"{row['subtype']} is not a subtype of {row['type']}",
                f"use one of {', '.join(subtypes)}",
            )
    partitions = [partition(row) for _, row in rows]
    for index, key, cause, remedy in partition_faults(partitions, flash_size, whole=document.sound("partitions")):
        place = ("partitions", key) if index is None else ("partitions", rows[index][0], key)
        document.complain(place, cause, remedy)


def _check_psram(document: TomlDocument, chip: Chip) -> None:
    psram = document.data["psram"]
    if psram not in chip.psram:
        document.complain(("psram",), f"the {chip.title} has no {psram} PSRAM", f"write {' or '.join(chip.psram)}")


def _pin_uses(document: TomlDocument) -> Iterator[tuple[toml_source.Path, int, bool]]:
    """Every use of a pin: its key, the pin, whether the chip drives it."""
    for name, bus in document.sound_items("buses").items():
        for key in ("tx", "rx", "de", "scl", "sda"):
            if key in bus:
                yield ("buses", name, key), bus[key], key != "rx"
    for name, pin in document.sound_items("pins").items():
        if isinstance(pin, int):  # a name that there is not may stand for anything
            yield ("pins", name), pin, name not in INPUT_PINS


def _check_pins(document: TomlDocument, chip: Chip, in_use: dict[int, str]) -> list[str]:
    uses = list(_pin_uses(document))
    free = sorted(chip.pins - set(in_use) - set(chip.delicate) - {pin for _, pin, _ in uses})
    warnings, first = [], {}
    for path, pin, driven in uses:
        choice = [other for other in free if not driven or other not in chip.input_only]
        remedy = "use a free pin: " + ", ".join(map(str, choice)) if choice else "no pin is free: remove something"
        if pin not in chip.pins:
            document.complain(path, f"the {chip.title} has no GPIO {pin}", remedy)
            continue
        if pin in in_use:
            document.complain(path, f"GPIO {pin} belongs to {in_use[pin]}", remedy)
        if driven and pin in chip.input_only:
            document.complain(path, f"GPIO {pin} is input only and this is an output", remedy)
        if pin in first:
            document.complain(path, f"GPIO {pin} is used by {dotted(first[pin])} already", remedy)
        first.setdefault(pin, path)
        if pin in chip.delicate and str(pin) not in document.sound_items("accepted"):
            warnings.append(f"{document.shown}: {dotted(path)}: GPIO {pin}: {chip.delicate[pin]}")
    return warnings


def _check_buses(document: TomlDocument, chip: Chip) -> None:
    for name, bus in document.sound_items("buses").items():
        kind = hardware(bus)
        if kind == "rmt":
            continue  # MicroPython gives it a free channel
        numbers = chip.uarts if kind == "uart" else chip.i2cs
        if bus[kind] not in numbers:
            document.complain(
                ("buses", name, kind),
                f"the {chip.title} has no free {kind.upper()} {bus[kind]}",
                f"use {' or '.join(map(str, numbers))}",
            )
    owners: dict[int, str] = {}
    for name, bus in document.sound_items("buses").items():
        if bus["kind"] == "i2c" and owners.setdefault(bus["i2c"], name) != name:
            document.complain(
                ("buses", name, "i2c"),
                f"I2C {bus['i2c']} is the bus {owners[bus['i2c']]} already",
                "put the parts on one bus, or use the other I2C",
            )


def _check_fitted(document: TomlDocument) -> None:
    buses = document.sound_items("buses")
    named = document.data.get("buses", {})
    seen: dict[Any, str] = {}
    for index, row in document.sound_rows("fitted"):
        place = ("fitted", index)
        if row["bus"] not in buses:
            if row["bus"] not in named:
                document.complain(
                    (*place, "bus"), f"there is no bus {row['bus']}", nearest(row["bus"], buses)
                )
            continue
        part, kind = catalogue.get(row["part"]), buses[row["bus"]]["kind"]
        if not part.goes_on(kind):
            fitting = [name for name, bus in buses.items() if part.goes_on(bus["kind"])]
            document.complain(
                (*place, "bus"),
                f"{part.id} needs {part.buses}, {row['bus']} is {kind}",
                f"use {' or '.join(fitting) or 'a bus of that kind'}",
            )
        address = row.get("address", part.address) if part.shares_a(kind) else None
        for key in (("id", row["id"]), (row["bus"], address)):
            if key in seen:
                document.complain((*place, key[0] if key[0] == "id" else "bus"),
                                  f"{seen[key]} has the same {'id' if key[0] == 'id' else 'place on the bus'}",
                                  "give each its own")  # fmt: skip
            seen.setdefault(key, f"fitted[{index}] ({row['id']})")
