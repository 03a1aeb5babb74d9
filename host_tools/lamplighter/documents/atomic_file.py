"""A file is written whole or not at all: beside its place first, then renamed; and by one program at a time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from .. import this_system
from ..problems import FileRefused, Problem

WAIT_S = 60.0  # for a lock; who holds one changes one file


def write(
    path: Path, content: bytes, remedy: str, mode: int = 0o666, problem: type[Problem] = FileRefused,
    folder_mode: int = 0o777,
) -> None:  # fmt: skip
    """Write, with the folders on the way. Raises `problem` with the remedy where the system refuses.

    mode -- before the user's mask; 0o600 for what only the owner may read, from its first byte on
    """
    if not this_system.takes_name(path.name):
        raise problem(f"{path.name} cannot be the name of a file on Windows.", remedy)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(folder_mode, parents=True, exist_ok=True)
        try:
            beside.unlink(missing_ok=True)
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise problem(f"{path} cannot be written: {error.strerror}.", remedy) from None
    except ValueError:  # a NUL in its name
        raise problem(f"{str(path)!r} cannot be the name of a file.", remedy) from None


@contextlib.contextmanager
def locked(lock: Path, remedy: str, problem: type[Problem] = FileRefused) -> Iterator[None]:
    """Hold the lock file, so that read, change and write are one step. Raises `problem` after a minute of waiting."""
    import filelock

    try:
        held = filelock.FileLock(lock).acquire(timeout=WAIT_S)
    except filelock.Timeout:
        cause = f"{lock.parent} has been in use by another lamplighter for {WAIT_S:g} s."
        raise problem(cause, "Wait until the other command ends, and run this one again.") from None
    except OSError as error:
        raise problem(f"{lock} cannot be written: {error.strerror}.", remedy) from None
    with held:
        yield
