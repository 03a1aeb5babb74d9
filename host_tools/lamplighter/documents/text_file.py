"""A text from a file, standard input or the environment: UTF-8, with or without a byte order mark, or a Problem."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ..problems import Problem

LARGEST = 512 << 20  # bytes, a year of readings; a device or a pipe never ends
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read(path: Path, problem: type[Problem], remedy: str | None = None) -> str:
    """The text of a file without its byte order mark. Raises `problem`."""
    return decoded(read_bytes(path, problem, remedy), str(path), problem)


def read_bytes(path: Path, problem: type[Problem], remedy: str | None = None) -> bytes:
    """Its bytes. Raises `problem` where there is no file, none that can be read, or one beyond LARGEST."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise problem(f"There is no file {path}.", remedy or "Check its name and its folder.") from None
    except OSError as error:
        raise problem(f"{path} cannot be read: {error.strerror}.", remedy) from None
    except ValueError:  # a NUL in its name
        raise problem(f"{str(path)!r} cannot be the name of a file.", remedy) from None
    if len(data) > LARGEST:
        raise problem(f"{path} has more than {LARGEST >> 20} MB.", remedy)
    return data


def stdin(problem: type[Problem]) -> str:
    """Standard input to its end. Raises `problem`."""
    raw = getattr(sys.stdin, "buffer", None)
    data = raw.read(LARGEST + 1) if raw else sys.stdin.read().encode("utf-8", "surrogatepass")
    if len(data) > LARGEST:
        raise problem(f"stdin has more than {LARGEST >> 20} MB.")
    return decoded(data, "stdin", problem)


def decoded(data: bytes, name: str, problem: type[Problem]) -> str:
    """The text of bytes in UTF-8. Raises `problem`."""
    if data.startswith(_UTF16):
        raise problem(f"{name} is not UTF-8 text, but UTF-16.", "Save it as UTF-8.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise problem(f"{name}:{line}: this is not UTF-8 text.", "Save it as UTF-8.") from None


def variable(name: str) -> str | None:
    """An environment variable; None where it is not set. Raises ValueError where its bytes are not UTF-8."""
    value = os.environ.get(name)
    if value is not None and not is_text(value):
        raise ValueError(f"the environment variable {name} is not UTF-8 text")
    return value


def is_text(value: str) -> bool:
    """False for half of a surrogate pair, which is no character and goes into no file."""
    return not any("\ud800" <= letter <= "\udfff" for letter in value)
