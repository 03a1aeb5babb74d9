"""The book of a city's CA: every certificate that it ever issued, and what was taken back."""

from __future__ import annotations

import datetime
import json
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..documents import atomic_file, json_source
from ..problems import IdentityMissing
from . import clock

WRITABLE = "Name a writable folder with --identity."


@dataclass
class Entry:
    """One certificate in the book. name -- SITE/NODE, or the broker's, reader's, commander's or engineer's name."""

    serial: str
    kind: str
    name: str
    issued: str
    ends: str
    revoked: str = ""  # when, if it was
    reason: str = ""

    @property
    def valid(self) -> bool:
        return not self.revoked and datetime.datetime.fromisoformat(self.ends) > clock.now()


def _entry(row: dict[str, Any]) -> Entry:
    """Raises ValueError or TypeError for a row that is none."""
    one = Entry(**row)
    if not all(isinstance(value, str) for value in asdict(one).values()):
        raise ValueError("text is expected")
    int(one.serial, 16)
    for when in (one.issued, one.ends, *([one.revoked] if one.revoked else [])):
        if datetime.datetime.fromisoformat(when).tzinfo is None:
            raise ValueError("a time zone is expected")
    return one


class Book:
    """index.json in the identity folder; whoever changes it holds it by locked()."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def entries(self) -> list[Entry]:
        """The book, oldest first."""
        try:
            rows = json_source.value_of((self.folder / "index.json").read_bytes())["certificates"]
            return [_entry(row) for row in rows]
        except (OSError, ValueError, KeyError, TypeError):
            cause = f"{self.folder / 'index.json'} cannot be read."
            raise IdentityMissing(cause, "Restore it from a backup.") from None

    def valid(self, kind: str, name: str) -> list[Entry]:
        return [one for one in self.entries() if one.valid and (one.kind, one.name) == (kind, name)]

    def keep(self, entries: list[Entry]) -> None:
        content = {"v": 1, "certificates": [asdict(one) for one in entries]}
        text = json.dumps(content, indent=1).encode()
        atomic_file.write(self.folder / "index.json", text, WRITABLE, 0o644, IdentityMissing)

    def locked(self) -> AbstractContextManager[None]:
        """Ten lampposts are commissioned at once, and there is one book."""
        return atomic_file.locked(self.folder / ".lock", WRITABLE, IdentityMissing)
