"""Proves that nothing was lost: counts what is missing, late and doubled in one node's (b, s).

Numbers start at 0 at each boot and have no gaps. Telemetry comes oldest first, alarms overtake it. So a number
that is missing below a telemetry message is a gap; one that is only below an alarm is still awaited.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

NEW, LATE, DUPLICATE, KEPT = "new", "late", "duplicate", "kept"


@dataclass
class Runs:
    """A set of integers as runs [first, last], few as long as numbers come in a row."""

    runs: list[list[int]] = field(default_factory=list)

    def __contains__(self, n: int) -> bool:
        at = bisect_right(self.runs, [n, float("inf")]) - 1  # type: ignore[list-item]
        return at >= 0 and n <= self.runs[at][1]

    def add(self, n: int) -> None:
        if n in self:
            return
        at = bisect_right(self.runs, [n, float("inf")])  # type: ignore[list-item]
        before = at > 0 and self.runs[at - 1][1] == n - 1
        after = at < len(self.runs) and self.runs[at][0] == n + 1
        if before and after:
            self.runs[at - 1][1] = self.runs.pop(at)[1]
        elif before:
            self.runs[at - 1][1] = n
        elif after:
            self.runs[at][0] = n
        else:
            self.runs.insert(at, [n, n])

    def add_run(self, first: int, last: int) -> None:
        """Add first..last, however long, at the price of the runs that it touches."""
        if first > last:
            return
        kept = []
        for run in self.runs:
            if run[1] < first - 1 or run[0] > last + 1:
                kept.append(run)
            else:
                first, last = min(first, run[0]), max(last, run[1])
        kept.append([first, last])
        self.runs = sorted(kept)

    def holes(self, first: int, last: int) -> list[tuple[int, int]]:
        """The runs of first..last that are not in here."""
        found = []
        for low, high in self.runs:
            if high < first:
                continue
            if low > last:
                break
            if low > first:
                found.append((first, low - 1))
            first = high + 1
        if first <= last:
            found.append((first, last))
        return found


@dataclass
class Boot:
    """The state of one boot of the node."""

    start: int | None = None  # numbers from here on are expected; None: only kept copies were seen
    told: int = -1  # everything up to here has been sent: the highest telemetry, or the end that evt/boot named
    last: int = -1  # the highest of all
    blind: bool = False  # nobody watched after `last`
    seen: Runs = field(default_factory=Runs)  # came as they were sent
    known: Runs = field(default_factory=Runs)  # and those of which a kept copy, or nothing at all, could be seen


class Sequence:
    """One node's numbers. take() every message that has one; ask gaps, awaited, duplicates, dropped."""

    def __init__(self) -> None:
        self._boots: dict[int, Boot] = {}
        self._live: int | None = None  # the boot that was followed as it happened: the next one starts at 0
        self._announced: int | None = None
        self._before = 0
        self.duplicates = 0
        self.messages = 0

    def take(self, b: int, s: int, *, alarm: bool = False, retained: bool = False, held: bool = False) -> str:
        """Count a message: NEW, LATE (fills a hole), DUPLICATE, or KEPT (the broker's retained copy).

        alarm -- it may have overtaken telemetry; held -- its `h` is 1, so it may be of an earlier boot
        """
        boot = self._boots.setdefault(b, Boot())
        boot.known.add(s)
        if retained:
            # an old message that the broker kept: no duplicate of anything, and no start to count from
            return KEPT
        self.messages += 1
        if s in boot.seen:
            self.duplicates += 1
            return DUPLICATE
        if boot.start is None:
            boot.start = 0 if self._live is not None and b > self._live else s
        if boot.blind:
            boot.known.add_run(boot.last + 1, s - 1)
            boot.blind = False
        verdict = LATE if s < boot.last else NEW
        boot.seen.add(s)
        boot.last = max(boot.last, s)
        if not alarm:
            boot.told = max(boot.told, s)
        if not held and (self._live is None or b > self._live):
            self._live = b
        return verdict

    def booted(self, b: int, last_b: int | None, last_s: int | None) -> None:
        """evt/boot of boot b, received as it was sent: it proves this boot's start and the end of the one before."""
        self._boots.setdefault(b, Boot()).start = 0
        before = self._boots.get(last_b) if last_b is not None else None
        if before is None or before.start is None or last_s is None:
            return
        if before.blind:
            before.known.add_run(before.last + 1, last_s)
        before.told = max(before.told, last_s)

    def announced(self, dropped: int, news: bool = True) -> None:
        """The node said how many records fell out of its full journal, all told.

        news -- False where it may speak of what happened before anybody listened
        """
        if self._announced is None and not news:
            self._before = dropped
        self._announced = max(self._announced or 0, dropped)

    def interrupted(self) -> None:
        """The subscriber itself was away: numbers that were sent meanwhile are not the node's gaps."""
        self._live = None
        for boot in self._boots.values():
            boot.blind = True

    def holes(self) -> list[tuple[int, int, int]]:
        """Missing for certain: (b, first s, last s), announced or not."""
        return [
            (b, first, last)
            for b, boot in sorted(self._boots.items())
            if boot.start is not None
            for first, last in boot.known.holes(boot.start, boot.told)
        ]

    @property
    def missing(self) -> int:
        return sum(last - first + 1 for _, first, last in self.holes())

    @property
    def dropped(self) -> int:
        """Missing, and announced as dropped."""
        return min(self.missing, (self._announced or 0) - self._before)

    @property
    def gaps(self) -> int:
        """Missing without a word."""
        return self.missing - self.dropped

    @property
    def awaited(self) -> int:
        """Overtaken by an alarm and not here yet."""
        return sum(
            last - first + 1
            for boot in self._boots.values()
            if boot.start is not None
            for first, last in boot.known.holes(max(boot.start, boot.told + 1), boot.last)
        )
