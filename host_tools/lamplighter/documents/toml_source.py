"""A TOML file that is checked against a JSON Schema, with the line of every key and all complaints at once."""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..contract.sentences import complaints, sentence
from ..problems import Problem
from . import text_file

if TYPE_CHECKING:
    import pathlib

Path = tuple[str | int, ...]

_DEEPEST = 64
_TABLE = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""\s*("[^"]*"|'[^']*'|[A-Za-z0-9_.-]+)\s*=""")


@dataclass
class TomlDocument:
    """`data` is what the file says; `complain` gathers what is wrong with it, each with key, cause and remedy."""

    shown: str  # the file as the user knows it
    data: dict[str, Any]
    lines: dict[Path, int]
    complaints: list[tuple[int, str]] = field(default_factory=list)
    _flaws: set[Path] = field(default_factory=set)

    def complain(self, path: Path, cause: str, remedy: str) -> None:
        line = self.line(path)
        place = f"{self.shown}:{line}" if line else self.shown
        text = f"{place}: {sentence(path, cause, remedy)}"
        if (line, text) not in self.complaints:
            self.complaints.append((line, text))

    def refuse(self, kind: type[Problem]) -> None:
        """Raise this kind of Problem with all complaints in the order of the file, if there are any."""
        if self.complaints:
            details = [text for _, text in sorted(self.complaints, key=lambda complaint: complaint[0])]
            raise kind(f"{self.shown} has {len(details)} fault{'s' if len(details) > 1 else ''}.", details=details)

    def line(self, path: Path) -> int:
        """The line of a key, or of the nearest table around it; 0 where nothing is known."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)

    def check(self, schema: dict[str, Any]) -> None:
        """Complain of all that the schema refuses. What is sound nevertheless can be checked further."""
        import jsonschema

        errors = list(jsonschema.Draft202012Validator(schema).iter_errors(self.data))
        for one in complaints(errors):
            remedy = "add it" if one.keyword == "required" else f"give {one.about}" if one.about else ""
            self.complain(one.path, one.cause, one.remedy or remedy)
        for error in errors:
            path = tuple(error.absolute_path)
            if error.validator == "required":  # also a key that is misspelt, of which there is no complaint
                self._flaws |= {(*path, key) for key in error.validator_value if key not in error.instance}  # type: ignore[union-attr]
            elif error.validator != "additionalProperties":  # a key too many spoils nothing around it
                self._flaws.add(path)

    def sound(self, *path: str | int) -> bool:
        """True if the schema found nothing wrong in what lies at the path."""
        return not any(flaw[: len(path)] == path for flaw in self._flaws)

    def sound_rows(self, name: str) -> list[tuple[int, dict[str, Any]]]:
        """(index, row) of an array's rows that are sound."""
        rows = self.data.get(name, [])
        rows = rows if isinstance(rows, list) else []
        return [(index, row) for index, row in enumerate(rows) if self.sound(name, index)]

    def sound_items(self, name: str) -> dict[str, Any]:
        """The sound entries of a table."""
        table = self.data.get(name, {})
        return {key: value for key, value in table.items() if self.sound(name, key)} if isinstance(table, dict) else {}


def read(text: str, shown: str) -> TomlDocument:
    """Parse. A text that is no TOML gives an empty document with one complaint."""
    try:
        data = tomllib.loads(text)
        wrong = _unwieldy(data)
    except RecursionError:
        wrong = "the brackets are nested too deeply"
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found.group(1)) if found else 0
        cause = re.sub(r" \(at .*\)", "", str(error))
        return TomlDocument(shown, {}, {}, [(line, f"{shown}:{line}: not TOML: {cause}; correct the line.")])
    except ValueError:  # of int(), for thousands of digits
        wrong = "a number has too many digits"
    if wrong:
        return TomlDocument(shown, {}, {}, [(0, f"{shown}: {wrong}; correct it.")])
    return TomlDocument(shown, data, _lines(text))


def load(file: pathlib.Path, kind: type[Problem], remedy: str | None = None, shown: str = "") -> TomlDocument:
    """Read and parse. Raises this kind of Problem for a file that cannot be read."""
    return read(text_file.read(file, kind, remedy), shown or str(file))


def _unwieldy(value: Any, depth: int = 0) -> str:
    """The reason why a value cannot be checked further; "" if it can."""
    if depth > _DEEPEST:
        return f"there are more than {_DEEPEST} levels of brackets"
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value} is not a usable number"
    if isinstance(value, (int, float)) and abs(value) >= 1 << 63:
        return "a number is beyond 64 bits"
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((wrong for one in inner if (wrong := _unwieldy(one, depth + 1))), "")


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
