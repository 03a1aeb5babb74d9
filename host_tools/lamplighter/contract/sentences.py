"""A schema's complaints as sentences about the message: what is wrong, and what would be right."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema import ValidationError

_TYPES = {"integer": "an integer", "number": "a number", "string": "a text", "null": "null", "object": "an object"}


def sentences(errors: Iterable[ValidationError]) -> list[str]:
    """One sentence a thing to mend, each names its field; what is missing in one place is one sentence."""
    missing: dict[str, list[str]] = {}
    said: dict[str, None] = {}  # two rules may complain about one thing in the same words
    for error in errors:
        where = ".".join(str(step) for step in error.absolute_path) or "The message"
        if error.validator == "required":
            # jsonschema complains once for each missing name
            missing.setdefault(where, []).append(error.message.split("'")[1])
            continue
        say = _SAY.get(str(error.validator))
        said[say(where, error) if say else f"{where}: {error.message}."] = None
    return [_missing(where, list(dict.fromkeys(names))) for where, names in missing.items()] + list(said)


def _shown(value: Any) -> str:
    text = str(value) if isinstance(value, Decimal) else json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def _missing(where: str, names: list[str]) -> str:
    if where == "q":
        return f"q has no letter for {', '.join(names)}."
    if where == "The message":
        return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} missing."
    return f"{where} lacks {', '.join(names)}."


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
