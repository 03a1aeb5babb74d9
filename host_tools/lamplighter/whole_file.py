"""A file is written whole or not at all: beside its place first, then renamed."""

from __future__ import annotations

import os
from pathlib import Path

from .problems import ImageInvalid


def write(path: Path, content: bytes, remedy: str) -> None:
    """Write, with the folders on the way. Raises ImageInvalid with the remedy where the system refuses."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.write_bytes(content)
            beside.replace(path)
        except OSError:
            beside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ImageInvalid(f"{path} cannot be written: {error.strerror}.", remedy) from None
