"""Measures a broker under the load of a simulated street, from power-on."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable


class Figures:
    """Counts and times of all lampposts together."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self.started = now()
        self.attempts: Counter[int] = Counter()  # TCP connections begun, by second
        self.sessions: Counter[int] = Counter()  # accepted (CONNACK), by second
        self.connack: list[tuple[float, float]] = []  # (when, seconds from the first SYN to CONNACK)
        self.puback: list[float] = []  # seconds from PUBLISH to PUBACK
        self.faults: Counter[str] = Counter()

    @property
    def age(self) -> float:
        return self.now() - self.started

    def attempt(self) -> None:
        self.attempts[int(self.age)] += 1

    def accepted(self, took: float) -> None:
        self.sessions[int(self.age)] += 1
        self.connack.append((self.age, took))

    def acknowledged(self, took: float) -> None:
        self.puback.append(took)


def peak(seconds: Counter[int], first: float = 0, last: float = float("inf")) -> int:
    """The most in one second, of those that began from `first` on and before `last`."""
    return max((count for at, count in seconds.items() if first <= at < last), default=0)


def milliseconds(seconds: list[float], share: float) -> float | None:
    """The value that `share` (0 to 1) of all do not exceed, in ms; None of none."""
    if not seconds:
        return None
    ordered = sorted(seconds)
    return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)
