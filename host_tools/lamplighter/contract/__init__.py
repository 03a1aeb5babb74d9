"""The MQTT contract: what every message must look like, checked by the schemas that docs/contract publishes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from .message_sentences import sentences
from .open_schema import opened
from .topics import ROOT, SCHEMA, Kind, Topic, TopicError, kinds, parse_topic

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

__all__ = ["ROOT", "SCHEMA", "UNITS", "Kind", "Topic", "TopicError", "check_message", "kinds", "parse_topic", "read"]

# value: {"decimals": n, "ucum": unit, "rec20": code}, the same rows as the firmware's core/quantities.py
UNITS = {
    name: {"decimals": row["x-decimals"], "ucum": row["x-ucum"], "rec20": row["x-rec20"]}
    for name, row in SCHEMA["$defs"].items()
    if "x-ucum" in row
}


def check_message(topic: str, payload: bytes, retain: bool = False, strict: bool = True) -> list[str]:
    """The errors of a message, one sentence each; [] if it follows the contract.

    retain -- as the subscriber received it: True only for what the broker had kept. An empty payload is the end of
    an alarm, or takes back what was sent to a lamppost.
    strict -- also refuse fields and words that a later version 1 may add.
    """
    try:
        place = parse_topic(topic)
    except TopicError as wrong:
        return [str(wrong)] if strict else []
    said = []
    if retain and not place.kind.retained:
        said.append(f"{place.suffix} was retained, but the contract publishes it without the retain flag.")
    if not payload and (place.kind.name == "alarm" or (place.kind.received and place.kind.retained)):
        return said
    try:
        message = read(payload, Decimal)
    except ValueError as wrong:
        return [*said, str(wrong)]
    said += sentences(_validator(place.kind.name, strict).iter_errors(message))
    if isinstance(message, dict):
        said += _decimals(message) + _dates(message)
        if place.kind.name == "info" and strict:
            said += _units(message)
    return said


def read(payload: bytes, decimal: Callable[[str], Any] = float) -> Any:
    """A payload as JSON; decimal -- made of what has a point. Raises ValueError with a sentence."""
    if not payload:
        raise ValueError("The payload is empty; only a cleared alarm has an empty payload.")
    try:
        return _decoder(decimal).decode(payload.decode("utf-8"))
    except UnicodeDecodeError as wrong:
        raise ValueError(f"The payload is not UTF-8 (byte {wrong.start}).") from None
    except json.JSONDecodeError as wrong:
        raise ValueError(f"The payload is not JSON: {wrong.msg} at byte {wrong.pos}.") from None
    except RecursionError:
        raise ValueError("The payload is nested too deeply.") from None


@cache
def _decoder(decimal: Callable[[str], Any]) -> json.JSONDecoder:
    return json.JSONDecoder(parse_float=decimal, parse_constant=_no_constant, object_pairs_hook=_no_twins)


def _no_constant(word: str) -> None:
    raise ValueError(f"The payload is not JSON: {word} is not a JSON number.")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        names = [name for name, _ in pairs]
        twin = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twin} appears twice.")
    return read


@cache
def _validator(kind: str, strict: bool) -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator({**(SCHEMA if strict else opened(SCHEMA)), "$ref": f"#/$defs/{kind}"})


def _decimals(message: dict[str, Any]) -> list[str]:
    said = []
    for name in UNITS.keys() & message.keys():
        value = message[name]
        decimals = UNITS[name]["decimals"]
        if decimals and isinstance(value, Decimal) and -int(value.as_tuple().exponent) > decimals:
            said.append(f"{name} is {value}, but may have {decimals} decimals at most.")
    return said


def _dates(message: dict[str, Any]) -> list[str]:
    """The pattern lets the 31st of February pass; a calendar does not."""
    said = []
    for name in ("ts", "since", "exp"):
        value = message.get(name)
        if isinstance(value, str) and value.endswith("Z"):
            try:
                datetime.fromisoformat(value)
            except ValueError:
                said.append(f"{name} is {value!r}, which is not a date.")
    return said


def _units(message: dict[str, Any]) -> list[str]:
    units = message.get("units")
    if not isinstance(units, dict):
        return []
    said = []
    for name, row in units.items():
        if name not in UNITS:
            said.append(f"units names {name}, which is not a value of the contract.")
        elif row != {"ucum": UNITS[name]["ucum"], "rec20": UNITS[name]["rec20"]}:
            said.append(f"units says {json.dumps(row)} for {name}, but its unit is {UNITS[name]['ucum']}.")
    return said
