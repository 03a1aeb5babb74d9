"""Scenarios: what happens around a virtual lamppost, read from TOML and refused with all its faults at once.

`Scenario.world(folder)` is what the virtual lamppost runs on:

{"start": seconds since 2000 UTC or None (now), "wifi": {ssid, password, rssi}, "hosts": {name: [address, port]},
 "luminaire": {"relay": pin, "pwm": pin, "meter": part id, "inverted", "values": {quantity: number}} or None,
 "parts": [{"id", "part", "bus", "options": for Twin(options)}], "events": [{"at_s", "do", ...}] by time}

Events: power_cut, power_on, reset; fault (part, kind, options); values (part, values; None gives a quantity back);
wifi_down, wifi_up; blackhole, refuse, restore; host (name, address, port).
"""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..boards.board_file import Board
from ..contract.sentences import nearest
from ..documents import toml_source
from ..documents.toml_source import TomlDocument
from ..problems import ScenarioInvalid
from . import events, recorded

EPOCH = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
WIFI = {"ssid": "lamplighter", "password": "lamplighter", "rssi": -61}


@dataclass(frozen=True)
class Scenario:
    start: int | None
    wifi: dict[str, Any]
    hosts: dict[str, tuple[str, int]]
    parts: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    luminaire: dict[str, Any] | None = None  # options of parts/luminaire.py, and `meter`: the part that sees its power

    def world(self, folder: Path) -> dict[str, Any]:
        """The dict of the module's docstring; recorded series are written into the folder as compact files."""
        folder.mkdir(parents=True, exist_ok=True)
        parts = []
        for part in self.parts:
            options = {key: value for key, value in part["options"].items() if key != "series"}
            series = []
            for index, each in enumerate(part["options"].get("series", [])):
                target = folder / f"{part['id']}-{index}.series"
                recorded.compact(each["path"], each["columns"], target)
                series.append({
                    "file": str(target), "columns": list(each["columns"]), "step_us": each["step_us"],
                    "offset_us": each["offset_us"], "loop": each["loop"], "smooth": each["smooth"],
                })  # fmt: skip
            parts.append({**part, "options": {**options, "series": series}})
        return {
            "start": self.start,
            "wifi": dict(self.wifi),
            "hosts": {name: list(address) for name, address in self.hosts.items()},
            "parts": parts,
            "events": [dict(event) for event in self.events],
            "luminaire": self.luminaire,
        }


def default(board: Board) -> Scenario:
    """Everything that the board's file says is fitted, in plausible values; nothing happens."""
    return _scenario(TomlDocument("default scenario", {}, {}), board, None)


def load(path: Path | str, board: Board) -> Scenario:
    """Read a file, or one of the scenarios that come along by its name (lisbon, london, milan).

    Raises ScenarioInvalid with every fault in its details.
    """
    path = Path(path)
    packaged = Path(__file__).parent / "scenarios"
    if not path.suffix and (packaged / f"{path}.toml").is_file():
        path = packaged / f"{path}.toml"
    known = ", ".join(sorted(each.stem for each in packaged.glob("*.toml")))
    document = toml_source.load(path, ScenarioInvalid, f"Name a TOML file, or one of {known}.", path.name)
    if not document.complaints:
        document.check(json.loads((Path(__file__).parent / "scenario.schema.json").read_text(encoding="utf-8")))
    scenario = _scenario(document, board, path.parent)
    document.refuse(ScenarioInvalid)
    return scenario


def _scenario(document: TomlDocument, board: Board, beside: Path | None) -> Scenario:
    parts = _parts(document, board, beside)
    hosts = {
        name: events.endpoint(document, ("hosts", name), text) for name, text in document.sound_items("hosts").items()
    }
    luminaire = _luminaire(document, board, parts)
    known = {part["id"]: part["part"] for part in parts}
    return Scenario(
        start=_start(document),
        wifi={**WIFI, **document.sound_items("wifi")},
        hosts=hosts,
        parts=parts,
        events=events.read(document, {**known, "luminaire": "luminaire"} if luminaire else known),
        luminaire=luminaire,
    )


