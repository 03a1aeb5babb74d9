"""What Lamplighter's parking is held against: a threshold with hysteresis, told the empty bay, tuned on other days."""

from __future__ import annotations

from dataclasses import dataclass

from bay_days import Day
from lamplighter.replay.trace import MISSING


@dataclass(frozen=True)
class Plain:
    """near, away -- shares of the empty distance; on, off -- µT; hold_s -- how long a new state must hold (0: not)"""

    near: float
    away: float
    on: float
    off: float
    hold_s: int = 0


def states(day: Day, plain: Plain) -> list[tuple[float, str]]:
    rows, width = day.trace.rows, day.trace.width
    columns = day.trace.columns
    ranged, felt = "range_mm" in columns, "mag_x_ut" in columns
    near, away = plain.near * day.empty_mm, plain.away * day.empty_mm
    on, off = (100 * plain.on) ** 2, (100 * plain.off) ** 2
    ex, ey, ez = (100 * value for value in day.empty_ut)
    at_field = 3 if ranged else 1
    told: list[tuple[float, str]] = []
    state, wish, since = "", "", 0
    for at in range(0, len(rows), width):
        asked = ""
        d_mm = rows[at + 1] if ranged else MISSING
        if d_mm != MISSING:
            asked = "occupied" if d_mm < near else "free" if d_mm > away else ""
        elif felt and rows[at + at_field] != MISSING:
            x, y, z = rows[at + at_field] - ex, rows[at + at_field + 1] - ey, rows[at + at_field + 2] - ez
            square = x * x + y * y + z * z
            asked = "occupied" if square > on else "free" if square < off else ""
        if not asked or asked == state:
            wish = ""
            continue
        if asked != wish:
            wish, since = asked, rows[at]
        if rows[at] - since >= 1000 * plain.hold_s or not state:
            state = asked
            told.append((rows[at] / 1000, state))
    return told


def tuned(days: list[Day], hold_s: int = 0) -> Plain:
    """The thresholds that are right for the most seconds of these days."""
    from lamplighter.replay.scores import Score, compare

    def right(plain: Plain, some: list[Day]) -> float:
        total = Score()
        for day in some:
            total = total + compare(day.truth, states(day, plain), 0, day.seconds)
        return total.right

    best = Plain(0.8, 0.9, 4, 3, hold_s)
    ranged = [day for day in days if day.senses == "range"]
    felt = [day for day in days if day.senses == "field"]
    if ranged:
        pairs = [(n, a) for n in (0.6, 0.7, 0.78, 0.85) for a in (n + 0.04, n + 0.1)]
        near, away = max(pairs, key=lambda p: right(Plain(p[0], p[1], 4, 3, hold_s), ranged))
        best = Plain(near, away, best.on, best.off, hold_s)
    if felt:
        pairs = [(on, off) for on in (3, 5, 7, 9) for off in (0.6 * on, 0.85 * on)]
        on, off = max(pairs, key=lambda p: right(Plain(best.near, best.away, p[0], p[1], hold_s), felt))
        best = Plain(best.near, best.away, on, off, hold_s)
    return best
