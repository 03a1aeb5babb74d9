"""Boards: what boards/<name>/board.toml says, refused with all its faults at once when it cannot work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import partitions as table
from . import toml_document
from .chips import CHIPS, Chip
from .firmware import folder as product_folder
from .partitions import Partition
from .problems import BoardInvalid
from .toml_document import TomlDocument

INPUT_PINS = ("presence", "tamper", "daylight")
PART_BUSES = {"pzem004t": "uart", "tfmini": "uart", "sps30": "uart", "bme280": "i2c"}


@dataclass(frozen=True)
class MicroPython:
    """Which official image the board takes, and where it is to be had."""

    board: str
    pattern: str
    file: str
    versions: tuple[str, str]
    page: str
    address: str
    ota: bool

    def supports(self, version: tuple[int, ...]) -> bool:
        """True for (major, minor) of a release that the firmware is tested with."""
        first, last = (tuple(int(step) for step in text.split(".")) for text in self.versions)
        return first <= version <= last


@dataclass(frozen=True)
class Fitted:
    id: str
    part: str
    bus: str
    address: int | None = None

    def document(self) -> dict[str, Any]:
        """As in /config.json: without an address where the part has none."""
        row = {"id": self.id, "part": self.part, "bus": self.bus}
        return row if self.address is None else {**row, "address": self.address}


@dataclass(frozen=True)
class Board:
    name: str
    title: str
    chip: str
    flash_size: int
    reset: str  # dtr-rts, usb-jtag or none
    micropython: MicroPython
    partitions: tuple[Partition, ...]
    buses: dict[str, dict[str, Any]]
    pins: dict[str, int]
    fitted: tuple[Fitted, ...]
    warnings: tuple[str, ...] = ()

    @property
    def silicon(self) -> Chip:
        return CHIPS[self.chip]

    def partition(self, name: str) -> Partition:
        return next(row for row in self.partitions if row.name == name)

    @property
    def app_slot(self) -> Partition:
        """Where MicroPython goes: the first app partition."""
        return next(row for row in self.partitions if row.app)

    def node_document(self) -> dict[str, Any]:
        """/board.json: what the node itself needs to know."""
        return {
            "board": self.name,
            "chip": self.chip,
            "buses": self.buses,
            "pins": self.pins,
            "fitted": [part.document() for part in self.fitted],
        }


def names(folder: Path | None = None) -> list[str]:
    """The boards that there are."""
    return sorted(path.parent.name for path in (folder or product_folder("boards")).glob("*/board.toml"))


def load(name: str, folder: Path | None = None) -> Board:
    """Read and check a board. Raises BoardInvalid with every fault in its details."""
    folder = folder or product_folder("boards")
    path = folder / name / "board.toml"
    shown = f"boards/{name}/board.toml"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        remedy = f"{toml_document.nearest(name, names(folder))}"
        raise BoardInvalid(f"There is no board {name!r}.", f"{remedy[0].upper()}{remedy[1:]}") from None
    document = toml_document.read(text, shown)
    warnings: list[str] = []
    if not document.complaints:
        document.check(_schema())
        warnings = _check(document, name)
    if document.complaints:
        count = len(document.complaints)
        raise BoardInvalid(f"{shown} has {count} fault{'s' if count > 1 else ''}.", details=document.details)
    return _board(document.data, warnings)


def _schema() -> dict[str, Any]:
    return json.loads((Path(__file__).parent / "board.schema.json").read_text(encoding="utf-8"))


def _board(data: dict[str, Any], warnings: list[str]) -> Board:
    official = data["micropython"]
    return Board(
        name=data["name"],
        title=data["title"],
        chip=data["chip"],
        flash_size=_megabytes(data["flash_size"]),
        reset=data["reset"],
        micropython=MicroPython(**{**official, "versions": tuple(official["versions"])}),
        partitions=tuple(_partition(row) for row in data["partitions"]),
        buses=data["buses"],
        pins=data["pins"],
        fitted=tuple(Fitted(**row) for row in data.get("fitted", [])),
        warnings=tuple(warnings),
    )


def _megabytes(text: str) -> int:
    return int(text.removesuffix("MB")) << 20


def _partition(row: dict[str, Any]) -> Partition:
    subtype = table.SUBTYPES[row["type"]].get(row["subtype"], 0xFF)
    return Partition(row["name"], table.TYPES[row["type"]], subtype, row["offset"], row["size"])


def _check(document: TomlDocument, name: str) -> list[str]:
    """Complain of what the schema cannot see, in all that it found sound. Returns warnings about pins."""
    data = document.data
    if document.sound("name") and data["name"] != name:
        document.complain(("name",), f"the folder is named {name}", f"write {name}")
    if document.sound("flash_size"):
        _check_partitions(document, _megabytes(data["flash_size"]))
    _check_fitted(document)
    if not document.sound("chip"):
        return []
    _check_buses(document, CHIPS[data["chip"]])
    return _check_pins(document, CHIPS[data["chip"]])


def _check_partitions(document: TomlDocument, flash_size: int) -> None:
    rows = document.sound_rows("partitions")
    for index, row in rows:
        subtypes = table.SUBTYPES[row["type"]]
        if row["subtype"] not in subtypes:
            document.complain(
                ("partitions", index, "subtype"),
                f"{row['subtype']} is no subtype of {row['type']}",
                f"use one of {', '.join(subtypes)}",
            )
    partitions = [_partition(row) for _, row in rows]
    for index, key, cause, remedy in table.faults(partitions, flash_size, whole=document.sound("partitions")):
        place = ("partitions", key) if index is None else ("partitions", rows[index][0], key)
        document.complain(place, cause, remedy)
    wants_slots = document.sound("micropython") and document.data["micropython"]["ota"]
    if wants_slots and document.sound("partitions") and not any(row.ota for row in partitions):
        document.complain(
            ("micropython", "ota"), "the table has no over-the-air slots", "add ota_0 and ota_1, or say false"
        )


def _pin_uses(document: TomlDocument) -> Iterator[tuple[toml_document.Path, int, bool]]:
    """Every use of a pin: its key, the pin, whether the chip drives it."""
    for name, bus in document.sound_items("buses").items():
        for key in ("tx", "rx", "scl", "sda"):
            if key in bus:
                yield ("buses", name, key), bus[key], key != "rx"
    for name, pin in document.sound_items("pins").items():
        yield ("pins", name), pin, name not in INPUT_PINS


def _check_pins(document: TomlDocument, chip: Chip) -> list[str]:
    uses = list(_pin_uses(document))
    free = sorted(chip.pins - set(chip.taken) - set(chip.delicate) - {pin for _, pin, _ in uses})
    warnings, first = [], {}
    for path, pin, driven in uses:
        choice = [other for other in free if not driven or other not in chip.input_only]
        remedy = "use a free pin: " + ", ".join(map(str, choice)) if choice else "no pin is free: leave something out"
        if pin not in chip.pins:
            document.complain(path, f"the {chip.title} has no GPIO {pin}", remedy)
            continue
        if pin in chip.taken:
            document.complain(path, f"GPIO {pin} belongs to {chip.taken[pin]}", remedy)
        if driven and pin in chip.input_only:
            document.complain(path, f"GPIO {pin} is input only and this is an output", remedy)
        if pin in first:
            document.complain(path, f"GPIO {pin} is used by {toml_document.dotted(first[pin])} already", remedy)
        first.setdefault(pin, path)
        if pin in chip.delicate and str(pin) not in document.sound_items("accepted"):
            warnings.append(f"{document.shown}: {toml_document.dotted(path)}: GPIO {pin}: {chip.delicate[pin]}")
    return warnings


def _check_buses(document: TomlDocument, chip: Chip) -> None:
    for name, bus in document.sound_items("buses").items():
        kind = bus["kind"]
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
                    (*place, "bus"), f"there is no bus {row['bus']}", toml_document.nearest(row["bus"], buses)
                )
            continue
        wanted, kind = PART_BUSES[row["part"]], buses[row["bus"]]["kind"]
        if wanted != kind:
            fitting = [name for name, bus in buses.items() if bus["kind"] == wanted]
            document.complain(
                (*place, "bus"),
                f"{row['part']} needs {wanted}, {row['bus']} is {kind}",
                f"use {' or '.join(fitting) or 'a bus of that kind'}",
            )
        # several Modbus meters and several I2C parts may share a bus; everything else talks alone
        shares = kind == "i2c" or row["part"] == "pzem004t"
        for key in (("id", row["id"]), (row["bus"], row.get("address") if shares else None)):
            if key in seen:
                document.complain((*place, key[0] if key[0] == "id" else "bus"),
                                  f"{seen[key]} has the same {'id' if key[0] == 'id' else 'place on the bus'}",
                                  "give each its own")  # fmt: skip
            seen.setdefault(key, f"fitted[{index}] ({row['id']})")
