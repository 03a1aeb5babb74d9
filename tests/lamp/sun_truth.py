"""Sunset and sunrise by another way than the node's: Meeus' series in 64-bit floats, after NOAA's solar calculator."""

from __future__ import annotations

import math

DAY = 86400
SUNSET_DEG = -0.833


def height(utc_s: float, lat: float, lon: float) -> float:
    """Degrees of the sun's centre above the horizon at seconds since 2000-01-01 00:00 UTC."""
    century = (utc_s - 43200) / (36525 * DAY)
    mean = math.radians((280.46646 + century * (36000.76983 + 0.0003032 * century)) % 360)
    anomaly = math.radians(357.52911 + century * (35999.05029 - 0.0001537 * century))
    eccentricity = 0.016708634 - century * (0.000042037 + 0.0000001267 * century)
    centre = (
        math.sin(anomaly) * (1.914602 - century * (0.004817 + 0.000014 * century))
        + math.sin(2 * anomaly) * (0.019993 - 0.000101 * century) + math.sin(3 * anomaly) * 0.000289
    )  # fmt: skip
    node = math.radians(125.04 - 1934.136 * century)
    longitude = mean + math.radians(centre - 0.00569 - 0.00478 * math.sin(node))
    obliquity = math.radians(23 + (26 + (21.448 - century * 46.815) / 60) / 60 + 0.00256 * math.cos(node))
    declination = math.asin(math.sin(obliquity) * math.sin(longitude))
    y = math.tan(obliquity / 2) ** 2
    equation_min = 4 * math.degrees(
        y * math.sin(2 * mean) - 2 * eccentricity * math.sin(anomaly)
        + 4 * eccentricity * y * math.sin(anomaly) * math.cos(2 * mean) - 0.5 * y * y * math.sin(4 * mean)
        - 1.25 * eccentricity**2 * math.sin(2 * anomaly)
    )  # fmt: skip
    true_min = (utc_s / 60 + equation_min + 4 * lon) % 1440
    hour = math.radians(true_min / 4 - 180)
    high = math.radians(lat)
    return math.degrees(
        math.asin(math.sin(high) * math.sin(declination) + math.cos(high) * math.cos(declination) * math.cos(hour))
    )


def crossings(first_day: int, days: int, lat: float, lon: float) -> list[tuple[int, bool]]:
    """(UTC s, dark from then on) of each sunset and sunrise, to the second."""
    found = []
    step = 600
    before = height(first_day * DAY, lat, lon) < SUNSET_DEG
    for at in range(first_day * DAY + step, (first_day + days) * DAY, step):
        dark = height(at, lat, lon) < SUNSET_DEG
        if dark != before:
            low, high = at - step, at
            while high - low > 1:
                middle = (low + high) // 2
                if (height(middle, lat, lon) < SUNSET_DEG) == before:
                    low = middle
                else:
                    high = middle
            found.append((high, dark))
            before = dark
    return found
