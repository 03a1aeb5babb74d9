"""Energy of a lamp in each half hour of a settlement day, from the rows of its switching log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .switchings import EPOCH, SwitchingLog

HALF_HOUR = 1800
# from good to bad: the register counted it; level's measured power times time; no supply; nothing tells
METERED, MEASURED, OUTAGE, MISSING = "metered", "measured", "outage", "missing"
_ORDER = (METERED, MEASURED, OUTAGE, MISSING)


@dataclass(frozen=True)
class Segment:
    """From one moment to another (seconds since 2000 UTC) with its energy, spread evenly; None: not known."""

    begin: int
    end: int
    mwh: int | None
    quality: str

    def until(self, at: int) -> int:
        """mWh from the beginning to a moment within."""
        return 0 if self.mwh is None else self.mwh * (at - self.begin) // (self.end - self.begin)


@dataclass(frozen=True)
class HalfHour:
    """period -- from 1 on; mwh -- None where a part of it is missing; quality -- the worst within"""

    period: int
    begin: int
    mwh: int | None
    quality: str


def segments(log: SwitchingLog) -> Iterator[Segment]:
    """What the rows tell, in order of time; what lies between two that do not overlap is not known."""
    pairs = list(zip(log.rows, log.at, strict=True))
    for (row, at), (after, then) in zip(pairs, pairs[1:], strict=False):
        if at is None or then is None or then <= at:
            continue
        if after.n != row.n + 1 or after.cause == "gap":
            yield Segment(at, then, None, MISSING)
            continue
        end, dark = then, None
        if after.cause in ("power-on", "reset"):
            # the supply went at some moment after the last sign of life; energy is counted by the register anyway
            end = max(at, min(then, after.since_s or at))
            dark = Segment(end, then, 0 if after.cause == "power-on" else None,
                           OUTAGE if after.cause == "power-on" else MISSING)  # fmt: skip
        if end > at:
            if row.imp_mwh is not None and after.imp_mwh is not None:
                yield Segment(at, end, after.imp_mwh - row.imp_mwh, METERED)
            elif row.p_mw is not None:
                yield Segment(at, end, row.p_mw * (end - at) // 3600, MEASURED)
            else:
                yield Segment(at, end, None, MISSING)
        if dark and dark.end > dark.begin:
            yield dark


def _utc(moment: datetime) -> int:
    """Seconds since 2000."""
    return int((moment.astimezone(UTC).replace(tzinfo=None) - EPOCH).total_seconds())


def of_day(logs: list[SwitchingLog], day: date, zone: ZoneInfo) -> list[HalfHour]:
    """Every half hour of the local day, 48, 46 or 50 where the clock is changed; logs -- of each device of the lamp."""
    edges = [_utc(datetime.combine(one, time(), zone)) for one in (day, day + timedelta(days=1))]
    told = [segment for log in logs for segment in segments(log)]
    known = [segment for segment in told if segment.begin < edges[1] and segment.end > edges[0]]
    found = []
    for period, begin in enumerate(range(edges[0], edges[1], HALF_HOUR), 1):
        end = begin + HALF_HOUR
        covered, mwh, quality = 0, 0, METERED
        for segment in known:
            first, last = max(begin, segment.begin), min(end, segment.end)
            if first < last:
                covered += last - first
                mwh += segment.until(last) - segment.until(first)
                quality = max(quality, segment.quality, key=_ORDER.index)
        if covered < HALF_HOUR or quality == MISSING:
            found.append(HalfHour(period, begin, None, MISSING))
        else:
            found.append(HalfHour(period, begin, mwh, quality))
    return found
