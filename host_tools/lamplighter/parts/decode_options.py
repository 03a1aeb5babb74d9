"""Options of a part that change what its bytes mean, from `name=value` to what the driver's decode() takes."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from .catalogue import Part

# parameters of decode() that are made of several options, or of one in another form
_TUPLES = {"per": ("u_per_v", "i_per_a", "p_per_w"), "board": ("shunt_uohm", "top_ohm", "bottom_ohm")}
_CODES = {"full": "full_mv"}  # the place of the option's value among its choices
_WHOLE = re.compile(r"-?(0[xX][0-9a-fA-F]{1,8}|[0-9]{1,12})\Z")
_MILLI = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,3}))?\Z")


@dataclass
class Chosen:
    """arguments -- for decode(); used -- each option that it depends on with its value, given or usual."""

    arguments: dict[str, Any]
    used: dict[str, Any]


def choose(part: Part, decode: Callable[..., Any], words: Iterable[str]) -> Chosen:
    """Raises ValueError with a sentence for an option that the part does not have, or that changes nothing here."""
    usual = {name: one.default for name, one in inspect.signature(decode).parameters.items()
             if one.default is not inspect.Parameter.empty}  # fmt: skip
    options = _options(part, usual)
    given = dict(_read(part, options, word) for word in words)
    chosen = Chosen({}, {})
    for name, value in usual.items():
        if name in _TUPLES:
            parts = dict(zip(_TUPLES[name], value, strict=True))
            chosen.used |= {key: given.get(key, one) for key, one in parts.items()}
            chosen.arguments[name] = tuple(chosen.used[key] for key in parts)
        elif name in _CODES and (row := part.option(_CODES[name])):
            chosen.used[_CODES[name]] = given.get(_CODES[name], row["enum"][value])
            chosen.arguments[name] = row["enum"].index(chosen.used[_CODES[name]])
        elif name in options and (name in given or value is not None):
            chosen.used[name] = chosen.arguments[name] = given.get(name, value)
    return chosen


def _options(part: Part, usual: dict[str, Any]) -> list[str]:
    """The part's options on which its decode() depends."""
    names = [option for name in usual for option in _TUPLES.get(name, (_CODES.get(name, name),))]
    return [name for name in names if part.option(name)]


def _read(part: Part, options: list[str], word: str) -> tuple[str, Any]:
    name, equals, text = word.partition("=")
    if not equals:
        raise ValueError(f"{word!r} is not of the form NAME=VALUE")
    micro = name.removesuffix("_mohm") + "_uohm"
    if name.endswith("_mohm") and micro in options:
        match = _MILLI.match(text)
        if not match:
            raise ValueError(f"{name} must be a number of milliohm, not {text!r}")
        return micro, _within(part.option(micro) or {}, int(match[1]) * 1000 + int((match[2] or "0").ljust(3, "0")))
    if name not in options:
        known = f"its options are {', '.join(options)}" if options else "no option changes it"
        near = difflib.get_close_matches(name, options, 1)
        hint = f"did you mean {near[0]}?" if near else known
        raise ValueError(f"{name!r} has no effect on decoding a {part.id}; {hint}")
    row = part.option(name) or {}
    return name, _within(row, _value(row, text))


def _value(row: dict[str, Any], text: str) -> Any:
    if row["type"] == "string":
        return text
    if row["type"] == "array":
        return tuple(_whole(row["name"], one) for one in text.split(","))
    if row["type"] == "boolean":
        if text not in ("true", "false"):
            raise ValueError(f"{row['name']} must be true or false, not {text!r}")
        return text == "true"
    return _whole(row["name"], text)


def _whole(name: str, text: str) -> int:
    if not _WHOLE.match(text):
        raise ValueError(f"{name} must be a whole number, not {text!r}")
    return int(text, 16 if "x" in text.lower() else 10)


def _within(row: dict[str, Any], value: Any) -> Any:
    choices = row.get("enum")
    if choices and value not in choices:
        raise ValueError(f"{row['name']} must be one of {', '.join(map(str, choices))}, not {value!r}")
    each = value if isinstance(value, tuple) else (value,)
    low, high = row.get("minimum"), row.get("maximum")
    if low is not None and any(not low <= one <= high for one in each):
        raise ValueError(f"{row['name']} must be {low} to {high}, not {value}")
    if isinstance(value, tuple):
        fewest, most = row["count"]
        if len(set(value)) < len(value) or not fewest <= len(value) <= most:
            raise ValueError(f"{row['name']} must be {fewest} to {most} different numbers")
    return value
