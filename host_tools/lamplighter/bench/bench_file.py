"""The lampposts of a bench: from --node, or from a TOML file that is checked whole before a test runs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import hosts
from ..boards import board_file
from ..contract.sentences import nearest
from ..device import ports
from ..device.check_rows import Limits
from ..documents import toml_source
from ..problems import BenchInvalid, Problem
from . import wiring
from .wiring import Wiring

VIRTUAL = "virtual"
BOARD = "lamppost-esp32"


@dataclass(frozen=True)
class Place:
    """One lamppost of the bench."""

    name: str
    port: str = VIRTUAL
    board: str = BOARD
    wiring: Wiring = field(default_factory=lambda: Wiring({}))
    power: dict[str, Any] = field(default_factory=dict)
    limits: Limits = field(default_factory=dict)
    broker: tuple[str, int] | None = None  # where a lamppost on a cable finds it
    ssid: str = "lamplighter"
    simulated: bool = False  # behind a network address is a virtual lamppost

    @property
    def virtual(self) -> bool:
        return self.port == VIRTUAL


def named(port: str, board: str = BOARD, broker: str | None = None, ssid: str = "lamplighter") -> Place:
    """The lampposts named by --node. Raises BenchInvalid, or the Problem of a port."""
    known = _board(board)
    if port != VIRTUAL:
        ports.check(port)
    try:
        where = hosts.split(broker, 1883) if broker else None
    except hosts.HostWrong as wrong:
        raise BenchInvalid(f"--broker {wrong}.", "Give HOST:PORT.") from None
    return Place(port.rpartition("/")[2] or port, port, board, wiring.load(None, known), broker=where, ssid=ssid)


def _board(name: str) -> board_file.Board:
    try:
        return board_file.load(name)
    except Problem as trouble:
        raise BenchInvalid(trouble.cause, trouble.remedy, trouble.details) from None


def load(path: Path) -> list[Place]:
    """Every place of the file. Raises BenchInvalid with every fault: keys, boards, wiring, ports that are not there."""
    document = toml_source.load(path, BenchInvalid)
    places: list[Place] = []
    if not document.complaints:
        document.check(json.loads((Path(__file__).parent / "bench.schema.json").read_text(encoding="utf-8")))
        seen: dict[str, int] = {}
        for index, row in document.sound_rows("node"):
            for key in ("name", "port"):
                said = row.get(key, VIRTUAL)
                if said != VIRTUAL and seen.setdefault(f"{key} {said}", index) != index:
                    document.complain(("node", index, key), f"{said} appears twice", "give each its own")
            places.append(_place(document, index, row, path.parent))
    document.refuse(BenchInvalid)
    return places


def _place(document: toml_source.TomlDocument, index: int, row: dict[str, Any], folder: Path) -> Place:
    """As far as it is sound; the rest is complained of."""
    place, port, name = ("node", index), row.get("port", VIRTUAL), row.get("board", BOARD)
    if port != VIRTUAL:
        _check_port(document, (*place, "port"), port)
    power = row.get("power", {})
    if power.get("kind") == "relay":
        for key in sorted({"on", "off"} - set(power)):
            document.complain((*place, "power", key), "a relay needs an address", f"add {key}")
    wired = Wiring({})
    if name not in board_file.names():
        cause = f"there is no board {name}"
        document.complain((*place, "board"), cause, nearest(name, board_file.names()))
    else:
        try:
            wired = wiring.load(folder / row["wiring"] if "wiring" in row else None, board_file.load(name))
        except BenchInvalid as trouble:
            for line in trouble.details or [trouble.cause]:
                document.complain((*place, "wiring"), line.rstrip("."), "correct that file")
    limits = {key: (low, high) for key, (low, high) in row.get("limits", {}).items()}
    data = document.data
    ssid = data.get("ssid", "lamplighter")
    simulated = row.get("simulated", False)
    return Place(row["name"], port, name, wired, power, limits, _broker(document), ssid, simulated)


def _broker(document: toml_source.TomlDocument) -> tuple[str, int] | None:
    if "broker" not in document.data or not document.sound("broker"):
        return None
    try:
        return hosts.split(document.data["broker"], 1883)
    except hosts.HostWrong as wrong:
        cause, _, remedy = str(wrong).partition("; ")
        document.complain(("broker",), cause, remedy or "give HOST:PORT")
        return None


def _check_port(document: toml_source.TomlDocument, path: toml_source.Path, port: str) -> None:
    try:
        ports.check(port)
    except Problem as trouble:
        document.complain(path, trouble.cause.rstrip("."), trouble.remedy[:1].lower() + trouble.remedy[1:].rstrip("."))
