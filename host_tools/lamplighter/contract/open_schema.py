"""Schemas for consumers: they accept fields of a later version 1, and code generators make good names of them.

The strict schemas of messages.schema.json hold a node to the contract of its version. A consumer must not break when
a later version adds a field, so what it validates with is open: unknown fields pass, and so do unknown words where
the contract may add some (`x-open`).
"""

from __future__ import annotations

import copy
from typing import Any

from .topics import SCHEMA, Kind

LETTER = "QualityLetter"
_KEPT = ("title", "description", "type", "enum", "minimum", "maximum", "maxLength", "pattern", "x-ucum", "x-rec20")


def opened(schema: Any) -> Any:
    """A strict schema without its refusals of fields and words that a later version may add; the rules stay."""
    if isinstance(schema, list):
        return [opened(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    row = {name: opened(value) for name, value in schema.items() if name != "propertyNames"}
    if row.get("additionalProperties") is False:
        del row["additionalProperties"]
    if row.pop("x-open", False):
        row = {**row, "type": "string"}
        del row["enum"]
    return row


def type_name(kind: Kind) -> str:
    """The name of the generated type of this message: tele_energy -> TeleEnergy."""
    return "".join(word.capitalize() for word in kind.name.split("_"))


def flat_schema(kind: Kind) -> dict[str, Any]:
    """One message as a plain object with named types: fields and their limits, without rules between fields."""
    strict = SCHEMA["$defs"][kind.name]
    if kind.received:
        return _described(kind, strict["required"], {name: _field(row) for name, row in strict["properties"].items()})
    needed = strict.get("required", [])
    envelope = SCHEMA["$defs"]["envelope"]
    fields = {}
    for name, row in {**envelope["properties"], **strict["properties"]}.items():
        fields[name] = _field(envelope["properties"][name] if row is True else row)
    fields["v"] = {"description": "Version of the contract: 1", "type": "integer", "minimum": 1}
    fields["s"] = (
        {"description": "Sequence number within the boot, from 0, without gaps", "type": "integer", "minimum": 0}
        if kind.numbered
        else {"description": "Outside the sequence: always null", "type": "null"}
    )
    if {"$ref": "#/$defs/partly_numbered"} in strict["allOf"]:
        fields["s"] = {
            "description": "Sequence number of the last word; null before",
            **SCHEMA["$defs"]["partly_numbered"]["properties"]["s"],
        }
    fields["tq"] = _numbers(fields["tq"])
    fields["h"] = _numbers(fields["h"])
    required = dict.fromkeys([*envelope["required"], *needed])
    letters = "q" in strict["properties"]
    if letters:
        fields["q"] = {
            "description": "Quality letter of each value",
            "type": "object",
            "additionalProperties": {"$ref": f"#/$defs/{LETTER}"},
        }
    else:
        fields.pop("q", None)
    found = _described(kind, list(required), fields)
    if letters:
        letter = SCHEMA["$defs"]["letter"]
        found["$defs"] = {
            LETTER: {"title": LETTER, "description": letter["title"], "type": "string", "enum": letter["enum"]}
        }
    return found


def _described(kind: Kind, required: list[str], fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "$id": type_name(kind),
        "title": type_name(kind),
        "description": f"{SCHEMA['$defs'][kind.name]['title']}. Topic: {kind.suffix}.",
        "type": "object",
        "required": required,
        "properties": fields,
    }


def _field(row: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in row:
        target = copy.deepcopy(SCHEMA["$defs"][row["$ref"].removeprefix("#/$defs/")])
        if "description" not in target and "title" in target:
            target["description"] = target.pop("title")
        row = {**target, **{name: value for name, value in row.items() if name != "$ref"}}
    row = opened(row)
    if "const" in row:
        row = {"type": "integer", "minimum": row["const"], **row}
    kept = {name: row[name] for name in _KEPT if name in row}
    if "enum" in kept and "type" not in kept:
        nullable = None in kept["enum"]
        kept["enum"] = [one for one in kept["enum"] if one is not None]
        kept["type"] = "integer" if all(isinstance(one, int) for one in kept["enum"]) else "string"
        if nullable:  # as two types: generators of types drop a null among the words
            return {"description": kept.pop("description"), "anyOf": [kept, {"type": "null"}]}
    if "properties" in row:
        kept["properties"] = {name: _field(value) for name, value in row["properties"].items()}
        kept["required"] = row.get("required", [])
    for name in ("items", "additionalProperties"):
        if isinstance(row.get(name), dict):
            kept[name] = _field(row[name])
    if kept.get("type") == ["object", "null"]:  # as two types: generators take the null into the types of the fields
        return {"anyOf": [{**kept, "type": "object"}, {"type": "null"}]}
    return kept


def _numbers(row: dict[str, Any]) -> dict[str, Any]:
    """A range instead of a list of numbers: generators would name each number."""
    low, high = min(row["enum"]), max(row["enum"])
    rest = {name: value for name, value in row.items() if name != "enum"}
    return {**rest, "type": "integer", "minimum": low, "maximum": high}
