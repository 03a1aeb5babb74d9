"""Alarms of the street over time: those that are on, and those that ended."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..contract.alarm_remedies import alarm_words

MOST = 500  # that ended


@dataclass
class AlarmSpan:
    node: str  # SITE/NODE
    code: str
    severity: str
    evidence: str
    value: float | None
    since: float  # Unix seconds: as the lamppost says, else when it was received
    ended: float | None = None  # None: it is on

    def row(self) -> dict[str, Any]:
        meaning, remedy = alarm_words(self.code)
        return {**vars(self), "meaning": meaning, "remedy": remedy}


class AlarmLog:
    def __init__(self) -> None:
        self.on: dict[tuple[str, str], AlarmSpan] = {}
        self.ended: deque[AlarmSpan] = deque(maxlen=MOST)

    def raised(self, node: str, code: str, message: dict[str, Any], utc: float) -> None:
        since = message["since"]
        began = min(utc, datetime.fromisoformat(since).timestamp()) if since else utc
        before = self.on.get((node, code))
        if before and (since is None or before.since == began):
            began = before.since
        elif before:  # its end was not received
            self.cleared(node, code, began)
        self.on[node, code] = AlarmSpan(
            node, code, message["severity"], message["evidence"], message["value"], began
        )

    def cleared(self, node: str, code: str, utc: float) -> None:
        span = self.on.pop((node, code), None)
        if span:
            span.ended = utc
            self.ended.append(span)

    def rows(self) -> list[dict[str, Any]]:
        """Those that are on, the gravest and newest first, then those that ended, newest first."""
        grave = ("critical", "major", "minor", "warning")
        on = sorted(self.on.values(), key=lambda span: (grave.index(span.severity), -span.since))
        return [span.row() for span in (*on, *reversed(self.ended))]
