"""What differs on Windows, which has other names for ports and files than all other systems."""

from __future__ import annotations

import re
import sys

# a device has these names in every folder, whatever suffix follows
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_NO_NAME = re.compile(r'[<>:"|?*\\\x00-\x1f]|[. ]$')


def is_windows() -> bool:
    return sys.platform == "win32"


def takes_name(name: str) -> bool:
    """False for the name of a file that this system gives to a device, or does not have."""
    return not (is_windows() and (_DEVICE.fullmatch(name) or _NO_NAME.search(name)))
