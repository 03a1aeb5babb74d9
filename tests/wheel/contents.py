"""What a wheel of this checkout must hold, and what one holds."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTATION = "share/doc/lamplighter"  # below the environment's own folder
PAGES_OF_THE_TOP = ("README.md", "CHANGELOG.md", "LICENSE")
_WORKSHOP = {".py", ".yml"}  # docs/*.py and docs/pages make the pages: they are no documentation


def build(folder: Path, kind: str = "wheel", source: Path = ROOT) -> Path:
    """Build a wheel or an sdist of the source tree in the folder; its path. Needs no network."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(folder)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = folder.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return made


def expected() -> set[str]:
    """The files that the code and the documentation of the checkout consist of, under their names in the wheel."""
    package = ROOT / "host_tools" / "lamplighter"
    names = {f"lamplighter/{name}" for name in _below(package)}
    names |= {f"lamplighter/_{folder}/{name}" for folder in ("firmware", "boards") for name in _below(ROOT / folder)}
    pages = {*PAGES_OF_THE_TOP, *(f"boards/{name}" for name in _below(ROOT / "boards"))}
    pages |= {f"docs/{name}" for name in _below(ROOT / "docs") if Path(name).suffix not in _WORKSHOP or "/" in name}
    return names | {f"{DOCUMENTATION}/{name}" for name in pages if not name.startswith("docs/pages/")}


def held(wheel: Path) -> set[str]:
    """The files of a wheel, except what describes the wheel itself."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name and not name.endswith("/")}
    return {name.partition(".data/data/")[2] or name for name in names}


def _below(folder: Path) -> list[str]:
    """The files that git knows, or would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.split("\0") if name and (folder / name).is_file()]
