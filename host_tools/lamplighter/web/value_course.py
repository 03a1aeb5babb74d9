"""The course of one value over the last hours, in memory that does not grow."""

from __future__ import annotations

from array import array

MOST = 360  # points
HOURS = 6


class Series:
    """At most MOST points over at most HOURS. A full one gives up every second point, until one point a minute is left.

    A missing value is a point too: its value is NaN.
    """

    def __init__(self) -> None:
        self._times = array("d")
        self._values = array("f")
        self._step = 0.0  # s between points

    def add(self, utc: float, value: float | None) -> None:
        if self._times and utc - self._times[-1] < self._step:
            return  # also what is older than the newest
        self._times.append(utc)
        self._values.append(float("nan") if value is None else value)
        if len(self._times) > MOST:
            self._thin(utc)

    def points(self) -> tuple[list[float], list[float | None]]:
        """(times in Unix seconds, values), oldest first."""
        return list(self._times), [None if value != value else round(value, 3) for value in self._values]

    def _thin(self, utc: float) -> None:
        step = HOURS * 3600 / MOST
        if self._step < step:
            self._step = min(step, max(2 * self._step, 2 * (utc - self._times[0]) / MOST))
            del self._times[1::2], self._values[1::2]
        else:
            del self._times[0], self._values[0]
