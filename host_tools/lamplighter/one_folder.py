"""Lays the files of the app into one folder under names that the chip has in ROM: the node keeps each path for ever.

For each file that was ever loaded the node keeps three names: the path, the module's, and its last part; and a module
for each folder. The drivers keep their own last part, since the shelf finds them by it.
"""

from __future__ import annotations

import ast
import zlib
from collections.abc import Mapping

from .bundle import Joined
from .problems import ImageInvalid
from .shortnames import KEEP, NUMBERED

# at these places boot.py, main.py, the app itself and the compiler look for them
_STAY = {"", "app", "building", "made"}


def _module(path: str) -> str:
    return path.removeprefix("lamppost/").removesuffix(".py").removesuffix("__init__").replace("/", ".").strip(".")


def _chosen(modules: list[str]) -> dict[str, str]:
    """{module: its name in the one folder}, mostly the same when another module comes."""
    names = {one: one for one in modules if one in _STAY}
    names |= {one: one.removeprefix("drivers.") for one in modules if one.startswith("drivers.")}
    places: list[str | None] = [name for name in NUMBERED.split() if name.islower() and name not in names.values()]
    for module in [one for one in modules if one not in names]:
        if not any(places):
            raise ImageInvalid("The app has more files than there are names for them.", "Join some of them.")
        at = zlib.crc32(module.encode()) % len(places)
        while places[at] is None:
            at = (at + 1) % len(places)
        names[module], places[at] = str(places[at]), None
    return names


class _Move(ast.NodeTransformer):
    def __init__(self, module: str, names: Mapping[str, str], joined: set[str]) -> None:
        self._module, self._names, self._joined = module, names, joined

    def visit_ImportFrom(self, node: ast.ImportFrom) -> list[ast.ImportFrom] | ast.ImportFrom:
        if not node.level:
            return node
        parts = self._module.split(".")[: -node.level]
        source = ".".join(parts + ([node.module] if node.module else []))
        moved = []
        for alias in node.names:
            inner = f"{source}.{alias.name}".strip(".")
            if inner in self._names:
                name = self._names[inner]
                bound = alias.asname or alias.name
                moved.append(ast.ImportFrom("lamppost", [ast.alias(name, None if name == bound else bound)], 0))
            elif moved and moved[-1].module == f"lamppost.{self._names.get(source)}":
                moved[-1].names.append(alias)
            elif source in self._names:
                moved.append(ast.ImportFrom(f"lamppost.{self._names[source]}", [alias], 0))
            else:
                raise ImageInvalid(f"{self._module}: there is no {inner} to be imported.", "Correct the name.")
        return moved

    def visit_Tuple(self, node: ast.Tuple) -> ast.AST:
        # what lies in another file is given back with that
        node.elts = [one for one in node.elts if getattr(one, "value", None) not in self._joined]
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str) and "." in node.value and node.value in self._names:
            return ast.Constant(self._names[node.value])
        return node


def drivers(joined: Joined) -> list[str]:
    """The paths of files that have drivers in them."""
    return [path for path, row in joined.members.items() if [*row][-1:] and [*row][-1].startswith("drivers.")]


def moved(joined: Joined) -> Joined:
    """The same in one folder. What the host imports by its place keeps that, as a file that leads to the other."""
    modules = [_module(path) for path in sorted(joined.texts)]
    names = _chosen(modules)
    inside = {member for row in joined.members.values() for member in row if "." in member} - set(modules)
    texts, members = {}, {}
    for path, text in joined.texts.items():
        module = _module(path)
        place = f"lamppost/{names[module]}.py" if module else path
        if place in texts:
            raise ImageInvalid(f"Two files of the app would be {place}.", "Rename one of them.")
        tree = _Move(module, names, inside).visit(ast.parse(text))
        texts[place] = ast.unparse(ast.fix_missing_locations(tree))
        members[place] = joined.members[path]
        asked = [n.name for n in tree.body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef)) and n.name in KEEP]
        if asked and module not in _STAY:
            texts[path] = f"from lamppost.{names[module]} import {', '.join(asked)}\n"
            members[path] = {}
    return Joined(texts, members)
