"""What a lamppost says it runs: the app's build, and the MicroPython below it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class WhatRuns:
    """micropython, machine -- as `info.base` has them; "" where it does not say."""

    build: str
    micropython: str = ""
    machine: str = ""

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> WhatRuns:
        base = info.get("base") or {}
        return cls(info["build"], base.get("micropython", ""), base.get("machine", ""))

    def __str__(self) -> str:
        return f"build {self.build}" + (f", MicroPython {self.micropython}" if self.micropython else "")
