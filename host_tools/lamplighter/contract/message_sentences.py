"""A schema's errors about an MQTT message, in the words of the contract: quality letters and time are its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .sentences import complaints, shown

if TYPE_CHECKING:
    from jsonschema import ValidationError


def sentences(errors: Iterable[ValidationError]) -> list[str]:
    """One sentence a thing to correct, each names its field."""
    plain, said, unlettered = [], {}, {}
    for error in errors:
        if error.validator == "required" and tuple(error.absolute_path) == ("q",):
            # jsonschema complains once for each missing name
            unlettered.update(dict.fromkeys(name for name in error.validator_value if name not in error.instance))  # type: ignore
        elif special := _special(error):
            said[special] = None
        else:
            plain.append(error)
    letters = [f"q has no letter for {', '.join(unlettered)}."] if unlettered else []
    return [*letters, *map(str, complaints(plain)), *said]


def _special(error: ValidationError) -> str:
    """The sentence for what only this contract has; empty where the general one says it."""
    place, value = ".".join(map(str, error.absolute_path)), error.instance
    if error.validator in ("enum", "const") and place.startswith("q.") and value in ("V", "U"):
        name = place[2:]
        return f"{name} is null, but q calls it valid." if value == "V" else (
            f"{name} has a value, but q calls it unavailable."
        )
    if error.validator == "enum" and place == "q":
        return f"q names {value}, which this message does not have."
    if error.validator == "enum" and place == "tq" and 0 not in error.validator_value:  # type: ignore[operator]
        return "tq is 0 (no time), but ts has a time."
    if error.validator == "const" and place == "tq":
        return f"tq is {shown(value)}, but ts is null: no time has quality 0."
    if error.validator == "type" and not place:
        return f"The message must be an object, not {shown(value)}."
    if error.validator == "type" and place == "s" and error.validator_value == "null":
        return f"s is {shown(value)}, but this message is outside the sequence: null."
    return ""
