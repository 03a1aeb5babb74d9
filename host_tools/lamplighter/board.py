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

    def supports(self, version: tuple[int, int]) -> bool:
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
    if not document.details:
        document.check(_schema())
    board = None if document.details else _board(document, name)
    if board is None or document.details:
        count = len(document.details)
        raise BoardInvalid(
            f"{shown} has {count} fault{'s' if count > 1 else ''}.", details=list(document.details)
        )
    return board


def _schema() -> dict[str, Any]:
    return json.loads((Path(__file__).parent / "board.schema.json").read_text(encoding="utf-8"))


def _board(document: TomlDocument, name: str) -> Board:
    data = document.data
    chip = CHIPS[data["chip"]]
    if data["name"] != name:
        document.complain(("name",), f"the folder is named {name}", f"write {name}")
    flash_size = int(data["flash_size"].removesuffix("MB")) << 20
    rows = _partitions(document, flash_size)
    warnings = _check_pins(document, chip)
    _check_buses(document, chip)
    _check_fitted(document)
    official = data["micropython"]
    if official["ota"] and not any(row.ota for row in rows):
        document.complain(
            ("micropython", "ota"), "the table has no over-the-air slots", "add ota_0 and ota_1, or say false"
        )
    return Board(
        name=name,
        title=data["title"],
        chip=chip.name,
        flash_size=flash_size,
        reset=data["reset"],
        micropython=MicroPython(**{**official, "versions": tuple(official["versions"])}),
        partitions=tuple(rows),
        buses=data["buses"],
        pins=data["pins"],
        fitted=tuple(Fitted(**row) for row in data.get("fitted", [])),
        warnings=tuple(warnings),
    )


def _partitions(document: TomlDocument, flash_size: int) -> list[Partition]:
    rows = []
    for index, row in enumerate(document.data["partitions"]):
        subtypes = table.SUBTYPES[row["type"]]
        if row["subtype"] not in subtypes:
            document.complain(
                ("partitions", index, "subtype"),
                f"{row['subtype']} is no subtype of {row['type']}",
                f"use one of {', '.join(subtypes)}",
            )
        rows.append(
            Partition(
                row["name"], table.TYPES[row["type"]], subtypes.get(row["subtype"], 0xFF), row["offset"], row["size"]
            )
        )
    for index, key, cause, remedy in table.complaints(rows, flash_size):
        place = ("partitions", key) if index is None else ("partitions", index, key)
        document.complain(place, cause, remedy)
    return rows


def _pin_uses(data: dict[str, Any]) -> Iterator[tuple[toml_document.Path, int, bool]]:
    """Every use of a pin: its key, the pin, whether the chip drives it."""
    for name, bus in data["buses"].items():
        for key in ("tx", "rx", "scl", "sda"):
            if key in bus:
                yield ("buses", name, key), bus[key], key != "rx"
    for name, pin in data["pins"].items():
        yield ("pins", name), pin, name not in INPUT_PINS


def _check_pins(document: TomlDocument, chip: Chip) -> list[str]:
    uses = list(_pin_uses(document.data))
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
        if pin in chip.delicate and str(pin) not in document.data.get("accepted", {}):
            warnings.append(f"{document.shown}: {toml_document.dotted(path)}: GPIO {pin}: {chip.delicate[pin]}")
    return warnings


def _check_buses(document: TomlDocument, chip: Chip) -> None:
    for name, bus in document.data["buses"].items():
        kind = bus["kind"]
        numbers = chip.uarts if kind == "uart" else chip.i2cs
        if bus[kind] not in numbers:
            document.complain(
                ("buses", name, kind),
                f"the {chip.title} has no free {kind.upper()} {bus[kind]}",
                f"use {' or '.join(map(str, numbers))}",
            )
    owners: dict[int, str] = {}
    for name, bus in document.data["buses"].items():
        if bus["kind"] == "i2c" and owners.setdefault(bus["i2c"], name) != name:
            document.complain(
                ("buses", name, "i2c"),
                f"I2C {bus['i2c']} is the bus {owners[bus['i2c']]} already",
                "put the parts on one bus, or use the other I2C",
            )


def _check_fitted(document: TomlDocument) -> None:
    buses = document.data["buses"]
    seen: dict[Any, str] = {}
    for index, row in enumerate(document.data.get("fitted", [])):
        place = ("fitted", index)
        if row["bus"] not in buses:
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
