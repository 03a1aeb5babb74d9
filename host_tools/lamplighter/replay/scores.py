"""Compares the published states of a bay with the truth, over time and change by change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

States = Sequence[tuple[float, str]]
STATES = ("free", "occupied", "blocked", "unknown")
_EARLY_S, _LATE_S = 15.0, 600.0  # a change that comes so early or late belongs to a true one


@dataclass
class Score:
    """seconds -- {(true, told): s}; waits -- s from each true change to the telling, None: never told"""

    seconds: dict[tuple[str, str], float] = field(default_factory=dict)
    waits: list[float | None] = field(default_factory=list)
    false_changes: int = 0

    @property
    def total(self) -> float:
        return sum(self.seconds.values())

    @property
    def right(self) -> float:
        return sum(s for (true, told), s in self.seconds.items() if true == told) / (self.total or 1)

    @property
    def unknown(self) -> float:
        return sum(s for (_, told), s in self.seconds.items() if told == "unknown") / (self.total or 1)

    @property
    def false_a_day(self) -> float:
        return self.false_changes * 86400 / (self.total or 1)

    @property
    def p95(self) -> float | None:
        """None: more than one in twenty was never told, or there was none."""
        if not self.waits:
            return None
        waits = sorted(float("inf") if wait is None else wait for wait in self.waits)
        value = waits[min(len(waits) - 1, -(-95 * len(waits) // 100) - 1)]
        return None if value == float("inf") else value

    def as_dict(self) -> dict[str, object]:
        """For --json: confusion in seconds by true and told state, and the figures."""
        confusion: dict[str, dict[str, float]] = {}
        for (true, told), s in self.seconds.items():
            confusion.setdefault(true, {})[told] = round(s, 3)
        return {
            "confusion_s": confusion, "right": round(self.right, 6), "unknown": round(self.unknown, 6),
            "changes_true": len(self.waits), "latency_p95_s": self.p95, "false_changes": self.false_changes,
            "false_a_day": round(self.false_a_day, 3),
        }  # fmt: skip

    def __add__(self, other: Score) -> Score:
        seconds = dict(self.seconds)
        for pair, s in other.seconds.items():
            seconds[pair] = seconds.get(pair, 0.0) + s
        return Score(seconds, self.waits + other.waits, self.false_changes + other.false_changes)


def compare(truth: States, told: States, start_s: float, end_s: float) -> Score:
    """told -- a state counts from its time on; before the first it is unknown."""
    score = Score(_overlap(truth, told, start_s, end_s))
    _changes(score, _steps(truth), _steps([(t, s) for t, s in told if s != "unknown"]), told, end_s)
    return score


def _steps(states: States) -> list[tuple[float, str]]:
    """Only where the state is another one than before."""
    found: list[tuple[float, str]] = []
    for t_s, state in states:
        if not found or found[-1][1] != state:
            found.append((t_s, state))
    return found


def _at(states: States, t_s: float) -> str:
    now = "unknown"
    for since, state in states:
        if since > t_s:
            break
        now = state
    return now


def _overlap(truth: States, told: States, start_s: float, end_s: float) -> dict[tuple[str, str], float]:
    marks = sorted({start_s, end_s, *(t for t, _ in (*truth, *told) if start_s < t < end_s)})
    seconds: dict[tuple[str, str], float] = {}
    true_at, told_at, i, j = "unknown", "unknown", 0, 0
    for early, late in zip(marks, marks[1:], strict=False):
        while i < len(truth) and truth[i][0] <= early:
            true_at = truth[i][1]
            i += 1
        while j < len(told) and told[j][0] <= early:
            told_at = told[j][1]
            j += 1
        seconds[true_at, told_at] = seconds.get((true_at, told_at), 0.0) + late - early
    return seconds


def _changes(
    score: Score, truth: list[tuple[float, str]], changes: list[tuple[float, str]], told: States, end_s: float
) -> None:
    """Waits of true changes (the first state is none), and changes that nothing true stands behind."""
    used: set[int] = set()
    for index, (t_s, state) in enumerate(truth[1:], 1):
        until = truth[index + 1][0] if index + 1 < len(truth) else end_s
        match = next(
            (
                k for k, (at, to) in enumerate(changes)
                if k not in used and to == state and t_s - _EARLY_S <= at <= t_s + _LATE_S
            ),
            None,
        )  # fmt: skip
        if match is not None:
            used.add(match)
        first = next((at for at, to in told if to == state and t_s < at <= until), None)
        already = _at(told, t_s) == state
        score.waits.append(0.0 if already else None if first is None else first - t_s)
    start_s = truth[0][0] if truth else 0.0
    # the first state told is no change, unless it is told late and wrong
    for k, (at, to) in enumerate(changes):
        if k in used or k == 0 and (at < start_s + 120 or to == _at(truth, at)):
            continue
        score.false_changes += 1
