"""Checks on the node that the module has the PSRAM that the app needs."""

from __future__ import annotations

from ..problems import WithoutPsram
from .repl import Repl

NEEDED = 1 << 20  # bytes free, as boot.py on the node wants them; without PSRAM there are some 100 kB
_FREE = "import gc;gc.collect();print(gc.mem_free())"


def require(node: Repl) -> None:
    """Raises WithoutPsram, on which boot.py does not start the app."""
    free = int(node.run(_FREE))
    if free < NEEDED:
        raise WithoutPsram(
            f"The module on {node.device} has no PSRAM: {free >> 10} kB of memory are free, and the app does not start."
        )
