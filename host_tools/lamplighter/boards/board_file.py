"""Boards: what boards/<name>/board.toml says, refused with all its faults at once when it cannot work."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..contract.sentences import nearest
from ..documents import toml_source
from ..parts import catalogue
from ..paths import folder as product_folder
from ..problems import BoardInvalid
from . import board_rules
from .chips import CHIPS, Chip
from .partitions import Partition


@dataclass(frozen=True)
class MicroPython:
    """The official image for the board, and its download page."""

    board: str
    pattern: str
    file: str
    versions: tuple[str, str]
    page: str
    address: str
    machine: str  # how the image names its board and variant

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
    options: dict[str, Any] = field(default_factory=dict)  # of its part, as the catalogue has them

    def document(self) -> dict[str, Any]:
        """As in /config.json: without an address where the part has none."""
        row = {"id": self.id, "part": self.part, "bus": self.bus}
        return {**row, **({} if self.address is None else {"address": self.address}), **self.options}


@dataclass(frozen=True)
class Board:
    name: str
    title: str
    chip: str
    flash_size: int
    psram: str  # quad or octal
    psram_size: int  # bytes of it that MicroPython can use
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
    def pins_in_use(self) -> dict[int, str]:
        """Pin: what uses it on this module, flash and PSRAM among it."""
        return self.silicon.pins_in_use(self.psram)

    @property
    def app_slot(self) -> Partition:
        """The partition for MicroPython: the first app partition."""
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
    if name not in names(folder):
        remedy = nearest(name, names(folder))
        raise BoardInvalid(f"There is no board {name!r}.", f"{remedy[0].upper()}{remedy[1:]}")
    document = toml_source.load(folder / name / "board.toml", BoardInvalid, shown=f"boards/{name}/board.toml")
    warnings: list[str] = []
    if not document.complaints:
        document.check(_schema())
        warnings = board_rules.check(document, name)
    document.refuse(BoardInvalid)
    return _board(document.data, warnings)


def _schema() -> dict[str, Any]:
    """The schema of the file, with what the catalogue says of each part."""
    found = json.loads((Path(__file__).parent / "board.schema.json").read_text(encoding="utf-8"))
    row = found["properties"]["fitted"]["items"]
    row["properties"]["part"] = {"enum": catalogue.ids(), "description": "one of `lamplighter parts`"}
    row["allOf"] = catalogue.row_schema()["allOf"]
    return found


def _fitted(row: dict[str, Any]) -> Fitted:
    options = {key: value for key, value in row.items() if key not in ("id", "part", "bus", "address")}
    return Fitted(row["id"], row["part"], row["bus"], row.get("address"), options)


def _board(data: dict[str, Any], warnings: list[str]) -> Board:
    official = data["micropython"]
    return Board(
        name=data["name"],
        title=data["title"],
        chip=data["chip"],
        flash_size=board_rules.megabytes(data["flash_size"]),
        psram=data["psram"],
        psram_size=board_rules.megabytes(data["psram_size"]),
        reset=data["reset"],
        micropython=MicroPython(**{**official, "versions": tuple(official["versions"])}),
        partitions=tuple(board_rules.partition(row) for row in data["partitions"]),
        buses=data["buses"],
        pins=data["pins"],
        fitted=tuple(_fitted(row) for row in data.get("fitted", [])),
        warnings=tuple(warnings),
    )
