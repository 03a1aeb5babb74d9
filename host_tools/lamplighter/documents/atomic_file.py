"""A file is written whole or not at all: beside its place first, then renamed; and by one program at a time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ..problems import ImageInvalid, Problem


def write(path: Path, content: bytes, remedy: str, mode: int = 0o666, problem: type[Problem] = ImageInvalid) -> None:
    """Write, with the folders on the way. Raises `problem` with the remedy where the system refuses.

    mode -- before the user's mask; 0o600 for what only the owner may read, from its first byte on
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.unlink(missing_ok=True)
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except OSError:
            beside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise problem(f"{path} cannot be written: {error.strerror}.", remedy) from None


@contextlib.contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Hold what the file `lock` stands for, waiting for it: read, change, write are one step then (not on Windows)."""
    if os.name == "nt":
        yield
        return
    import fcntl

    with lock.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
