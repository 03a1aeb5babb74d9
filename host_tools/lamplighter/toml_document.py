"""A TOML file that is checked against a JSON Schema, with the line of every key and all complaints at once."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import jsonschema

Path = tuple[str | int, ...]

_TABLE = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""\s*("[^"]*"|'[^']*'|[A-Za-z0-9_.-]+)\s*=""")


@dataclass
class TomlDocument:
    """`data` is what the file says; `complain` gathers what is wrong with it, each with key, cause and remedy."""

    shown: str  # the file as the user knows it
    data: dict[str, Any]
    lines: dict[Path, int]
    details: list[str] = field(default_factory=list)

    def complain(self, path: Path, cause: str, remedy: str) -> None:
        line = self.line(path)
        place = f"{self.shown}:{line}" if line else self.shown
        text = f"{place}: {dotted(path)}: {cause}; {remedy}{'' if remedy.endswith('?') else '.'}"
        if text not in self.details:
            self.details.append(text)

    def line(self, path: Path) -> int | None:
        """The line of a key, or of the nearest table around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)

    def check(self, schema: dict[str, Any]) -> None:
        """Complain of all that the schema refuses."""
        for error in sorted(jsonschema.Draft202012Validator(schema).iter_errors(self.data), key=_order):
            for path, cause, remedy in _sentences(error):
                self.complain(path, cause, remedy)


def read(text: str, shown: str) -> TomlDocument:
    """Parse. A text that is no TOML gives an empty document with one complaint."""
    try:
        return TomlDocument(shown, tomllib.loads(text), _lines(text))
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        place = f"{shown}:{found.group(1)}" if found else shown
        cause = re.sub(r" \(at line.*\)", "", str(error))
        return TomlDocument(shown, {}, {}, [f"{place}: not TOML: {cause}; correct the line."])


def dotted(path: Path) -> str:
    """("partitions", 3, "size") -> partitions[3].size"""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.lstrip(".") or "document"


def nearest(word: str, choices: Iterable[str]) -> str:
    """A remedy that names the choice that was probably meant."""
    choices = list(choices)
    near = difflib.get_close_matches(word, choices, 1, 0.6)
    return f"did you mean {near[0]}?" if near else f"use one of {', '.join(sorted(choices))}"


def _lines(text: str) -> dict[Path, int]:
    # tomllib tells no lines, so a scan of headers and keys does; values that span lines hold no `key =` at
    # the start of a line in the files that this is for, and a wrong line number costs nobody data
    lines: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    rows: Path | None = None  # the array whose `{...}` rows follow, one a line
    for number, line in enumerate(text.splitlines(), 1):
        if match := _TABLE.match(line):
            steps = tuple(step.strip(" \"'") for step in match.group(2).split("."))
            table = ()
            for step in steps[:-1]:
                table += (step,)
                if table in counts:
                    table += (counts[table] - 1,)
            table += (steps[-1],)
            if match.group(1) == "[[":
                counts[table] = counts.get(table, 0) + 1
                table += (counts[table] - 1,)
            lines[table] = number
            rows = None
        elif rows and line.lstrip().startswith("{"):
            counts[rows] = counts.get(rows, 0) + 1
            lines[(*rows, counts[rows] - 1)] = number
        elif match := _KEY.match(line):
            steps = tuple(step.strip("\"'") for step in match.group(1).split("."))
            for end in range(1, len(steps) + 1):
                lines.setdefault(table + steps[:end], number)
            rows = table + steps if line.rstrip().endswith("[") else None
    return lines


def _order(error: jsonschema.ValidationError):
    return [str(step).rjust(6) for step in error.absolute_path]


def _sentences(error: jsonschema.ValidationError):
    path: Path = tuple(error.absolute_path)
    match error.validator:
        case "additionalProperties":
            known = error.schema["properties"]
            for key in sorted(set(error.instance) - set(known)):
                yield (*path, key), f"there is no key {key} here", nearest(key, known)
        case "required":
            for key in error.validator_value:
                if key not in error.instance:
                    yield (*path, key), "is missing", error.schema["properties"][key].get("description", "add it")
        case "enum":
            choices = [str(choice) for choice in error.validator_value]
            yield path, f"{error.instance!r} is not among the choices", nearest(str(error.instance), choices)
        case "type":
            yield path, f"{error.instance!r} is not of type {error.validator_value}", _wanted(error)
        case "pattern":
            yield path, f"{error.instance!r} has characters that are not allowed", _wanted(error)
        case "anyOf" | "oneOf":
            yield path, f"{error.instance!r} cannot be used", _wanted(error)
        case _:
            yield path, error.message, _wanted(error)


def _wanted(error: jsonschema.ValidationError) -> str:
    description = error.schema.get("description") if isinstance(error.schema, dict) else None
    return f"give {description}" if description else f"keep to {error.validator} {error.validator_value}"
