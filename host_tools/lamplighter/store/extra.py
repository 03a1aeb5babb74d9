"""The libraries of `pip install lamplighter[store]`, imported where they are used."""

from __future__ import annotations

import importlib
from typing import Any

from ..problems import ToolMissing


def needed(name: str) -> Any:
    """Import a library of the extra. Raises ToolMissing."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        raise ToolMissing(
            f"The Python library {name} is not installed.", "Install it with `pip install 'lamplighter[store]'`."
        ) from None
