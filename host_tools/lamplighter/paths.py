"""Paths of the firmware, the boards, the documentation and a copy of the firmware that CPython can import."""

from __future__ import annotations

import contextlib
import sys
import types
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_CHECKOUT = _HERE.parent.parent


def folder(name: str) -> Path:
    """The `firmware` or `boards` folder: beside host_tools in a checkout, inside the package when installed."""
    installed = _HERE / f"_{name}"
    return installed if installed.is_dir() else _CHECKOUT / name


def documentation() -> Path | None:
    """The documentation's first page: in a checkout, or where the wheel put it; None when it was left out."""
    if not (_HERE / "_firmware").is_dir():
        return _CHECKOUT / "docs" / "README.md"
    from importlib import metadata

    with contextlib.suppress(metadata.PackageNotFoundError):
        for file in metadata.files("lamplighter") or ():
            if file.as_posix().endswith("share/doc/lamplighter/docs/README.md"):
                return Path(str(file.locate())).resolve()
    return None


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
