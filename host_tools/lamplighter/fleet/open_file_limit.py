"""Raises the limit of open files for this process and its children as far as the system allows."""

from __future__ import annotations

import sys

from ..problems import TooFewFiles

_OURS = 64  # besides the connections


def allow(connections: int) -> int:
    """Raise the limit of open files for so many connections; returns it. Raises TooFewFiles.

    What is started afterwards, as a broker, has the same limit.
    """
    if sys.platform == "win32":
        return connections
    import resource

    needed = connections + _OURS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < needed or soft < hard:
        for limit in (hard, needed) if hard == resource.RLIM_INFINITY else (min(hard, max(needed, hard)),):
            try:
                resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
                soft = limit
                break
            except (OSError, ValueError):
                continue  # macOS says unlimited and has a limit of its own
    if soft < needed:
        raise TooFewFiles(f"{connections} connections need {needed} open files, but the system allows {soft}.")
    return soft
