"""`make check`: lint, types, the one-way import rule, and reaches into private attributes."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIRMWARE = ROOT / "firmware"
STUBS = ROOT / ".cache" / "stubs"
STUBS_VERSION = "micropython-esp32-stubs==1.29.0.post1"
PRIVATE_MOST = 10
FLOW = ["buses", "drivers", "sensing", "journal", "lamp", "link", "ops"]  # data moves to the right, imports follow it


def ruff() -> list[str]:
    command = [sys.executable, "-m", "ruff", "check", "--quiet", "--output-format=concise", "."]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.stdout.splitlines() + done.stderr.splitlines() if done.returncode else []


def pyright(project: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "-p", str(project)], cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode == 0:
        return []
    return [line for line in done.stdout.splitlines() + done.stderr.splitlines() if "error" in line]


def stubs() -> None:
    """MicroPython's types live in a folder of their own: they would shadow CPython's for the host code."""
    if (STUBS / "machine.pyi").exists():
        return
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(STUBS), STUBS_VERSION]
    subprocess.run(command, check=True, capture_output=True)


def imports() -> list[str]:
    """A file imports from its own folder, core/, and the folders before it in the flow; app.py and assembly.py see all.

    Every import counts, also within a function and by __import__, whose argument must begin with a literal.
    """
    errors = []
    for source in sorted((FIRMWARE / "lamppost").rglob("*.py")):
        where = source.relative_to(FIRMWARE).parts
        if len(where) == 2:
            continue
        folder = where[1]
        before = FLOW[: FLOW.index(folder)] if folder in FLOW else []
        for line, target in imported(where[:-1], ast.parse(source.read_text())):
            if target not in {folder, "core", *before}:
                errors.append(f"{'/'.join(where[1:])}:{line}: {folder}/ may not import from {target}/")
    return errors


def imported(package: tuple[str, ...], tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, folder of lamppost/ that is imported from) of every import of the app; "lamppost" for the top."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names = [module] if module != "lamppost" else [f"lamppost.{name.name}" for name in node.names]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "__import__":
            names = [dynamic(node.args[0])]
        else:
            continue
        for name in names:
            top, _, rest = name.partition(".")
            if top == "lamppost":
                yield node.lineno, rest.partition(".")[0] or "lamppost"


def dynamic(name: ast.expr) -> str:
    """The module that an __import__ names, as far as the literal at its beginning says."""
    while isinstance(name, ast.BinOp):
        name = name.left
    return str(name.value) if isinstance(name, ast.Constant) else "lamppost"


def private() -> list[str]:
    """Where the firmware reaches into another object's _private; PRIVATE_MOST is the limit."""
    found = []
    for source in sorted(FIRMWARE.rglob("*.py")):
        place = source.relative_to(FIRMWARE).as_posix()
        found += [f"{place}:{line}: {words}" for line, words in reaches(ast.parse(source.read_text()))]
    return found


def reaches(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, expression) of each `other._name`."""
    for node in ast.walk(tree):
        own = not isinstance(node, ast.Attribute) or ast.unparse(node.value) in ("self", "cls", "super()")
        if not own and node.attr.startswith("_") and not node.attr.endswith("__"):
            yield node.lineno, ast.unparse(node)


def main() -> int:
    stubs()
    private_reaches = private()
    failed = False
    for name, errors in [
        ("ruff", ruff()),
        ("pyright, host", pyright(ROOT)),
        ("pyright, firmware", pyright(FIRMWARE)),
        ("one-way imports", imports()),
        (f"{len(private_reaches)} reaches into another object's _private, at most {PRIVATE_MOST}",
         private_reaches if len(private_reaches) > PRIVATE_MOST else []),
    ]:
        print(f"{'FAIL' if errors else 'ok  '} {name}")
        for line in errors:
            print("     " + line)
        failed |= bool(errors)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
