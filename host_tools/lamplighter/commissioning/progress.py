"""Stores the progress of one commissioning on the host, so that the same command resumes."""

from __future__ import annotations

import hashlib
import json
import re
import time
from pathlib import Path
from typing import Any

from ..documents import atomic_file, json_source
from ..problems import RosterInvalid

_REMEDY = "Set XDG_STATE_HOME to a writable folder."
KEPT_S = 7 * 86400


def folder() -> Path:
    from platformdirs import user_state_path

    return user_state_path("lamplighter", ensure_exists=True)


def file_name(asset: str) -> str:
    """An asset id as a part of a file's name, and that of no other: what a file's name cannot hold leaves a digest."""
    readable = re.sub(r"[^A-Za-z0-9._-]|^\.", "_", asset)
    return readable if readable == asset else f"{readable}~{hashlib.sha256(asset.encode()).hexdigest()[:8]}"


class Progress:
    """note(step, result) after each step; of(step) gives it back to a later run. Kept once is_of(mac) was said."""

    def __init__(self, asset: str) -> None:
        self._asset = asset
        self._path: Path | None = None
        self._steps: dict[str, Any] = {}
        self.begun = time.time()

    def is_of(self, mac: str) -> None:
        """What an earlier run with this node has done counts; what this one has done until now, more."""
        path = folder() / f"commission-{mac.replace(':', '')}-{file_name(self._asset)}.json"
        if path == self._path:
            return
        self._path = path
        try:
            kept = json_source.value_of(path.read_bytes())
            if kept["asset"] == self._asset and time.time() - kept["begun"] < KEPT_S:
                self._steps, self.begun = {**kept["steps"], **self._steps}, kept["begun"]
        except (OSError, ValueError, KeyError, TypeError):
            pass  # nothing was kept, or nothing that can be read: every step can be taken again

    def of(self, step: str) -> dict[str, Any] | None:
        return self._steps.get(step)

    def note(self, step: str, result: dict[str, Any]) -> None:
        self._steps[step] = {**result, "at": time.time()}
        if self._path:
            content = {"asset": self._asset, "begun": self.begun, "steps": self._steps}
            atomic_file.write(self._path, json.dumps(content).encode(), _REMEDY, 0o600, RosterInvalid)

    def finished(self) -> None:
        """The record says it all from here on; the next run begins anew."""
        if self._path:
            self._path.unlink(missing_ok=True)
