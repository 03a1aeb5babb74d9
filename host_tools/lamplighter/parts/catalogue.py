"""The parts shelf: what is true of each part that a lamppost can carry, from shelf/<part id>.toml and nowhere else."""

from __future__ import annotations

import difflib
import functools
import json
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..documents import toml_source
from ..problems import UnknownPart

SHELF = Path(__file__).parent / "shelf"
KINDS = ("energy", "parking", "air", "light", "pole", "clock")
BUSES = ("uart", "rs485", "i2c")


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
        """The default address; None for a part without one."""
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
    """The part of that id. Raises KeyError."""
    return _shelf()[part_id]


def meant(word: str) -> Part:
    """The part that somebody typed, however it is written. Raises UnknownPart with the nearest."""
    plain = re.sub("[^a-z0-9]", "", word.lower())
    if plain in _shelf():
        return get(plain)
    near = difflib.get_close_matches(plain, ids(), 1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise UnknownPart(f"There is no part {word!r}.{hint}", "`lamplighter parts` lists all.")


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


def check(path: Path) -> None:
    """Hold one file against the schema and what that cannot say. Raises ValueError with every fault and its line."""
    document = toml_source.read(path.read_text(encoding="utf-8"), path.name)
    if not document.complaints:
        document.check(json.loads((Path(__file__).parent / "part.schema.json").read_text(encoding="utf-8")))
    if not document.complaints:
        _check_rules(document, _part(document.data), path.stem)
    if document.complaints:
        raise ValueError("\n".join(text for _, text in document.complaints))


@functools.cache
def _shelf() -> dict[str, Part]:
    parts = [_part(tomllib.loads(path.read_text(encoding="utf-8"))) for path in SHELF.glob("*.toml")]
    return {part.id: part for part in sorted(parts, key=lambda part: (KINDS.index(part.kind), part.id))}


def _part(data: dict[str, Any]) -> Part:
    return Part(**{**data, "measures": tuple(data["measures"]), "also_on": tuple(data.get("also_on", ()))})


def _check_rules(document: toml_source.TomlDocument, part: Part, name: str) -> None:
    if part.id != name:
        document.complain(("id",), f"the file is named {name}, not {part.id}", "give both one name")
    if part.goes_on("i2c") and part.option("address") is None:
        document.complain(("options",), "a part on I2C has an address", "add the option address")


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
