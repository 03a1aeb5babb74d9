"""What a traceback of compiled modules means in the source: kept by build id, since the node has no line numbers.

A map says of each module which file it was made from, where each function begins and ends, and where it calls what.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..documents import atomic_file
from ..problems import MapInvalid
from .bundle import Joined
from .shortnames import module_name

_KEPT = 60  # maps in the user's folder: the oldest gives way
_BARE = {ast.Lambda: "<lambda>", ast.ListComp: "<listcomp>", ast.SetComp: "<setcomp>", ast.DictComp: "<dictcomp>",
         ast.GeneratorExp: "<genexpr>"}  # fmt: skip


@dataclass(frozen=True)
class SourceMap:
    """files -- module on the node -> the file that it is named after; functions -- module on the node -> [{file, name,
    qualified, on_node, first, last, calls: {name: [lines]}, uses: [names]}], of all sources that are joined in it."""

    build: str
    version: str
    names: dict[str, dict[str, str]] = field(repr=False)  # module -> {name on the node: in the source}
    files: dict[str, str] = field(repr=False)
    functions: dict[str, list[dict[str, Any]]] = field(repr=False)

    def in_source(self, module: str, name: str) -> str:
        """A name of the node as it is in the source; several that it may stand for with "or" between."""
        return self.names.get(module, {}).get(name, name)

    def found(self, module: str, name: str) -> list[dict[str, Any]]:
        """The functions of a module that a traceback of the node may mean by `name`."""
        return [row for row in self.functions.get(module, []) if row["on_node"] == name]

    def encode(self) -> bytes:
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode()


def of(app: Any, source: Path) -> SourceMap:
    """The map of a filesystem.App that was compiled from the sources in this folder."""
    files, rows = {}, {}
    for module, members in app.functions.items():
        files[module] = _file(source, list(members)[-1] if members else module)  # the others are joined to it
        rows[module] = []
        for member, places in members.items():
            text = (source / _file(source, member)).read_text(encoding="utf-8")
            for row in _functions(ast.parse(text), text.count("\n") + 1):
                on_node = places.get(row["qualified"], row["name"])
                rows[module].append({"file": _file(source, member), "on_node": on_node, **row})
    return SourceMap(app.build, app.version, app.names, files, rows)


def _file(source: Path, module: str) -> str:
    path = module.replace(".", "/")
    return f"{path}/__init__.py" if (source / path / "__init__.py").exists() else f"{path}.py"


def functions(sources: dict[str, str], joined: Joined, places: dict[str, str]) -> dict[str, dict[str, dict[str, str]]]:
    """{module on the node: {module of the source: {qualified function: its name on the node}}}, where it differs."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for path, members in joined.members.items():
        row = found[module_name(path)] = {}
        for member, tops in members.items():
            origin = f"lamppost/{member.replace('.', '/')}.py"
            tree = ast.parse(sources[origin])
            called = {qualified: (name, _place(key, tops, places)) for qualified, key, name in _keyed(tree)}
            row[module_name(origin)] = {one: place for one, (name, place) in called.items() if place != name}
    return found


def _place(key: str, tops: dict[str, str], places: dict[str, str]) -> str:
    key = tops.get(key, key)
    return places.get(key, key.lstrip("."))


def _keyed(tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    """(qualified, name as shortnames.py knows it, name) of every function and class."""

    def visit(node: ast.AST, within: str, in_class: bool) -> Iterator[tuple[str, str, str]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                qualified = f"{within}.{child.name}" if within else child.name
                yield qualified, ("." if in_class else "") + child.name, child.name
                yield from visit(child, qualified, isinstance(child, ast.ClassDef))
            else:
                bare = _BARE.get(type(child), "")
                yield from visit(child, f"{within}.{bare}" if within and bare else bare or within, False)

    yield from visit(tree, "", False)


def _functions(tree: ast.Module, lines: int) -> list[dict[str, Any]]:
    rows = [{"name": "<module>", "qualified": "<module>", "first": 1, "last": lines, "calls": _calls(tree),
             "uses": []}]  # fmt: skip

    def visit(node: ast.AST, within: str) -> None:
        for child in ast.iter_child_nodes(node):
            named = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
            name = child.name if named else _BARE.get(type(child), "")
            qualified = f"{within}.{name}" if within and name else name or within
            if name:
                first = min([child.lineno, *(one.lineno for one in getattr(child, "decorator_list", ()))])  # pyright: ignore[reportAttributeAccessIssue]
                last = getattr(child, "end_lineno", first)
                rows.append(
                    {"name": name, "qualified": qualified, "first": first, "last": last, "calls": _calls(child),
                     "uses": _uses(child)}
                )  # fmt: skip
            visit(child, qualified)

    visit(tree, "")
    return rows


def _uses(tree: ast.AST) -> list[str]:
    """The names and attributes in a function."""
    found = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return sorted(found | {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)})


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
        atomic_file.write(target, of(app, source).encode(), "", problem=MapInvalid)
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
        known = SourceMap(**json.loads(path.read_bytes()))
        for module, rows in known.functions.items():
            for row in rows:  # of an app whose files were one module each
                row.setdefault("file", known.files[module])
                row.setdefault("uses", [])
                if "on_node" not in row:
                    names = known.names.get(module, {})
                    row["on_node"] = next((short for short, name in names.items() if name == row["name"]), row["name"])
        return known
    except OSError as error:
        raise MapInvalid(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, TypeError, AttributeError, KeyError):
        raise MapInvalid(f"{path} is no map of a build.") from None
