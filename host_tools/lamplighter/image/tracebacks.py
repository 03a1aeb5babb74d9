"""Tracebacks of the node, line by line as it says them, mapped back to the source; all other lines pass unchanged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from . import source_map
from .source_map import SourceMap

_HEAD = "Traceback (most recent call last):"
_FRAME = re.compile(r'\s*File "([^"]+)", line (\d+), in (\S+)$')
_OURS = re.compile(r"lamppost\b|[a-z_]+$")  # a module of the package, or one beside it; stock ones end with .py
_BUILD = re.compile(r"""\bbuild"?:? "?([0-9a-f]{12})\b""")
_ANSWER = re.compile(r'lamppost: \{".*\}$')


class Tracebacks:
    """take(line) -> the lines to show; rest() -> those that wait for what did not come.

    build -- of the node, where it is known; else the line tells in which the node says it
    given -- a map to use for this build instead of what the user's folder has
    ask() -- told once, when a traceback has come and no line has said the build: it waits for the answer then
    """

    def __init__(self, build: str = "", given: SourceMap | None = None, ask: Callable[[], None] | None = None):
        self.build = build
        self._given, self._ask = given, ask
        self._asked = False
        self._traceback: list[str] = []  # as far as it has come
        self._waiting: list[str] = []  # for the answer

    def take(self, line: str) -> list[str]:
        if found := _BUILD.search(line):
            self.build = found[1]
            if self._asked and _ANSWER.search(line):
                return self._released()  # our own question's answer is no news of the node
        if line.strip() == _HEAD:
            done, self._traceback = self._traceback, [line]
            return self._finished(done)
        if self._traceback:
            self._traceback.append(line)
            if _FRAME.match(line):
                return []
            done, self._traceback = self._traceback, []
            return self._finished(done)
        return self._finished([line])

    def rest(self) -> list[str]:
        self._waiting += self._traceback
        self._traceback = []
        return self._released()

    def _finished(self, lines: list[str]) -> list[str]:
        unknown = not self.build and any((frame := _FRAME.match(line)) and _OURS.match(frame[1]) for line in lines)
        if unknown and self._ask and not self._asked:
            self._asked = True
            self._ask()
            self._waiting += lines
            return []
        if self._waiting and not self.build:
            self._waiting += lines
            return []
        return [*self._released(), *self._mapped(lines)]

    def _released(self) -> list[str]:
        lines, self._waiting = self._waiting, []
        return self._mapped(lines)

    def _mapped(self, lines: list[str]) -> list[str]:
        """With each traceback in them mapped, or a word why not."""
        shown, block = [], []
        for line in lines:
            if line.strip() == _HEAD:
                shown, block = shown + self._one(block), [line]
            elif block:
                block.append(line)
                if not _FRAME.match(line):
                    shown, block = shown + self._one(block), []
            else:
                shown.append(line)
        return shown + self._one(block)

    def _one(self, lines: list[str]) -> list[str]:
        frames = [_FRAME.match(line) for line in lines]
        if not any(frame and _OURS.match(frame[1]) for frame in frames):
            return lines
        known = self._map()
        if known is None:
            which = f"build {self.build} is not known here" if self.build else "the node does not say which build it is"
            return [*lines, f"-- not mapped to the source: {which}; `lamplighter image` writes a map for --map FILE"]
        return list(_in_source(lines, frames, known))

    def _map(self) -> SourceMap | None:
        if self._given and self.build in ("", self._given.build):
            return self._given
        return source_map.kept(self.build) if self.build else None


def mapped(text: str, build: str, given: SourceMap | None = None) -> str:
    """A whole text, as a crash report or what the console said last."""
    through = Tracebacks(build, given)
    lines = [shown for line in text.splitlines() for shown in through.take(line)]
    return "\n".join([*lines, *through.rest()])


def _in_source(lines: list[str], frames: list[re.Match[str] | None], known: SourceMap) -> Iterable[str]:
    meant = _meant(frames, known)
    last: list[dict[str, Any]] = []
    module = ""
    for at, (line, frame) in enumerate(zip(lines, frames, strict=True)):
        if frame and frame[1] in known.files:
            module, last = frame[1], meant[at]
            yield "  " + _place(known, module, frame[3], last, meant[at + 1] if at + 1 < len(meant) else [])
        elif frame or at == 0:
            yield line
        else:  # what went wrong may name what has another name on the node
            names = re.split(r"'(\w+)'", line)
            uses = {name for row in last for name in row["uses"]}
            yield "".join(f"'{_name(known.in_source(module, one), uses)}'" if odd % 2 else one
                          for odd, one in enumerate(names))  # fmt: skip


def _name(names: str, uses: set[str]) -> str:
    """Of several names in the source those that the function has."""
    return " or ".join([name for name in names.split(" or ") if name in uses]) or names


def _meant(frames: list[re.Match[str] | None], known: SourceMap) -> list[list[dict[str, Any]]]:
    """The functions that each frame may mean: of several of one name on the node those that call the next frame's, and
    are called by the one before's."""
    meant = [known.found(frame[1], frame[3]) if frame else [] for frame in frames]
    for _ in frames:
        before = [len(rows) for rows in meant]
        for at in range(len(meant) - 1):
            callers, called = meant[at], meant[at + 1]
            if not called and frames[at + 1]:  # a file of MicroPython's own: it has the names that the source has
                called = [{"name": frames[at + 1][3], "qualified": ""}]  # pyright: ignore[reportOptionalSubscript]
            pairs = [(row, each) for row in callers for each in called if _names(each) & set(row["calls"])]
            if pairs:  # else it is called by another name than its own
                meant[at] = [row for row in callers if any(row is one for one, _ in pairs)]
                if meant[at + 1]:
                    meant[at + 1] = [row for row in called if any(row is one for _, one in pairs)]
        if before == [len(rows) for rows in meant]:
            break
    return meant


def _names(row: dict[str, Any]) -> set[str]:
    """What a call of this function may be called in the source."""
    named = {row["name"]}
    if row["name"] == "__init__":
        named.add(row["qualified"].split(".")[-2])
    return named


def _place(known: SourceMap, module: str, name: str, rows: list[dict[str, Any]], called: list[dict[str, Any]]) -> str:
    """lamppost/link/connection.py:120-163 in Link.run, which calls _connection in line 138"""
    if not rows:
        return f"{known.files[module]} in {known.in_source(module, name)}"
    if name == "<module>" and len(rows) > 1:
        return f"{known.files[module]}, or one of the {len(rows) - 1} files that are joined to it, in <module>"
    places, file = [], ""
    for row in sorted(rows, key=lambda row: row["file"]):
        places.append(f"{'' if row['file'] == file else row['file'] + ':'}{_lines(row)} in {row['qualified']}")
        file = row["file"]
    places = " or ".join(places)
    calls = {each: rows[0]["calls"][each] for row in called for each in sorted(_names(row)) if each in rows[0]["calls"]}
    if len(rows) > 1 or not calls:
        return places
    at = sorted({line for lines in calls.values() for line in lines})
    return f"{places}, which calls {' or '.join(calls)} in line {' or '.join(map(str, at))}"


def _lines(row: dict[str, Any]) -> str:
    return str(row["first"]) if row["first"] == row["last"] else f"{row['first']}-{row['last']}"
