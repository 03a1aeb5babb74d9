"""Puts names at the head of a file's table that its own code would put further back, or not at all.

The table has names in the order in which the compiler meets them, also where the code is never reached. Compiled code
names things by their place there, in one byte up to the 127th and in two from there on: so what a large file uses most
comes first. And a name that is not in the chip's ROM stays on the heap for ever once a file with it was loaded: what
borrowed files would leave between all that comes and goes is named by one that is loaded while the heap is empty.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping

from .bundle import Joined
from .module_scope import bound_in, constants
from .shortnames import ROM

_PLACES = 126  # the first two are the file's own name and that of its top
_SHORT = 10  # letters of a string that is kept as a name
# files that are loaded at every start of a node that needs them, and given back: what is borrowed later, in the first
# hour at the latest, and would leave its names then
_EARLY = {
    "assembly": [
        "core.payload", "core.quantities", "core.clock_setting", "journal.block", "journal.folded", "journal.folding",
        "journal.noting", "journal.ring", "link.time.asking", "link.closing", "link.dial", "link.drain", "link.mqtt.heard",
        "link.mqtt.hello", "link.joining", "link.opening", "link.own", "link.mqtt.publisher", "link.backoff", "ops.alarming",
        "ops.beginning", "ops.status", "ops.boot_slot", "ops.telling",
    ],
    "sensing.setup": ["sensing.parking.message", "sensing.parking.calibration_store", "sensing.energy.metered", "sensing.energy.weighing"],
    "sensing.air.setup": ["sensing.air.aired", "sensing.air.history"],
}  # fmt: skip


def _uses(tree: ast.Module) -> Counter[str]:
    """How often each name is looked up in the file's table, about: local names are not in it."""
    found: Counter[str] = Counter()
    gone = constants(tree)

    def visit(node: ast.AST, local: set[str]) -> None:
        for child in ast.iter_child_nodes(node):
            inside = local
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                inside = local | bound_in(child)
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                found[child.name] += 1
            elif isinstance(child, ast.Attribute):
                found[child.attr] += 1
            elif isinstance(child, ast.arg):
                found[child.arg] += 1
            elif isinstance(child, ast.Name) and child.id not in local and child.id not in gone:
                found[child.id] += 1
            elif isinstance(child, ast.Constant) and isinstance(child.value, str) and len(child.value) <= _SHORT:
                found[child.value] += 1
            elif isinstance(child, ast.Tuple) and all(isinstance(one, ast.Constant) for one in child.elts):
                continue  # one object of the file
            elif isinstance(child, ast.Call) and isinstance(child.func, ast.Name) and child.func.id == "const":
                continue  # put where it is used, as an object too
            visit(child, inside)

    visit(tree, set())
    return found


def arranged(texts: Mapping[str, str], joined: Joined) -> dict[str, str]:
    """The same files; those are unchanged that have few names."""
    place = {last: path for path, members in joined.members.items() for last in [*members][-1:]}
    early = {
        place[file]: {name for one in row if one in place for name in _uses(ast.parse(texts[place[one]]))} - set(ROM)
        for file, row in _EARLY.items() if file in place
    }  # fmt: skip
    return {path: _headed(text, early.get(path, set())) for path, text in texts.items()}


def _headed(text: str, early: set[str]) -> str:
    uses = _uses(ast.parse(text))
    often = sorted(name for name, _ in uses.most_common(_PLACES) if name.isidentifier() and name != "const")
    if len(uses) <= _PLACES:
        often = []
    words = ["".join(f".{name}" for name in often).strip("."), *(repr(name) for name in sorted(early - {*often}))]
    # no code comes of what stands behind `break`, but its names have been met
    return f"while True:\n    break\n    [{', '.join(filter(None, words))}]\n{text}" if any(words) else text
