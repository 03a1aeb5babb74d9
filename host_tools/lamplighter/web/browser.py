"""Opens a page in the browser of whoever sits at this computer."""

from __future__ import annotations

import os
import sys
import webbrowser


def there_is_a_screen() -> bool:
    """True where a browser's window would be seen: a desktop, nobody over SSH, no continuous integration."""
    if os.environ.get("CI") or os.environ.get("SSH_CONNECTION"):
        return False
    if sys.platform.startswith(("win", "darwin")):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def show(address: str) -> bool:
    """True if a browser was asked to open the address; nothing happens where there is no screen."""
    if not there_is_a_screen():
        return False
    try:
        return webbrowser.open(address)
    except (webbrowser.Error, OSError):
        return False
