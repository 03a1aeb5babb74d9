"""A file is written whole or not at all: beside its place first, then renamed."""

from __future__ import annotations

import os
from pathlib import Path

from .problems import ImageInvalid, Problem


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
