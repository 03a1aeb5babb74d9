"""Dusk and dawn at a place, by the node's own calculation of the sun."""

from __future__ import annotations

from .. import paths

paths.importable()

from lamppost.core.calendar import DAY  # noqa: E402
from lamppost.core.sun import SUNSET_DEG, crossing  # noqa: E402
from lamppost.ops.update import request  # noqa: E402

EPOCH = 946684800  # 2000-01-01 in Unix time


def near_dusk(utc: float, at: tuple[float, float]) -> bool:
    """Whether no update is begun now: a lamppost would not restart for it either."""
    return request.near_dusk(int(utc) - EPOCH, 0, {"lat": at[0], "lon": at[1]})


def nights_between(since: float, utc: float, at: tuple[float, float]) -> int:
    """How often there was a dusk and then a dawn; days, where the sun does not set."""
    first, now = int(since) - EPOCH, int(utc) - EPOCH
    nights, dusk = 0, False
    for day in range(first // DAY - 1, now // DAY + 2):
        for rising in (True, False):
            moment = crossing(day, at[0], at[1], SUNSET_DEG, rising)
            if moment is None:
                return int(utc - since) // DAY
            if not first < moment <= now:
                continue
            if not rising:
                dusk = True
            elif dusk:
                nights, dusk = nights + 1, False
    return nights
