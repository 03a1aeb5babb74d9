"""The parts shelf: what is true of each part that a lamppost can carry, from shelf/<part id>.toml and nowhere else."""

from __future__ import annotations

import difflib
import functools
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..problems import UnknownPart

SHELF = Path(__file__).parent / "shelf"
KINDS = ("energy", "parking", "air", "light", "pole", "clock")
BUSES = ("uart", "rs485", "i2c")
_OPTION = {"name", "type", "says", "default", "minimum", "maximum", "enum", "items", "count"}
_PIN = {"pin", "name", "to", "note"}


@dataclass(frozen=True)
class Part:
    """One part as its file says; options -- members of its row in the configuration beyond id, part and bus."""

    id: str
    name: str
    kind: str
    measures: tuple[str, ...]
    bus: str
    supply: str
    accuracy: str
    range: str
    decode: str
    example: str
    wiring: list[dict[str, str]]
    traps: list[str]
    options: list[dict[str, Any]]
    verified: list[dict[str, Any]]
    unverified: list[str]
    also: list[str] = field(default_factory=list)  # other models that its driver serves
    also_on: tuple[str, ...] = ()  # kinds of bus besides the usual one
    shares: bool = False  # several of its kind may be on one plain UART
    baud: int | None = None
    line: str = ""
    warm_up_s: int = 0
    legacy: bool = False
    why: str = ""  # it is legacy

    def goes_on(self, kind: str) -> bool:
        return kind == self.bus or kind in self.also_on

    def shares_a(self, kind: str) -> bool:
        """True if several of it may be on one bus of that kind, each with its own address."""
        return kind != "uart" or self.shares

    def option(self, name: str) -> dict[str, Any] | None:
        return next((row for row in self.options if row["name"] == name), None)

    @property
    def address(self) -> int | None:
        """Where it is unless the configuration says otherwise."""
        row = self.option("address")
        return row["default"] if row else None

    @property
    def buses(self) -> str:
        return " or ".join((self.bus, *self.also_on))

    @property
    def status(self) -> str:
        """In a few words, how far its facts are sure."""
        count = len(self.unverified)
        return f"verified, {count} {'fact' if count == 1 else 'facts'} open" if count else "verified"

    def schema(self) -> dict[str, Any]:
        """JSON Schema of the members that only it has."""
        return {row["name"]: _schema(row) for row in self.options}


def ids() -> list[str]:
    return list(_shelf())


def every() -> list[Part]:
    """All of them, by kind and name."""
    return list(_shelf().values())


def get(part_id: str) -> Part:
    """That part. Raises KeyError."""
    return _shelf()[part_id]


def meant(word: str) -> Part:
    """The part that somebody typed, however it is written. Raises UnknownPart with the nearest."""
    plain = re.sub("[^a-z0-9]", "", word.lower())
    if plain in _shelf():
        return get(plain)
    near = difflib.get_close_matches(plain, ids(), 1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise UnknownPart(f"There is no part {word!r}.{hint}", "`lamplighter parts` shows them all.")


def row_schema() -> dict[str, Any]:
    """JSON Schema of a row of `parts` in the configuration: what all rows have, and what each part adds."""
    usual = {
        "id": {"$ref": "#/$defs/name", "description": "Unique in this lamppost; faults are reported under it."},
        "part": {"enum": ids(), "description": "What it is: one of [the shelf](parts.md)."},
        "bus": {
            "type": "string", "minLength": 1, "maxLength": 32,
            "description": "A bus of the board, by its name in board.toml.",
        },
        "serial": {"$ref": "#/$defs/serial", "description": "On the part's label; a calibration counts for it only."},
    }  # fmt: skip
    rules = [
        {
            "if": {"properties": {"part": {"const": part.id}}, "required": ["part"]},
            "then": {
                "properties": {**dict.fromkeys(usual, True), **part.schema()},
                "additionalProperties": False,
            },
        }
        for part in every()
    ]
    return {"type": "object", "required": ["id", "part", "bus"], "properties": usual, "allOf": rules}


def read(path: Path) -> Part:
    """One file. Raises ValueError with what is wrong in it."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    try:
        part = Part(**{**data, "measures": tuple(data["measures"]), "also_on": tuple(data.get("also_on", ()))})
    except (TypeError, KeyError) as wrong:
        raise ValueError(f"{path.name}: {wrong}") from None
    faults = list(_faults(part, path.stem))
    if faults:
        raise ValueError(f"{path.name}: {'; '.join(faults)}")
    return part


@functools.cache
def _shelf() -> dict[str, Part]:
    parts = [read(path) for path in SHELF.glob("*.toml")]
    return {part.id: part for part in sorted(parts, key=lambda part: (KINDS.index(part.kind), part.id))}


def _faults(part: Part, name: str):
    if part.id != name:
        yield f"id is {part.id}"
    if part.kind not in KINDS:
        yield f"kind {part.kind} is none of {', '.join(KINDS)}"
    for bus in (part.bus, *part.also_on):
        if bus not in BUSES:
            yield f"bus {bus} is none of {', '.join(BUSES)}"
    if (part.bus != "i2c") != (part.baud is not None and part.line in ("8N1", "8E1")):
        yield "baud and line belong to a part on a UART or RS-485, and to no other"
    if part.goes_on("i2c") and part.option("address") is None:
        yield "a part on I2C has an address"
    if part.legacy != bool(part.why):
        yield "legacy and why go together"
    for row in part.wiring:
        if not {"pin", "name", "to"} <= row.keys() <= _PIN:
            yield f"wiring of {row.get('pin')}"
    for row in part.options:
        if not {"name", "type", "says"} <= row.keys() <= _OPTION:
            yield f"option {row.get('name')}"
    for row in part.verified:
        if set(row) != {"fact", "sources"} or not row["sources"]:
            yield f"verified {row.get('fact')}"


def _schema(row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"type": row["type"], "description": row["says"]}
    limits = {key: row[key] for key in ("minimum", "maximum", "enum") if key in row}
    if row["type"] == "array":
        found["items"] = {"type": row["items"], **limits}
        found["minItems"], found["maxItems"] = row["count"]
    else:
        found |= limits
    if "default" in row:
        found["default"] = row["default"]
    return found
