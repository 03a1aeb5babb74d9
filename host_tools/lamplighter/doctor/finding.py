"""One thing that was looked at: how it is, and, where it is bad, its cause and remedy in a sentence each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

GOOD, ODD, BAD, UNKNOWN = "good", "odd", "bad", "unknown"  # odd: it works, and should not stay so
MARKS = {GOOD: "✓", ODD: "!", BAD: "✗", UNKNOWN: "?"}

# What explains what comes behind it, first. A port that cannot be opened hides the node; a supply that dips breaks
# anything; without WiFi there is no broker.
ORDER = ("port", "supply", "console", "firmware", "memory", "slots", "files", "configuration", "crash", "journal",
         "node", "parts", "bus", "part", "wifi", "clock", "dns", "tcp", "tls", "mqtt", "host")  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """kind -- where in ORDER it counts; what -- as the user knows it: `meter`, `disk`."""

    kind: str
    what: str
    state: str
    said: str
    cause: str = ""
    remedy: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def ranked(findings: Iterable[Finding]) -> list[Finding]:
    """The bad ones, then the odd ones, each by how much they explain; parts that fail together have one cause."""
    findings = _together(list(findings))
    return sorted(
        (one for one in findings if one.state in (BAD, ODD)), key=lambda one: (one.state == ODD, ORDER.index(one.kind))
    )


def _together(findings: list[Finding]) -> list[Finding]:
    silent = [one for one in findings if one.kind == "part" and one.state == BAD and one.said.startswith("silent")]
    parts = {one.what for one in findings if one.kind == "part"}
    if len({one.what for one in silent}) < 2 or {one.what for one in silent} != parts:
        return findings
    cause = f"All {len(parts)} parts are silent at the same time: {', '.join(sorted(parts))}."
    common = Finding("parts", "parts", BAD, "all silent", cause, "Check their common 5 V supply and ground first.")
    return [common, *(one for one in findings if one not in silent)]
