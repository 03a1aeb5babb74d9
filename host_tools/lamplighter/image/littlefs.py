"""The node's LittleFS, built on the host: what the board finds in its vfs partition at the first boot."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from littlefs import LittleFS, UserContext
from littlefs.errors import LittleFSError

from ..boards.board_file import Board
from ..boards.partitions import SECTOR
from ..paths import folder
from ..problems import BoardInvalid
from .compile import App, Cache, compile_app, compile_module

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
SLOTS = ("a", "b")


class _Recorder(UserContext):
    """A RAM flash that notes which blocks are read."""

    def __init__(self, content: bytearray) -> None:
        super().__init__(buffer=content)
        self.seen: set[int] = set()

    def read(self, cfg, block, off, size):
        # called 100,000 times for an image; the library's own read() formats a line for the log each time
        self.seen.add(block)
        start = block * SECTOR + off
        return self.buffer[start : start + size]


def slot(app: App) -> dict[str, bytes]:
    """The files of an app slot by path: the modules, what says which build they are, and a manifest of hashes."""
    says = f"VERSION = {app.version!r}\nBUILD = {app.build!r}\n"
    cache = Cache()  # an update sends the difference to what is in it
    found = {**app.modules, "lamppost/made.mpy": compile_module("lamppost/made.py", says, cache)}
    cache.save()
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(found.items())}
    return {**found, "manifest.json": _json({"version": app.version, "build": app.build, "files": hashes})}


def files(board: Board, app: App, source: Path | None = None) -> dict[str, bytes]:
    """Everything in the file system of a fresh node, by path."""
    source = source or folder("firmware")
    scripts = ("boot.py", "base_image.py", "main.py")
    found = {name: path.read_bytes() for name in scripts if (path := source / name).is_file()}
    if (lock := source / "lock.py").is_file():
        found["lock.mpy"] = compile_module("lock.py", lock.read_text(encoding="utf-8"))
    for letter in SLOTS:
        found.update({f"{letter}/{name}": content for name, content in slot(app).items()})
    found["state.json"] = _json({"active": "a"})
    found["board.json"] = _json(board.node_document())
    return found


def littlefs(board: Board, contents: dict[str, bytes]) -> tuple[bytes, set[int]]:
    """(the vfs partition's bytes, the blocks that must be written).

    The other blocks may hold anything: they are free. A directory's second block must be written although it is
    still erased, or an old one of the same place could be taken for newer.
    """
    size = board.partition("vfs").size
    flash = _Recorder(bytearray(b"\xff") * size)
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
    return bytes(flash.buffer), _blocks_in_use(flash.buffer)


def _blocks_in_use(image: bytearray) -> set[int]:
    # a reader that visits everything reads both blocks of every directory and each block of every file
    flash = _Recorder(image)
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
