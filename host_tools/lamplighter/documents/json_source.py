"""JSON with the line of every value, so that an error can point at it; it raises nothing but JsonError."""

from __future__ import annotations

import bisect
import json
import math
import re
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from . import text_file

Path = tuple[str | int, ...]

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?", re.ASCII)
_DEEPEST = 64  # a configuration has 6 levels, and a node of little stack reads it too
_LONGEST_NUMBER = 40  # characters
_WORDS = {"true": True, "false": False, "null": None}


class JsonError(ValueError):
    """An error with its line."""

    def __init__(self, line: int, cause: str):
        super().__init__(f"line {line}: {cause}")
        self.line = line
        self.cause = cause


def parse(text: str) -> tuple[Any, dict[Path, int], list[Path]]:
    """(value, line of each path, paths whose key appears twice). Raises JsonError."""
    reader = _Reader(text)
    return reader.whole(), reader.lines, reader.doubled


def value_of(data: bytes | str) -> Any:
    """The value alone, of a file that a program wrote. Raises ValueError (JsonError, UnicodeDecodeError)."""
    return parse(data.decode("utf-8-sig") if isinstance(data, bytes) else data)[0]


def signed_value(data: bytes) -> Any:
    """The value with its numbers as they are written, which a digest needs. Raises ValueError."""
    text = data.decode("utf-8-sig")
    reader = _Reader(text)
    reader.whole()  # json.loads() bounds neither levels nor numbers, and takes a key that appears twice
    if reader.doubled:
        raise reader.error(0, "a key appears twice")
    return json.loads(text)


class _Reader:
    def __init__(self, text: str):
        self.text = text
        self._breaks = [match.start() for match in re.finditer("\n", text)]
        self.lines: dict[Path, int] = {}
        self.doubled: list[Path] = []

    def whole(self) -> Any:
        value, at = self.value(self.space(0), ())
        at = self.space(at)
        if at != len(self.text):
            raise self.error(at, "there is text after the end of the document")
        return value

    def error(self, at: int, cause: str) -> JsonError:
        return JsonError(self.line(at), cause)

    def line(self, at: int) -> int:
        return bisect.bisect_left(self._breaks, at) + 1

    def space(self, at: int) -> int:
        return _SPACE.match(self.text, at).end()  # type: ignore[union-attr]

    def value(self, at: int, path: Path) -> tuple[Any, int]:
        self.lines.setdefault(path, self.line(at))
        first = self.text[at : at + 1]
        if len(path) > _DEEPEST:
            raise self.error(at, f"there are more than {_DEEPEST} levels of brackets")
        if first == "{":
            return self.object(at + 1, path)
        if first == "[":
            return self.array(at + 1, path)
        if first == '"':
            return self.string(at)
        number = _NUMBER.match(self.text, at)
        if number:
            return self.number(at, number[0]), number.end()
        for word, value in _WORDS.items():
            if self.text.startswith(word, at):
                return value, at + len(word)
        if not first:
            raise self.error(len(self.text.rstrip()), "the document is incomplete")
        # what stands there is not quoted: it may be a password without its quotation marks
        raise self.error(at, 'a value is expected: a text in " ", a number, true, false, { or [')

    def number(self, at: int, digits: str) -> int | float:
        if len(digits) > _LONGEST_NUMBER:
            raise self.error(at, f"a number has {len(digits)} characters; the maximum is {_LONGEST_NUMBER}")
        value = json.loads(digits)
        if not math.isfinite(value):
            raise self.error(at, f"the number {digits} is too large")
        # 60.0 is a whole number to JSON Schema, and has to stay one on a node of 32-bit floats
        return int(value) if isinstance(value, float) and value.is_integer() else value

    def string(self, at: int) -> tuple[str, int]:
        try:
            text, end = scanstring(self.text, at + 1, True)
        except json.JSONDecodeError as error:
            raise self.error(error.pos, "a text is not closed, or contains a control character") from None
        if not text_file.is_text(text):
            raise self.error(at, "a text contains a lone surrogate (\\ud800 to \\udfff)")
        return text, end

    def object(self, at: int, path: Path) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        at = self.space(at)
        if self.text[at : at + 1] == "}":
            return found, at + 1
        while True:
            if self.text[at : at + 1] != '"':
                what = "there is an extra comma" if self.text[at : at + 1] == "}" else 'a key in " " is expected'
                raise self.error(at, what)
            start = at
            key, at = self.string(at)
            here = (*path, key)
            if key in found:
                self.doubled.append(here)
            self.lines[here] = self.line(start)
            at = self.space(at)
            if self.text[at : at + 1] != ":":
                raise self.error(at, "a colon is missing after a key")
            found[key], at = self.value(self.space(at + 1), here)
            at, more = self.next(at, "}")
            if not more:
                return found, at

    def array(self, at: int, path: Path) -> tuple[list[Any], int]:
        found: list[Any] = []
        at = self.space(at)
        if self.text[at : at + 1] == "]":
            return found, at + 1
        while True:
            if self.text[at : at + 1] == "]":
                raise self.error(at, "there is an extra comma")
            item, at = self.value(at, (*path, len(found)))
            found.append(item)
            at, more = self.next(at, "]")
            if not more:
                return found, at

    def next(self, at: int, end: str) -> tuple[int, bool]:
        """Past the comma, or past the end of an object or array."""
        after = self.space(at)
        if self.text[after : after + 1] == end:
            return after + 1, False
        if self.text[after : after + 1] != ",":
            # the comma belongs behind the value before, so that line is the one to show
            raise self.error(at, f"a comma or {end} is missing at the end of this line")
        return self.space(after + 1), True
