"""A module's own names in its syntax tree: which are constants, and how one is given another name where it is meant."""

from __future__ import annotations

import ast
import builtins
import symtable

from ..problems import ImageInvalid


def _is_const(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "const"


def _is_literal(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) or isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant)


def constants(tree: ast.Module) -> dict[str, ast.expr]:
    """{name: its value} of what a module names once and for all: numbers, letters and words."""
    found: dict[str, ast.expr] = {}
    for node in tree.body:
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        target, value = node.targets[0], node.value
        if isinstance(target, ast.Name) and isinstance(value, ast.Call) and _is_const(value):
            found[target.id] = value.args[0]
        elif isinstance(target, ast.Tuple):
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                value = ast.Tuple([ast.Constant(letter) for letter in value.value], ast.Load())
            if isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts):
                each = [one.args[0] if isinstance(one, ast.Call) and _is_const(one) else one for one in value.elts]
                if all(_is_literal(one) for one in each):
                    names = [one.id for one in target.elts if isinstance(one, ast.Name)]
                    found.update(zip(names, each, strict=True))
    # what is told to `global` or bound twice is no constant
    told = {name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names}
    return {name: value for name, value in found.items() if _times_bound(tree, name) == 1 and name not in told}


def _times_bound(tree: ast.Module, name: str) -> int:
    return sum(
        isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == name
        for line in tree.body for node in ast.walk(line) if not isinstance(line, (ast.FunctionDef, ast.ClassDef))
    )  # fmt: skip


def bound_in(function: ast.AST) -> set[str]:
    """Names that are bound in a function itself, not in those inside of it."""
    args = function.args  # type: ignore[attr-defined]
    found = {one.arg for one in [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg] if one}
    if isinstance(function, ast.Lambda):
        return found
    todo = list(function.body)  # type: ignore[attr-defined]
    while todo:
        node = todo.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
            continue
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            found.add(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
        todo += ast.iter_child_nodes(node)
    return found


class Rename(ast.NodeTransformer):
    """Gives a module's own names and what it imports the names that they have in the joined file."""

    def __init__(self, path: str, names: dict[str, str], modules: dict[str, dict[str, str]]) -> None:
        self.path, self.names, self.modules = path, names, modules
        self.hidden: list[set[str]] = []

    def _seen(self, name: str) -> bool:
        return not any(name in each for each in self.hidden)

    def _function(self, node):
        if self._seen(node.name) and not self.hidden and not self.in_class:
            node.name = self.names.get(node.name, node.name)
        self._outside(node)
        return self._inner(node)

    def _outside(self, node):
        node.decorator_list = [self.visit(one) for one in node.decorator_list]
        node.args.defaults = [self.visit(one) for one in node.args.defaults]
        node.args.kw_defaults = [one and self.visit(one) for one in node.args.kw_defaults]

    def _inner(self, node):
        node.returns = None
        for one in ast.walk(node.args):
            if isinstance(one, ast.arg):
                one.annotation = None
        outside, self.in_class = self.in_class, False
        self.hidden.append(bound_in(node))
        node.body = [self.visit(one) for one in node.body]
        self.hidden.pop()
        self.in_class = outside
        return node

    in_class = False
    visit_FunctionDef = visit_AsyncFunctionDef = _function

    def visit_Lambda(self, node):
        node.args.defaults = [self.visit(one) for one in node.args.defaults]
        self.hidden.append(bound_in(node))
        node.body = self.visit(node.body)
        self.hidden.pop()
        return node

    def visit_ClassDef(self, node):
        if not self.hidden:
            node.name = self.names.get(node.name, node.name)
        node.bases = [self.visit(one) for one in node.bases]
        outside, self.in_class = self.in_class, True
        bound: set[str] = set()  # so far: a class may give a name of the module to one of its own
        self.hidden.append(bound)
        body = []
        for one in node.body:
            if isinstance(one, (ast.Assign, ast.AnnAssign)):
                if one.value:
                    one.value = self.visit(one.value)
                body.append(one)
            elif isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self._outside(one)
                self.hidden.pop()  # what a class binds is not seen in its methods
                body.append(self._inner(one))
                self.hidden.append(bound)
            else:
                body.append(self.visit(one))
            bound |= binds(one)
        self.hidden.pop()
        node.body = body
        self.in_class = outside
        return node

    def visit_Global(self, node):
        node.names = [self.names.get(name, name) for name in node.names]
        return node

    def visit_Name(self, node):
        if self._seen(node.id):
            if node.id in self.modules:
                where = f"{self.path}:{node.lineno}"
                raise ImageInvalid(f"{where}: {node.id} is joined with other modules.", "Import names.")
            node.id = self.names.get(node.id, node.id)
        return node

    def visit_Attribute(self, node):
        if isinstance(node.value, ast.Name) and node.value.id in self.modules and self._seen(node.value.id):
            return ast.copy_location(ast.Name(self.modules[node.value.id][node.attr], node.ctx), node)
        node.value = self.visit(node.value)
        return node

    def visit_ImportFrom(self, node):
        return node


def top(tree: ast.Module) -> list[str]:
    """Names that a module defines."""
    found = []
    for line in tree.body:
        if isinstance(line, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.append(line.name)
        elif isinstance(line, ast.Assign):
            found += [n.id for t in line.targets for n in ast.walk(t) if isinstance(n, ast.Name)]
    return found


def unbound(text: str) -> list[str]:
    """What a module looks up among its names and does not define: one name was taken for another."""
    scope = symtable.symtable(text, "module", "exec")
    bound = {one.get_name() for one in scope.get_symbols() if one.is_assigned() or one.is_imported()}
    bound |= {*dir(builtins), "__name__", "const"}
    found: set[str] = set()
    todo = [scope]
    while todo:
        table = todo.pop()
        found |= {one.get_name() for one in table.get_symbols() if one.is_global() and one.is_referenced()} - bound
        todo += table.get_children()
    return sorted(found)


def binds(line: ast.stmt) -> set[str]:
    """Names that a line of a class's body binds: from there on these are meant, not the module's of the same name."""
    if isinstance(line, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {line.name}
    return {n.id for n in ast.walk(line) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
