"""Lays the files of the app into one folder under names that the chip has in ROM: the node keeps each path for ever.

For each file that was ever loaded the node keeps three names: the path, the module's, and its last part; and a module
for each folder. The drivers keep their own last part, since the shelf finds them by it. All but what is
looked for in the package lie beside it: there a module's name is its last part, and what core/borrow.py loads takes no
path of its own.
"""

from __future__ import annotations

import ast
import zlib
from collections.abc import Mapping

from ..problems import ImageInvalid
from .bundle import Joined
from .shortnames import KEEP, NUMBERED

# at these places boot.py, main.py, the app itself and the compiler look for them
_STAY = {"", "app", "building", "made"}
_SHELF = "drivers.registry"  # takes the drivers from beside itself
_ANY = "id"  # what boot.py calls the module that is borrowed


def _module(path: str) -> str:
    return path.removeprefix("lamppost/").removesuffix(".py").removesuffix("__init__").replace("/", ".").strip(".")


def _chosen(modules: list[str], strings: set[str]) -> dict[str, str]:
    """{module: its last part on the node}, mostly the same when another module comes; strings -- none of these."""
    names = {one: one for one in modules if one in _STAY}
    borrowed = strings - {_SHELF}
    names |= {one: one[8:] for one in modules if one.startswith("drivers.") and one not in borrowed}
    taken = {*names.values(), _ANY, "builtins", *strings}
    places: list[str | None] = [name for name in NUMBERED.split() if name.islower() and name not in taken]
    for module in [one for one in modules if one not in names]:
        if not any(places):
            raise ImageInvalid("The app has more files than there are names for them.", "Join some of them.")
        at = zlib.crc32(module.encode()) % len(places)
        while places[at] is None:
            at = (at + 1) % len(places)
        names[module], places[at] = str(places[at]), None
    return names


def _asked(tree: ast.Module) -> list[str]:
    """What the host or a test imports from it by its place."""
    return [n.name for n in tree.body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef)) and n.name in KEEP]


class _Move(ast.NodeTransformer):
    """roads -- {module: the name that it is imported by}"""

    def __init__(self, module: str, roads: Mapping[str, str], joined: set[str]) -> None:
        self._module, self._roads, self._joined = module, roads, joined

    def visit_ImportFrom(self, node: ast.ImportFrom) -> list[ast.stmt] | ast.ImportFrom:
        if not node.level:
            return node
        parts = self._module.split(".")[: -node.level]
        source = ".".join(parts + ([node.module] if node.module else []))
        moved: list[ast.stmt] = []
        names: list[ast.alias] = []
        for alias in node.names:
            inner = f"{source}.{alias.name}".strip(".")
            if inner in self._roads:
                package, _, name = self._roads[inner].rpartition(".")
                bound = alias.asname or alias.name
                row = [ast.alias(name, None if name == bound else bound)]
                moved.append(ast.ImportFrom(package, row, 0) if package else ast.Import(row))
            elif source in self._roads:
                names.append(alias)
            else:
                raise ImageInvalid(f"{self._module}: there is no {inner} to be imported.", "Correct the name.")
        return [*moved, *([ast.ImportFrom(self._roads[source], names, 0)] if names else [])]

    def visit_Tuple(self, node: ast.Tuple) -> ast.AST:
        # what lies in another file is given back with that
        node.elts = [one for one in node.elts if getattr(one, "value", None) not in self._joined]
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str) and "." in node.value and node.value in self._roads:
            return ast.Constant(self._roads[node.value].rpartition(".")[2])
        return node


def drivers(joined: Joined) -> list[str]:
    """The paths of files that have drivers in them."""
    return [path for path, row in joined.members.items() if [*row][-1:] and [*row][-1].startswith("drivers.")]


def moved(joined: Joined) -> Joined:
    """The same in one folder. What the host imports by its place keeps that, as a file that leads to the other."""
    trees = {_module(path): ast.parse(joined.texts[path]) for path in sorted(joined.texts)}
    modules = [*trees]
    names = _chosen(modules, {str(getattr(n, "value", "")) for tree in trees.values() for n in ast.walk(tree)})
    asked = {module: found for module in modules if (found := _asked(trees[module])) and module not in _STAY}
    roads = {one: f"lamppost.{name}".strip(".") if one in _STAY else name for one, name in names.items()}
    inside = {member for row in joined.members.values() for member in row if "." in member} - set(modules)
    texts, members = {}, {}
    for path in joined.texts:
        module = _module(path)
        place = path if not module else f"{roads[module].replace('.', '/')}.py"
        if place in texts:
            raise ImageInvalid(f"Two files of the app would be {place}.", "Rename one of them.")
        tree = _Move(module, roads, inside).visit(trees[module])
        texts[place] = ast.unparse(ast.fix_missing_locations(tree))
        members[place] = joined.members[path]
        if module in asked:
            texts[path] = f"from {roads[module]} import {', '.join(asked[module])}\n"
            members[path] = {}
    return Joined(texts, members)
