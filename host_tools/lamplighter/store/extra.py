"""Libraries that an extra of the package installs, such as `pip install lamplighter[store]`, imported where used."""

from __future__ import annotations

import importlib
from typing import Any

from ..problems import ToolMissing


def needed(name: str, extra: str = "store") -> Any:
    """Import a library of the extra. Raises ToolMissing."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        raise ToolMissing(
            f"The Python library {name} is not installed.",
            f"Install it with `pip install 'lamplighter[{extra}]'` in the tool's environment, "
            f"which after pipx is `pipx runpip lamplighter install 'lamplighter[{extra}]'`.",
        ) from None
