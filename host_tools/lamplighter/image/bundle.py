"""Joins modules of the app that are loaded together anyway into one file, so that the node keeps no seams between them.

Each module by itself costs the node some 250 bytes beside its code: two names, a table of names, a dictionary, and an
entry for each name that is imported. The sources stay apart; the order of a joined file is that of their imports.
Constants are put where they are used, and none of them is kept.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Collection, Mapping
from typing import NamedTuple

from ..problems import ImageInvalid
from .module_scope import Rename, constants, top, unbound
from .shortnames import KEEP

# The app's own file takes all that app.py and building.py import at their top, but what is loaded by its name or given
# back. `core/faults.py` stays apart: the host asks for ops/config_store.py without the app.
APART = {"core.faults"}
# file: what lies in it too, and nowhere else
TOGETHER = {
    "sensing.parking.bay": ["sensing.parking.empty_distance", "sensing.parking.range_finder", "sensing.parking.fusion"],
    "sensing.air.windows": ["sensing.air.channel"],
    "drivers.sps30": ["buses.shdlc"],
    "assembly": ["buses.wiring", "link.broker_settings"],
    "core.payload": ["core.calendar"],
    "journal.folding": ["journal.outbox", "journal.send_queue", "journal.reclaim", "journal.time_anchor"],
    "journal.ring": ["journal.record"],
    "link.mqtt.publisher": ["link.mqtt.envelope"],
    "link.time.asking": ["link.time.ntp", "link.time.consensus"],
    "ops.beginning": ["core.units"],
}
# file: of what it has a copy; who else needs that imports it from its own file
COPIED = {
    "drivers.pzem004t": ["buses.modbus"],
    "drivers.bme280": ["drivers.bmp280"],
    "drivers.tfmini": ["drivers.lidar_frame"],
}
# in the app's file, although neither imports them: what most drivers and senses need, and what connections stand on
ALWAYS = ["buses.adaptive_timeout", "core.quality", "link.tcp", "sensing.window"]


class Joined(NamedTuple):
    """texts -- path: source;  members -- path: {module: {name in the module: name in the file}}"""

    texts: dict[str, str]
    members: dict[str, dict[str, dict[str, str]]]


def _path(module: str) -> str:
    return f"lamppost/{module.replace('.', '/')}.py"


def _module(path: str) -> str:
    return path.removeprefix("lamppost/").removesuffix(".py").replace("/", ".")


class _Join:
    def __init__(self, sources: Mapping[str, str]) -> None:
        self.trees: dict[str, ast.Module] = {}
        for path, text in sources.items():
            try:
                self.trees[_module(path)] = ast.parse(text)
            except SyntaxError as error:
                why = f"{path} does not compile: line {error.lineno}: {error.msg}"
                raise ImageInvalid(why, "Correct it.") from None
        rows = {host: list(row) for host, row in TOGETHER.items() if host in self.trees}
        rows["app"] = rows.get("app", []) + self._staying({one for row in rows.values() for one in row})
        self.home = {one: host for host, row in rows.items() for one in row if one in self.trees}
        self.copied = {host: [one for one in row if one in self.trees] for host, row in COPIED.items()}
        self.constants = {module: constants(tree) for module, tree in self.trees.items()}
        self.values: dict[str, ast.expr] = {}
        for module, row in self.constants.items():
            for name, value in row.items():
                for node in ast.walk(value):
                    if isinstance(node, ast.Name):
                        node.id = self._constant(*self.origin(module, node.id))
                self.values[self._constant(module, name)] = value
        self._by_name()

    def _staying(self, elsewhere: set[str]) -> list[str]:
        """What the app and its building import at their top, unless it is loaded by its name or given back."""
        named = {word for word in self._strings() if word in self.trees}
        found: list[str] = []

        def visit(module: str) -> None:
            for each in self.imported(module):
                if each in named | elsewhere | APART or each in ("app", "building") or each in found:
                    continue
                found.append(each)
                visit(each)

        for root in ("app", "building", *(one for one in ALWAYS if one in self.trees)):
            if root in self.trees:
                visit(root)
                if root in ALWAYS and root not in found:
                    found.append(root)
        return found

    def _strings(self, but: Collection[int] = ()) -> set[str]:
        return {
            node.value for tree in self.trees.values() for line in tree.body if not _names_company(line)
            for node in ast.walk(line)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in but
        }  # fmt: skip

    def _by_name(self) -> None:
        """What is joined has no name to be loaded by."""
        rows = [node for tree in self.trees.values() for node in ast.walk(tree) if isinstance(node, ast.Tuple)]
        given_back = [one for row in rows for one in row.elts]  # where its file is named too
        asked = self._strings({id(one) for one in given_back})
        for module in sorted(self.home):
            if module in asked:
                raise ImageInvalid(
                    f"{module} is joined to {self.home[module]}, and something loads it by its name.",
                    "Take it out of TOGETHER in bundle.py, or import it.",
                )

    def imported(self, module: str) -> list[str]:
        """Modules of the app that a module imports at its top."""
        found = []
        for line in self.trees[module].body:
            if isinstance(line, ast.ImportFrom) and (source := self.target(module, line)) is not None:
                for alias in line.names:
                    inner = f"{source}.{alias.name}".lstrip(".")
                    found.append(inner if inner in self.trees else source)
        return [one for one in found if one in self.trees]

    def _use(self, place: str, used: dict[str, ast.expr]) -> None:
        """A constant is needed in a file, after those that it is made of."""
        for node in ast.walk(self.values[place]):
            if isinstance(node, ast.Name):
                self._use(node.id, used)
        used[place] = self.values[place]

    def file_of(self, module: str, seen_from: str = "") -> str:
        """The module whose file has it; seen_from -- the file that asks, which may have a copy."""
        return seen_from if module in self.copied.get(seen_from, ()) else self.home.get(module, module)

    def _constant(self, module: str, name: str) -> str:
        return f"_{module.replace('.', '_')}__{name.lstrip('_')}"

    def name_of(self, module: str, name: str, file: str) -> str:
        """What a module's name is called in that file."""
        if name in self.constants[module]:
            return self._constant(module, name)
        return name if module == file or name in KEEP else f"{module.replace('.', '_')}__{name}"

    def origin(self, module: str, name: str) -> tuple[str, str]:
        """The module that defines what another one passes on, and the name there."""
        for line in self.trees[module].body:
            if isinstance(line, ast.ImportFrom) and (source := self.target(module, line)) in self.trees:
                for alias in line.names:
                    if name == (alias.asname or alias.name):
                        return self.origin(source or "", alias.name)
        return module, name

    def target(self, module: str, node: ast.ImportFrom) -> str | None:
        """The module of the app (or its package) that is imported from, None for another's."""
        if not node.level:
            return None
        parts = module.split(".")[: -node.level]
        return ".".join(parts + ([node.module] if node.module else []))

    def rewritten(
        self, module: str, file: str
    ) -> tuple[list[ast.stmt], dict[tuple[str, str, str], None], dict[str, ast.expr]]:
        """(statements, (module, name, as) that they import, constants that they use)."""
        tree = self.trees[module]
        names: dict[str, str] = {}
        modules: dict[str, dict[str, str]] = {}
        wanted: dict[tuple[str, str, str], None] = {}
        used: dict[str, ast.expr] = {}
        body: list[ast.stmt] = []

        def bring(source: str, name: str) -> str:
            """A name of another module of the app, as this file knows it."""
            source, name = self.origin(source, name)
            theirs = self.file_of(source, file)
            place = self.name_of(source, name, theirs)
            if name in self.constants[source]:
                self._use(place, used)
            elif theirs != file:
                there, place = place, f"{source.replace('.', '_')}__{name}"
                wanted[(theirs, there, place)] = None
            return place

        for line in tree.body:
            if isinstance(line, ast.ImportFrom) and (source := self.target(module, line)) is not None:
                for alias in line.names:
                    inner = f"{source}.{alias.name}".lstrip(".")
                    if inner in self.trees:
                        modules[alias.asname or alias.name] = _Reach(bring, inner)
                    else:
                        names[alias.asname or alias.name] = bring(source, alias.name)
            elif isinstance(line, ast.ImportFrom):
                for alias in line.names:
                    bound = alias.asname or alias.name
                    place = bound if bound == alias.name else f"{line.module}__{alias.name}"
                    names[bound] = place
                    wanted[(f"={line.module}", alias.name, place)] = None
            elif isinstance(line, ast.Import):
                for alias in line.names:
                    wanted[("", alias.name, alias.asname or alias.name)] = None
            else:
                body.append(line)
        own = self.constants[module]
        for name in top(tree):
            names.setdefault(name, self.name_of(module, name, file))
        for name in own:
            self._use(self._constant(module, name), used)
        kept = []
        for line in body:
            if isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant):
                continue
            if isinstance(line, ast.Assign):
                bound = [n.id for t in line.targets for n in ast.walk(t) if isinstance(n, ast.Name)]
                if bound == ["__all__"] or set(bound) <= set(own):
                    continue
            kept.append(copy.deepcopy(line))
        rename = Rename(module, names, modules)
        kept = [rename.visit(line) for line in kept]
        self._inside(module, kept, file)
        return kept, wanted, used

    def _inside(self, module: str, lines: list[ast.stmt], file: str) -> None:
        """Imports within functions keep their place; what they name must not be part of another file."""
        for line in lines:
            for node in ast.walk(line):
                if isinstance(node, ast.ImportFrom) and (source := self.target(module, node)) is not None:
                    for alias in node.names:
                        inner = f"{source}.{alias.name}".lstrip(".")
                        if source in self.home or inner in self.home:
                            raise ImageInvalid(f"{module}:{node.lineno}: {inner} is joined.", "Import it at the top.")
                    if file != module:  # it moves to another folder
                        node.module, node.level = source or None, 1 + file.count(".")

    def order(self, host: str) -> list[str]:
        """The modules of a file, each after those that it needs."""
        done: list[str] = []
        inside = {one for one, file in self.home.items() if file == host} | {*self.copied.get(host, ()), host}

        def visit(module: str) -> None:
            if module in done or module not in inside:
                return
            for each in self.imported(module):
                visit(each)
            done.append(module)

        for module in sorted(inside):
            visit(module)
        done.remove(host)
        return [*done, host]

    def file(self, host: str) -> str:
        lines: list[ast.stmt] = []
        wanted: dict[tuple[str, str, str], None] = {}
        used: dict[str, ast.expr] = {}
        for module in self.order(host):
            more, imports, values = self.rewritten(module, host)
            lines += more
            wanted |= imports
            used |= values
        if used:
            wanted[("=micropython", "const", "const")] = None
        first: list[ast.stmt] = []
        for source, name, place in wanted:
            alias = ast.alias(name, None if place == name else place)
            if not source:
                first.append(ast.Import([alias]))
            elif source[0] == "=":
                first.append(ast.ImportFrom(source[1:], [alias], 0))
            else:
                first.append(ast.ImportFrom(source, [alias], 1 + host.count(".")))
        const = ast.Name("const", ast.Load())
        first += [ast.Assign([ast.Name(n, ast.Store())], ast.Call(const, [used[n]], [])) for n in used]
        text = ast.unparse(ast.fix_missing_locations(ast.Module(first + lines, [])))
        _bound_once(_path(host), lines)
        if lost := unbound(text):
            raise ImageInvalid(f"{_path(host)}: {lost[0]} is not defined once modules are joined.", "Rename it.")
        return text

    def members(self, host: str) -> dict[str, dict[str, str]]:
        return {
            module: {name: self.name_of(module, name, host) for name in top(self.trees[module])}
            for module in self.order(host)
        }


class _Reach(dict):
    """Names of a module that is used as one, brought when they are first asked for."""

    def __init__(self, bring, module: str) -> None:
        super().__init__()
        self._bring, self._module = bring, module

    def __missing__(self, name: str) -> str:
        return self._bring(self._module, name)


def _names_company(line: ast.stmt) -> bool:
    """WITH = (...): what is dropped together with a module, whether it is a file of its own or not."""
    return isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "WITH"


def _bound_once(path: str, lines: list[ast.stmt]) -> None:
    met: set[str] = set()
    for line in lines:
        if isinstance(line, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            if line.name in met:
                raise ImageInvalid(f"{path}: two of its modules define {line.name}.", "Rename one of them.")
            met.add(line.name)


def join(sources: Mapping[str, str]) -> Joined:
    """Fewer files that do the same."""
    work = _Join(sources)
    hosts = [module for module in sorted(work.trees) if module not in work.home]
    return Joined(
        {_path(host): work.file(host) for host in hosts}, {_path(host): work.members(host) for host in hosts}
    )
