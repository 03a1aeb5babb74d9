"""A schema's complaint as a sentence about the message: what is wrong, and what would be right."""

from __future__ import annotations

import difflib
import json
from typing import Any

from jsonschema import ValidationError

_TYPES = {"integer": "an integer", "number": "a number", "string": "a text", "null": "null", "object": "an object"}


def sentence(error: ValidationError) -> str:
    """One sentence that names the field."""
    where = ".".join(str(step) for step in error.absolute_path) or "The message"
    say = _SAY.get(str(error.validator))
    return say(where, error) if say else f"{where}: {error.message}."


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def _required(where: str, error: ValidationError) -> str:
    name = error.message.split("'")[1]  # jsonschema complains once for each missing name
    if where == "q":
        return f"{name} is null, and q has no letter that says why."
    if where == "The message":
        return f"{name} is missing."
    return f"{where} lacks {name}."


def _dependent(where: str, error: ValidationError) -> str:
    for name, needs in error.validator_value.items():  # type: ignore[union-attr]
        lacking = [need for need in needs if need not in error.instance]  # type: ignore[operator]
        if name in error.instance and lacking:  # type: ignore[operator]
            return f"{name} is there, but {' and '.join(lacking)} is missing."
    return f"{where}: {error.message}."


def _closed(where: str, error: ValidationError) -> str:
    allowed = list(error.schema.get("properties", {}))  # type: ignore[union-attr]
    extra = [name for name in error.instance if name not in allowed]  # type: ignore[union-attr]
    hints = []
    for name in extra:
        near = difflib.get_close_matches(name, allowed, 1)
        hints.append(f"{name} (did you mean {near[0]}?)" if near else name)
    place = "" if where == "The message" else f" in {where}"
    return f"The contract knows no {', '.join(hints)}{place}."


def _type(where: str, error: ValidationError) -> str:
    wanted = error.validator_value
    words = [_TYPES.get(str(word), str(word)) for word in (wanted if isinstance(wanted, list) else [wanted])]
    if where == "s" and words == ["null"]:
        return f"s is {_shown(error.instance)}, but this message is outside the sequence: null."
    return f"{where} is {_shown(error.instance)}, not {' or '.join(words)}."


def _enum(where: str, error: ValidationError) -> str:
    allowed = error.validator_value
    if where.startswith("q.") and error.instance in ("V", "U"):
        value = where[2:]
        if error.instance == "V":
            return f"{value} is null, but q calls it valid."
        return f"{value} has a value, but q calls it unavailable."
    if where == "q":
        return f"q names {error.instance}, which this message does not have."
    if where == "tq" and 0 not in allowed:  # type: ignore[operator]
        return "tq is 0 (no time), but ts has a time."
    return f"{where} is {_shown(error.instance)}, not one of {', '.join(str(one) for one in allowed)}."  # type: ignore[union-attr]


def _const(where: str, error: ValidationError) -> str:
    if where == "tq":
        return f"tq is {_shown(error.instance)}, but ts is null: no time has quality 0."
    return f"{where} is {_shown(error.instance)}, not {_shown(error.validator_value)}."


_SAY = {
    "required": _required,
    "dependentRequired": _dependent,
    "additionalProperties": _closed,
    "type": _type,
    "enum": _enum,
    "const": _const,
    "minimum": lambda where, error: f"{where} is {error.instance}, below {error.validator_value}.",
    "maximum": lambda where, error: f"{where} is {error.instance}, above {error.validator_value}.",
    "pattern": lambda where, error: f"{where} is {_shown(error.instance)}, not of the form {error.validator_value}.",
    "maxLength": lambda where, error: f"{where} is longer than {error.validator_value} characters.",
    "anyOf": lambda where, error: f"{where} holds none of the values that it is for.",
}
