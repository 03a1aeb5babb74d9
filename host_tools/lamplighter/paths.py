"""Paths of the firmware, the boards and a copy of the firmware that CPython can import."""

from __future__ import annotations

import sys
import types
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_CHECKOUT = _HERE.parent.parent


def folder(name: str) -> Path:
    """The `firmware` or `boards` folder: beside host_tools in a checkout, inside the package when installed."""
    installed = _HERE / f"_{name}"
    return installed if installed.is_dir() else _CHECKOUT / name


def importable() -> None:
    """Make `import lamppost.core...`, `lamppost.drivers...` work under CPython.

    The node's decode functions serve the host too. They use `micropython.const`, which CPython lacks.
    """
    if str(folder("firmware")) not in sys.path:
        sys.path.insert(0, str(folder("firmware")))
    if not hasattr(sys.modules.get("micropython"), "const"):
        stand_in = types.ModuleType("micropython")
        stand_in.const = lambda value: value  # type: ignore[attr-defined]
        sys.modules["micropython"] = stand_in
