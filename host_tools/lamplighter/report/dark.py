"""Hours of darkness from sunset to sunrise, by the formulas of the node."""

from __future__ import annotations

from datetime import datetime, timedelta

from .. import paths
from .period import HOUR, Period

paths.importable()

from lamppost.core import sun  # noqa: E402

_EPOCH = datetime(2000, 1, 1)
_DAY = timedelta(days=1)


def dark_seconds(period: Period, lat: float, lon: float) -> list[tuple[datetime, int]]:
    """[(hour of UTC, seconds of it in which the sun is down)] of a period."""
    nights = _nights(period, lat, lon)
    found = []
    hour = period.begin.replace(minute=0)  # days of some zones begin at half an hour of UTC
    while hour < period.end:
        end = hour + HOUR
        dark = sum(
            (max(timedelta(), min(end, rise) - max(hour, dusk)) for dusk, rise in nights if dusk < end and rise > hour),
            timedelta(),
        )
        found.append((hour, round(dark.total_seconds())))
        hour = end
    return found


def _nights(period: Period, lat: float, lon: float) -> list[tuple[datetime, datetime]]:
    """[(sunset, sunrise)]; where the sun does not set or rise on a day, that day is dark or light as a whole."""
    nights = []
    for number in range((period.begin - _EPOCH) // _DAY - 1, (period.end - _EPOCH) // _DAY + 2):
        sunset = sun.crossing(number, lat, lon, sun.SUNSET_DEG, False)
        sunrise = sun.crossing(number + 1, lat, lon, sun.SUNSET_DEG, True)
        noon, next_noon = sun.noon(number, lon), sun.noon(number + 1, lon)
        if sunset is None:
            sunset = noon if sun.height(noon, lat, lon) < sun.SUNSET_DEG else next_noon
        if sunrise is None:
            sunrise = next_noon if sun.height(next_noon, lat, lon) < sun.SUNSET_DEG else max(noon, sunset)
        if sunrise > sunset:
            nights.append((_EPOCH + timedelta(seconds=sunset), _EPOCH + timedelta(seconds=sunrise)))
    return nights
