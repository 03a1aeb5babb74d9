"""Lampposts on the command line: SITE/NODE, or @ROSTER.csv for every lamppost of a roster."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import click

from ..contract.topics import NAME


class Node(click.ParamType):
    """SITE/NODE of one lamppost."""

    name = "node"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch(f"{NAME}/{NAME}", value):
            self.fail(f"{value!r} is not SITE/NODE: small letters, digits and hyphens, 1 to 32 each", param, ctx)
        return value


def names(words: Iterable[str]) -> list[str]:
    """SITE/NODE of each lamppost, each once. Raises UsageError, or RosterInvalid for a roster."""
    found: list[str] = []
    for word in words:
        if word.startswith("@"):
            found += _of_roster(Path(word[1:]))
        elif re.fullmatch(f"{NAME}/{NAME}", word):
            found.append(word)
        else:
            raise click.UsageError(f"{word!r} is not SITE/NODE: 1 to 32 lower-case letters, digits and hyphens each.")
    return list(dict.fromkeys(found))


def _of_roster(path: Path) -> list[str]:
    from ..roster import roster_file

    if not path.is_file():
        raise click.UsageError(f"There is no roster {path}.")
    return [row.name for row in roster_file.read(path).rows]
