"""The errors that a JSON Schema finds as sentences: where, what is wrong, and what would be right."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema import ValidationError

Path = tuple[str | int, ...]

_HEX = re.compile("0x[0-9a-fA-F]{1,8}")
_TYPES = {
    "string": 'a text in " "', "integer": "a whole number", "number": "a number", "null": "null",
    "boolean": "true or false", "object": "an object in { }", "array": "a list in [ ]",
}  # fmt: skip
_LIMITS = {
    "minimum": "{shown} is below the minimum of {limit}",
    "maximum": "{shown} is above the maximum of {limit}",
    "exclusiveMinimum": "{shown} must be above {limit}",
    "minLength": "must have at least {limit} characters; it has {count}",
    "maxLength": "must have at most {limit} characters; it has {count}",
    "minItems": "must have at least {limit} entries; it has {count}",
    "maxItems": "must have at most {limit} entries; it has {count}",
    "minProperties": "must have at least {limit} keys; it has {count}",
    "uniqueItems": "must not contain duplicates",
    "anyOf": "has none of its keys",
}
_CHOICES_SHOWN = 8  # more are counted where the nearest is named


@dataclass(frozen=True)
class Complaint:
    """One thing to correct. remedy -- empty where the cause says it; about -- what the schema says of the place."""

    path: Path
    keyword: str  # of the schema
    cause: str
    remedy: str = ""
    about: str = ""

    def __str__(self) -> str:
        return sentence(self.path, self.cause, self.remedy)


def complaints(errors: Iterable[ValidationError], secret: Collection[Path] = ()) -> list[Complaint]:
    """One complaint a thing to correct. secret -- paths whose values are never shown."""
    errors = list(errors)
    found: dict[Complaint, None] = {}  # two rules may complain of one thing in the same words
    meant: set[Path] = set()
    for error in errors:
        if error.validator == "additionalProperties":
            unknown = _unknown_keys(error)
            meant.update(path for _, path in unknown if path)
            found.update(dict.fromkeys(complaint for complaint, _ in unknown))
    for error in errors:
        if error.validator == "required":
            # a misspelt key is one error, not a second one that it is missing
            found.update(dict.fromkeys(one for one in _missing_keys(error) if one.path not in meant))
        elif error.validator != "additionalProperties":
            found[_complaint(error, secret)] = None
    return list(found)


def sentence(path: Path, cause: str, remedy: str = "") -> str:
    """`parts[1].bus: cause; remedy.`"""
    text = f"{dotted(path)}: {cause}{'; ' if remedy else ''}{remedy}"
    return text if text.endswith("?") else f"{text}."


def dotted(path: Path) -> str:
    """("parts", 1, "bus") -> parts[1].bus"""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.lstrip(".") or "document"


def nearest(word: str, choices: Iterable[str]) -> str:
    """A remedy that names the choice that was probably meant, or all of them."""
    choices = sorted(choices)
    near = difflib.get_close_matches(word, choices, 1, 0.6)
    return f"did you mean {near[0]}?" if near else f"use one of {', '.join(choices)}"


def shown(value: Any) -> str:
    """A value for a message, cut where it is long."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 40 else text[:37] + '..."'


def _unknown_keys(error: ValidationError) -> list[tuple[Complaint, Path | None]]:
    """Each with the path of the key that was probably meant."""
    schema, instance, path = _parts(error)
    allowed = list(schema.get("properties", {}))
    found = []
    for key in sorted(set(instance) - set(allowed)):
        near = difflib.get_close_matches(key, [name for name in allowed if name not in instance], 1, 0.6)
        remedy = f"did you mean {near[0]}?" if near else f"known are {', '.join(allowed)}"
        complaint = Complaint((*path, key), "additionalProperties", "there is no such key", remedy)
        found.append((complaint, (*path, near[0]) if near else None))
    return found


def _missing_keys(error: ValidationError) -> list[Complaint]:
    schema, instance, path = _parts(error)
    found = []
    for key in error.validator_value:  # type: ignore[union-attr]
        if key not in instance:
            about = _about(schema.get("properties", {}).get(key, {}))
            cause = f"is missing ({about})" if about else "is missing"
            found.append(Complaint((*path, key), "required", cause, about=about))
    return found


def _complaint(error: ValidationError, secret: Collection[Path]) -> Complaint:
    schema, instance, path = _parts(error)
    hidden = any(path == place[: len(path)] for place in secret)
    cause, remedy = _cause(error, schema, "" if hidden else shown(instance))
    if hidden and error.validator in ("type", "enum"):
        remedy = ""  # it would tell the value
    return Complaint(path, str(error.validator), cause, remedy, _about(schema))


def _cause(error: ValidationError, schema: dict[str, Any], value: str) -> tuple[str, str]:
    """(cause, remedy). jsonschema's own sentences quote the value, which may be a secret."""
    limit: Any = error.validator_value
    but = f", not {value}" if value else ""
    match error.validator:
        case "type":
            kinds = limit if isinstance(limit, list) else [limit]
            return f"must be {' or '.join(_TYPES[kind] for kind in kinds)}{but}", _from_hex(error.instance, kinds)
        case "enum":
            words = [one for one in limit if isinstance(one, str)]
            near = difflib.get_close_matches(str(error.instance), words, 1, 0.5)
            choices = f"{len(limit)} choices" if near and len(limit) > _CHOICES_SHOWN else ", ".join(map(str, limit))
            return f"must be one of {choices}{but}", f"did you mean {near[0]}?" if near else ""
        case "const":
            return f"must be {shown(limit)}{but}", ""
        case "format":
            return str(error.cause), ""
        case "pattern":
            form = schema.get("x-says") or (f"of the form {limit}" if "description" not in schema else "")
            return f"must be {form}{but}" if form else f"{value or 'it'} has characters that are not allowed", ""
        case "dependentRequired":
            instance: Any = error.instance
            key, need = next((key, need) for key, (need,) in limit.items() if key in instance and need not in instance)
            return f"has a {key} and no {need}", f"add {need}"
        case keyword if keyword in _LIMITS:
            count = len(error.instance) if hasattr(error.instance, "__len__") else 0  # type: ignore[arg-type]
            return _LIMITS[str(keyword)].format(shown=value or "it", limit=limit, count=count), ""
        case _:
            return "is not allowed here", ""


def _parts(error: ValidationError) -> tuple[dict[str, Any], Any, Path]:
    return error.schema if isinstance(error.schema, dict) else {}, error.instance, tuple(error.absolute_path)


def _about(schema: Any) -> str:
    return schema.get("description", "").rstrip(".") if isinstance(schema, dict) else ""


def _from_hex(value: Any, kinds: list[str]) -> str:
    """JSON has no hexadecimal numbers, and data sheets have no others."""
    fits = "integer" in kinds and isinstance(value, str) and _HEX.fullmatch(value)
    return f"{value} is {int(value, 16)}" if fits else ""