def _luminaire(document: TomlDocument, board: Board, parts: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Options of the luminaire at the board's lamp pins; None where the scenario has none."""
    row = document.sound_items("luminaire")
    if not row:
        return None
    meters = [part["id"] for part in parts if "watts" in events.quantities(part["part"])]
    if row.get("meter") not in meters:
        document.complain(("luminaire", "meter"), f"there is no meter {row.get('meter')}", nearest(
            str(row.get("meter")), meters))  # fmt: skip
    pins = {"relay": board.pins.get("lamp_relay"), "pwm": board.pins.get("lamp_pwm")}
    values = {name: row[name] for name in events.quantities("luminaire") if name in row}
    return {**pins, "meter": row.get("meter"), "inverted": row.get("inverted", False), "values": values}


def _start(document: TomlDocument) -> int | None:
    start = document.data.get("start")
    if start is None:
        return None
    if not isinstance(start, datetime.datetime) or start.tzinfo is None or start < EPOCH:
        document.complain(
            ("start",),
            f"{start} is not a time after 2000 with an offset",
            "write it like 2026-06-01T20:00:00Z, unquoted",
        )
        return None
    return int((start - EPOCH).total_seconds())


def _parts(document: TomlDocument, board: Board, beside: Path | None) -> list[dict[str, Any]]:
    """The fitted parts of the board, with the changes of the scenario."""
    fitted = {part.id: part.document() for part in board.fitted}
    rows: dict[str, dict[str, Any]] = {id: {**row, "options": {}} for id, row in fitted.items()}
    seen = set()
    for index, row in document.sound_rows("parts"):
        path = ("parts", index)
        if row["id"] in seen:
            document.complain((*path, "id"), f"{row['id']} appears twice", "keep one of the two")
        seen.add(row["id"])
        said = {key: row[key] for key in ("part", "bus", "address", "baud") if key in row}
        whole = {**fitted.get(row["id"], {}), **said}
        if "part" not in whole or "bus" not in whole:
            document.complain(
                (*path, "id"),
                f"{row['id']} is not fitted on {board.name}, which has {', '.join(fitted)}",
                "use one of these, or add part and bus",
            )
            continue
        if whole["bus"] not in board.buses:
            document.complain(
                (*path, "bus"),
                f"{board.name} has no bus {whole['bus']}",
                nearest(whole["bus"], board.buses),
            )
            continue
        wanted, kind = events.twin(whole["part"]).BUSES, board.buses[whole["bus"]]["kind"]
        if kind not in wanted:
            fitting = [name for name, bus in board.buses.items() if bus["kind"] in wanted]
            remedy = "use " + " or ".join(fitting) if fitting else f"{board.name} has none: leave the part out"
            document.complain((*path, "bus"), f"{whole['part']} needs {' or '.join(wanted)}", remedy)
        whole["id"] = row["id"]
        options: dict[str, Any] = dict(row.get("options", {}))
        events.check_quantities(document, (*path, "values"), whole["part"], row.get("values", {}))
        if "values" in row:
            options["values"] = row["values"]
        options["series"] = _series(document, path, whole["part"], row.get("series", []), beside)
        rows[row["id"]] = {**whole, "options": options}
        if row.get("absent"):
            del rows[row["id"]]
    return [_seated(row, board) for row in rows.values()]


def _seated(row: dict[str, Any], board: Board) -> dict[str, Any]:
    """The row with what its place on the board means for the part: its address, its speed, the bus it is set to."""
    options = dict(row["options"])
    if len(events.twin(row["part"]).BUSES) > 1:
        options["bus"] = board.buses[row["bus"]]["kind"]
    for key in ("address", "baud"):
        if key in row:
            options.setdefault(key, row[key])
    return {"id": row["id"], "part": row["part"], "bus": row["bus"], "options": options}


def _series(
    document: TomlDocument, path: toml_source.Path, part: str, rows: list[dict[str, Any]], beside: Path | None
) -> list[dict[str, Any]]:
    found = []
    for index, row in enumerate(rows):
        place = (*path, "series", index)
        events.check_quantities(document, (*place, "columns"), part, row["columns"])
        source = recorded.locate(row["file"], beside)
        if source is None:
            known = sorted(each.name for each in recorded.FOLDER.glob("*.csv"))
            remedy = nearest(row["file"], known)
            document.complain((*place, "file"), f"there is no file {row['file']}", remedy)
            continue
        for quantity, cause, choices in recorded.faults(source, row["columns"]):
            remedy = "correct the file"
            if choices:
                remedy = nearest(row["columns"][quantity]["column"], choices)
            document.complain((*place, "columns", quantity) if quantity else (*place, "file"), cause, remedy)
        found.append({
            "path": source, "columns": row["columns"], "step_us": int(row["step_s"] * 1000000),
            "offset_us": int(row.get("begin_s", 0) * 1000000),
            "loop": row.get("loop", True), "smooth": row.get("smooth", False),
        })  # fmt: skip
    return found
