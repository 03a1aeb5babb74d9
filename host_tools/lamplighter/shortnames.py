"""Gives the app's internal names others that the chip has in ROM, so that the node keeps none of them on its heap.

MicroPython holds every name that is not in its ROM in a pool: 7 bytes and its letters. Renamed are names that begin
with one underscore, parameters that nobody passes by keyword, and what modules of the app share among themselves.
Names of public attributes, strings and what stock modules define stay. A name has one substitute in the whole app;
two names share one where no file and no family of classes has both.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Mapping

from .problems import ImageInvalid

# In the ROM of every ESP32 MicroPython 1.23 to 1.29. Not here: what MicroPython looks up
# by itself (send, read; compiled into code: BaseException by `async with`, AssertionError, StopAsyncIteration, super).
NUMBERED = (  # .mpy version 6 numbers these instead of spelling them: their place in ROM is part of the file format
    "ArithmeticError AttributeError EOFError Ellipsis ImportError IndentationError LookupError "
    "NameError NoneType NotImplementedError OverflowError SyntaxError SystemExit ZeroDivisionError builtins "
    "bytecode callable classmethod dir endswith eval exec hash isalpha islower isspace issubclass isupper iter "
    "keys locals lstrip map ord popitem pow reverse rfind rindex rstrip sep setattr setdefault sort tuple type "
    "update "
)
SPELT = (  # of builtins, math, set and heapq
    "acosh asinh atan atan2 atanh ceil copysign cosh degrees erf erfc exp expm1 fabs floor fmod frexp gamma "
    "isfinite isinf isnan ldexp lgamma log10 log2 modf radians sinh sqrt tan tanh trunc bin complex "
    "difference_update discard filter fromkeys frozenset generator heapify heappop heappush imag intersection "
    "intersection_update isdisjoint issubset issuperset iterator oct real reversed rpartition splitlines "
    "symmetric_difference union bound_method closure "
)
ROM = tuple((NUMBERED + SPELT).split())
# what boot.py, main.py, the host, a test at the console or a stock module looks up by its letters
KEEP = {"_io_queue", "_task_queue", "VERSION", "BUILD", "main", "selftest", "adopt", "another_meter", "settle"} | {
    "read_out", "begin_anew", "take_over"
}  # fmt: skip
_IDENTIFIERS = ("id", "attr", "arg", "name", "asname")


def _identifiers(tree: ast.AST) -> Iterator[tuple[ast.AST, str, str]]:
    """(node, its field, the identifier): everything in the source that is a name, and no string."""
    for node in ast.walk(tree):
        for field in _IDENTIFIERS:
            if isinstance(value := getattr(node, field, None), str):
                yield node, field, value
        for name in getattr(node, "names", ()) if isinstance(node, (ast.Global, ast.Nonlocal)) else ():
            yield node, "names", name


def _names(tree: ast.AST) -> set[str]:
    return {name for _, _, name in _identifiers(tree)}


def _is_private(name: str) -> bool:
    return len(name) > 1 and name[0] == "_" and name[1] != "_"


def _constants(tree: ast.Module) -> set[str]:
    # `_X = const(1)` leaves no name behind, as long as it begins with an underscore
    return {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name) and node.value.func.id == "const"
        for target in node.targets if isinstance(target, ast.Name) and _is_private(target.id)
    }  # fmt: skip


def _app_modules(tree: ast.Module, stems: set[str]) -> set[str]:
    # what `from ..core import codec` binds, unless something else in the file has that name too
    bound = {
        alias.asname or alias.name
        for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names if alias.name in stems
    }  # fmt: skip
    other = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return bound - other - {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _of_objects(tree: ast.Module, stems: set[str]) -> Iterator[ast.Attribute]:
    """Attributes of anything but a module of the app."""
    modules = _app_modules(tree, stems)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and not (isinstance(node.value, ast.Name) and node.value.id in modules):
            yield node


def _stems(trees: Mapping[str, ast.Module]) -> set[str]:
    return {part.removesuffix(".py") for path in trees for part in path.split("/")}


def renamable(trees: Mapping[str, ast.Module]) -> set[str]:
    """What the app itself names: private names, and parameters and names of modules that are nothing else anywhere."""
    stems = _stems(trees)
    private, internal, taken = set(), set(), KEEP | stems | set(dir(builtins)) | {"self", "cls"}
    public = set()  # what objects, keywords and other people's modules have
    for path, tree in trees.items():
        taken |= _constants(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                taken.add(node.value)
            elif isinstance(node, ast.arg):
                internal.add(node.arg)
            elif isinstance(node, ast.keyword):
                public.add(node.arg)
            elif isinstance(node, ast.Import) or isinstance(node, ast.ImportFrom) and not node.level:
                public |= {part for alias in node.names for part in (alias.name, alias.asname) if part}
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                private.add(node.id)
            elif isinstance(node, ast.alias) and node.asname:
                private.add(node.asname)
                public.add(node.asname)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                private.add(node.name)
                (internal if node in tree.body else public).add(node.name)
                if node.name == "__init__" and "/drivers/" in path:  # options that config.json names
                    public |= {each.arg for each in ast.walk(node.args) if isinstance(each, ast.arg)}
            elif isinstance(node, ast.ClassDef):
                private.add(node.name)
                # people read what failed; shelf.py finds a driver by its file's name
                kept = node.name.endswith("Fault") or path.endswith(f"/drivers/{node.name.lower()}.py")
                (public if kept else internal).add(node.name)
                public |= {each.id for line in node.body if isinstance(line, (ast.Assign, ast.AnnAssign))
                           for each in ast.walk(line) if isinstance(each, ast.Name)}  # fmt: skip
        for node in tree.body:
            if isinstance(node, ast.Assign):
                internal |= {each.id for each in ast.walk(node) if isinstance(each, ast.Name)
                             and isinstance(each.ctx, ast.Store)}  # fmt: skip
        for node in _of_objects(tree, stems):
            public.add(node.attr)
            if isinstance(node.ctx, ast.Store):
                private.add(node.attr)
    private = {name for name in private | internal if _is_private(name)}
    return (private | {name for name in internal if name[0] != "_"} - public) - taken


def families(trees: Mapping[str, ast.Module]) -> list[set[str]]:
    """Files whose classes inherit from one another, together; every other file alone."""
    defines: dict[str, set[str]] = {}
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                defines.setdefault(node.name, set()).add(path)
    found = [{path} for path in trees]
    for path, tree in trees.items():
        bases = [base for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for base in node.bases]
        wanted = {path}.union(*(defines.get(ast.unparse(base).rpartition(".")[2], set()) for base in bases))
        found = [f for f in found if not f & wanted] + [set().union(*(f for f in found if f & wanted))]
    return found


def choose(trees: Mapping[str, ast.Module]) -> dict[str, str]:
    """{name: its substitute}, the same for the same sources."""
    wanted = renamable(trees)
    names = {path: _names(tree) for path, tree in trees.items()}
    used = set().union(*names.values())
    used |= {n.value for t in trees.values() for n in ast.walk(t) if isinstance(n, ast.Constant) and n.value.__hash__}
    free = [name for name in ROM if name not in used]
    groups = [set().union(*(names[path] for path in family)) & wanted for family in families(trees)]
    # an attribute of another object than self may belong to a class of any file
    foreign = {
        node.attr
        for tree in trees.values()
        for node in _of_objects(tree, _stems(trees))
        if ast.unparse(node.value) not in ("self", "cls")
    } & wanted
    groups = [group | foreign for group in groups]
    chosen: dict[str, str] = {}
    for name in sorted(wanted, key=lambda name: (-max(len(group) for group in groups if name in group), name)):
        near = {chosen[other] for group in groups if name in group for other in group if other in chosen}
        place = next((place for place in free if place not in near), None)
        if place is None:
            place = f"_{len(free)}"
            free.append(place)
        chosen[name] = place
    return chosen


def shorten(
    sources: Mapping[str, str], substitutes: Mapping[str, str] | None = None
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """({path: source with the substitutes}, {module: {substitute: name}}); refused where two names would meet."""
    trees: dict[str, ast.Module] = {}
    for path, text in sources.items():
        try:
            trees[path] = ast.parse(text)
        except SyntaxError as error:
            raise ImageInvalid(f"{path} does not compile: line {error.lineno}: {error.msg}", "Correct it.") from None
    places = choose(trees) if substitutes is None else substitutes
    for family in families(trees):
        _no_two_meet(sorted(family), set().union(*(_names(trees[path]) for path in family)), places)
    back = {
        module_name(path): {places[name]: name for name in sorted(_names(tree)) if name in places}
        for path, tree in trees.items()
    }
    return {path: _renamed(tree, path, places) for path, tree in trees.items()}, back


def module_name(path: str) -> str:
    """lamppost/link/mqtt.py -> lamppost.link.mqtt"""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _no_two_meet(paths: list[str], names: set[str], places: Mapping[str, str]) -> None:
    met: dict[str, str] = {}
    for name in sorted(names):
        place = places.get(name, name)
        if met.setdefault(place, name) != name:
            raise ImageInvalid(
                f"{', '.join(paths)}: {met[place]} and {name} would both be {place} on the node.", "Rename one of them."
            )


def _renamed(tree: ast.Module, path: str, places: Mapping[str, str]) -> str:
    for node, field, name in list(_identifiers(tree)):
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            node.names = [places.get(each, each) for each in node.names]
        else:
            setattr(node, field, places.get(name, name))
    for node in ast.walk(tree):
        # `..core.codec` would be one more name; the node keeps `lamppost.core.codec` anyway
        if isinstance(node, ast.ImportFrom) and node.level > 1 and node.module:
            node.module = ".".join([*path.split("/")[: -node.level], node.module])
            node.level = 0
    return ast.unparse(tree)
