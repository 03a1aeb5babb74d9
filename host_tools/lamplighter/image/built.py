"""The packs that this computer has built: who knows what a node runs can tell it just what changed."""

from __future__ import annotations

import contextlib
from pathlib import Path

import platformdirs

from ..documents import atomic_file
from ..problems import Problem
from . import pack

KEPT = 40  # packs of about 80 kB


def _folder() -> Path:
    return Path(platformdirs.user_cache_dir("lamplighter")) / "apps"


def _path(head: bytes) -> Path:
    # the head ends in a checksum of all of the pack
    return _folder() / f"{head.hex()}.app"


def keep(data: bytes) -> None:
    """Lay a pack aside; a cache that cannot be written costs time later, and is no error."""
    path = _path(data[: pack.START])
    with contextlib.suppress(OSError, Problem):
        if path.exists():
            path.touch()
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_file.write(path, data, "")
        for old in sorted(_folder().glob("*.app"), key=lambda each: each.stat().st_mtime)[:-KEPT]:
            old.unlink(missing_ok=True)


def find(head: bytes) -> bytes | None:
    """The pack that begins so, if this computer has built it."""
    with contextlib.suppress(OSError, Problem):
        data = _path(head).read_bytes()
        pack.read(data)
        return data
    return None
