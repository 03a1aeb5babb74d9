"""Puts the names that a large file uses most at the head of its table: they then take one byte wherever they stand.

Compiled code names things by their place in the file's table of names, which has one byte up to the 127th and two from
there on. The table has them in the order in which the compiler meets them, also where the code is never reached.
"""

from __future__ import annotations

import ast
from collections import Counter

from .module_scope import bound_in, constants

_PLACES = 126  # the first two are the file's own name and that of its top
_SHORT = 10  # letters of a string that is kept as a name


def _uses(tree: ast.Module) -> Counter[str]:
    """How often each name is looked up in the file's table, about: local names are not in it."""
    found: Counter[str] = Counter()
    gone = constants(tree)

    def visit(node: ast.AST, local: set[str]) -> None:
        for child in ast.iter_child_nodes(node):
            inside = local
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                inside = bound_in(child)
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
            visit(child, inside)

    visit(tree, set())
    return found


def arranged(text: str) -> str:
    """The same file; unchanged where all its names have one byte anyway."""
    uses = _uses(ast.parse(text))
    if len(uses) <= _PLACES:
        return text
    often = sorted(name for name, _ in uses.most_common(_PLACES) if name.isidentifier() and name != "const")
    # no code comes of what stands behind `break`, but its names have been met
    return f"while True:\n    break\n    {'.'.join(often)}\n{text}"
