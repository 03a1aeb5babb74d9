"""What a traceback of compiled modules means in the source: kept by build id, since the node has no line numbers.

A map says of each module which file it was made from, where each function begins and ends, and where it calls what.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from . import whole_file
from .problems import MapInvalid

_KEPT = 60  # maps in the user's folder: the oldest gives way
_BARE = {ast.Lambda: "<lambda>", ast.ListComp: "<listcomp>", ast.SetComp: "<setcomp>", ast.DictComp: "<dictcomp>",
         ast.GeneratorExp: "<genexpr>"}  # fmt: skip


@dataclass(frozen=True)
class SourceMap:
    """files -- module -> its file; functions -- module -> [{name, qualified, first, last, calls: {name: [lines]}}]."""

    build: str
    version: str
    names: dict[str, dict[str, str]] = field(repr=False)  # module -> {name on the node: in the source}
    files: dict[str, str] = field(repr=False)
    functions: dict[str, list[dict[str, Any]]] = field(repr=False)

    def in_source(self, module: str, name: str) -> str:
        """A name of the node as it is in the source."""
        return self.names.get(module, {}).get(name, name)

    def found(self, module: str, name: str) -> list[dict[str, Any]]:
        """The functions of a module that a traceback of the node may mean by `name`."""
        wanted = self.in_source(module, name)
        return [row for row in self.functions.get(module, []) if row["name"] == wanted]

    def encode(self) -> bytes:
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode()


def of(app: Any, source: Path) -> SourceMap:
    """The map of a filesystem.App that was compiled from the sources in this folder."""
    files, functions = {}, {}
    for path in sorted((source / "lamppost").rglob("*.py")):
        shown = path.relative_to(source).as_posix()
        module = shown.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        text = path.read_text(encoding="utf-8")
        files[module] = shown
        functions[module] = _functions(ast.parse(text), text.count("\n") + 1)
    return SourceMap(app.build, app.version, app.names, files, functions)


def _functions(tree: ast.Module, lines: int) -> list[dict[str, Any]]:
    rows = [{"name": "<module>", "qualified": "<module>", "first": 1, "last": lines, "calls": _calls(tree)}]

    def visit(node: ast.AST, within: str) -> None:
        for child in ast.iter_child_nodes(node):
            named = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
            name = child.name if named else _BARE.get(type(child), "")
            qualified = f"{within}.{name}" if within and name else name or within
            if name:
                first = min([child.lineno, *(one.lineno for one in getattr(child, "decorator_list", ()))])  # pyright: ignore[reportAttributeAccessIssue]
                last = getattr(child, "end_lineno", first)
                rows.append(
                    {"name": name, "qualified": qualified, "first": first, "last": last, "calls": _calls(child)}
                )
            visit(child, qualified)

    visit(tree, "")
    return rows


def _calls(tree: ast.AST) -> dict[str, list[int]]:
    """name -> the lines where this function, not one inside it, calls something of that name."""
    found: dict[str, set[int]] = {}

    def visit(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Call):
                callee = child.func
                name = getattr(callee, "attr", getattr(callee, "id", ""))
                found.setdefault(name, set()).add(getattr(callee, "end_lineno", None) or child.lineno)
            if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, *_BARE)):
                visit(child)

    visit(tree)
    return {name: sorted(lines) for name, lines in sorted(found.items()) if name}


def folder() -> Path:
    """Where this user's maps are."""
    from platformdirs import user_state_path

    return user_state_path("lamplighter") / "maps"


def keep(app: Any, source: Path) -> None:
    """Keep an app's map for later tracebacks; where the user's folder cannot be written, flashing goes on without."""
    target = folder() / f"{app.build}.json"
    with contextlib.suppress(OSError, MapInvalid):
        if target.exists():
            os.utime(target)  # it is of use again
            return
        whole_file.write(target, of(app, source).encode(), "", problem=MapInvalid)
        for old in sorted(folder().glob("*.json"), key=lambda path: path.stat().st_mtime)[:-_KEPT]:
            old.unlink()


def kept(build: str) -> SourceMap | None:
    """The map of a build, as far as this machine has made or kept it."""
    if not build.isalnum():
        return None
    try:
        return read(folder() / f"{build}.json")
    except MapInvalid:
        return None


def read(path: Path) -> SourceMap:
    """A map that `lamplighter image` wrote. Raises MapInvalid."""
    try:
        return SourceMap(**json.loads(path.read_bytes()))
    except OSError as error:
        raise MapInvalid(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, TypeError):
        raise MapInvalid(f"{path} is no map of a build.") from None
