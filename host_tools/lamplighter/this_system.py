"""What differs on Windows: its names of files, and how a command line is written."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Sequence

# a device has these names in every folder, whatever suffix follows
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_NO_NAME = re.compile(r'[<>:"|?*\\\x00-\x1f]|[. ]$')


def is_windows() -> bool:
    return sys.platform == "win32"


def takes_name(name: str) -> bool:
    """False for the name of a file that this system gives to a device, or does not have."""
    return not (is_windows() and (_DEVICE.fullmatch(name) or _NO_NAME.search(name)))


def words_of(command: str) -> str | list[str]:
    """What subprocess runs for a command line of the user's. On Windows, where a backslash is part of a path, the text
    itself: programs split it there. Raises ValueError for a quote without end."""
    return command if is_windows() else shlex.split(command)


def command_line(words: Sequence[str]) -> str:
    """The words as they are typed in this system's shell."""
    return subprocess.list2cmdline(words) if is_windows() else shlex.join(words)
