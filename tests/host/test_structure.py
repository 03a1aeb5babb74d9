"""The host tools are a tree: imports run one way, and a file's name stands for one thing."""

import ast
import graphlib
import re
from pathlib import Path

import pytest
from lamplighter import paths

PACKAGE = Path(paths.__file__).parent
FIRMWARE = paths.folder("firmware")
ON_THE_CHIP = ("chip_modules",)  # named as MicroPython names them
MODULES = {
    ".".join(("lamplighter", *file.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): file
    for file in PACKAGE.rglob("*.py")
    if not set(ON_THE_CHIP) & set(file.parts)
}


def imported(name: str) -> set[str]:
    """Modules of the package that a module imports, also within its functions, but not for type checking."""
    file = MODULES[name]
    package = name.split(".") if file.name == "__init__.py" else name.split(".")[:-1]
    found = set()
    for node in running(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            for one in node.names:
                found |= {f"{module}.{one.name}", module} & MODULES.keys()
                if f"{module}.{one.name}" in MODULES and module == "lamplighter":
                    found.discard(module)
    return found - {name}


def running(tree: ast.AST):
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield node
        yield from running(node)


def cycle(graph: dict[str, set[str]]) -> list[str]:
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return error.args[1]
    return []


def test_no_module_imports_itself_by_way_of_others():
    assert cycle({name: imported(name) for name in MODULES}) == []


def test_no_folder_imports_itself_by_way_of_others():
    def room(name: str) -> str:
        return name.split(".")[1] if "." in name else name

    graph: dict[str, set[str]] = {}
    for name in MODULES:
        graph.setdefault(room(name), set()).update(room(other) for other in imported(name))
    assert cycle({name: others - {name} for name, others in graph.items()}) == []


@pytest.mark.parametrize("root", [PACKAGE, FIRMWARE / "lamppost"], ids=["lamplighter", "lamppost"])
def test_each_name_of_a_file_is_there_once(root):
    """A verb may have the name of the folder or file that does its work."""
    files: dict[str, list[str]] = {}
    for file in sorted(root.rglob("*.py")):
        if not file.name.startswith("__") and file.parent.name not in ("commands", *ON_THE_CHIP):
            files.setdefault(file.name, []).append(file.relative_to(root).as_posix())
    assert [where for where in files.values() if len(where) > 1] == []


def test_what_the_host_has_a_node_import_is_in_the_firmware():
    absent = []
    for name, file in MODULES.items():
        text = file.read_text(encoding="utf-8")
        for module, names in re.findall(r"^\s*from (lamppost[\w.]*) import ([\w, ]+)", text, re.MULTILINE):
            place = FIRMWARE / module.replace(".", "/")
            for one in names.split(","):
                one = one.split(" as ")[0].strip()
                inside = place.with_suffix(".py")
                there = (place / f"{one}.py").is_file() or (place / one).is_dir()
                there = there or (inside.is_file() and re.search(rf"\b{one}\b", inside.read_text(encoding="utf-8")))
                if not there and module != "lamppost":
                    absent.append(f"{name}: from {module} import {one}")
    assert absent == []

