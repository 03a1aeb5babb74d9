"""The sun against the almanac, and where it does not rise."""

from captured import lines
from lamppost.core import sun
from lamppost.core.calendar import DAY, civil


def seconds(text):
    """Of "2025-01-01T08:06:09Z" since 2000."""
    year, month, day = int(text[:4]), int(text[5:7]), int(text[8:10])
    days = (year - 2000) * 365 + (month - 1) * 28
    while civil(days) != (year, month, day):
        days += 1
    return days * DAY + int(text[11:13]) * 3600 + int(text[14:16]) * 60 + int(text[17:19])


EVENTS = (
    ("civil_dawn_utc", sun.CIVIL_DEG, True),
    ("sunrise_utc", sun.SUNSET_DEG, True),
    ("sunset_utc", sun.SUNSET_DEG, False),
    ("civil_dusk_utc", sun.CIVIL_DEG, False),
)


def almanac():
    names, *rows = [line.strip().split(",") for line in lines("sun_london_lisbon_milan.csv")]
    return [dict(zip(names, row)) for row in rows]


def worst():
    """The largest difference to the almanac in seconds."""
    most = 0
    for row in almanac():
        day = seconds(row["date_utc"] + "T00:00:00Z") // DAY
        for name, degrees, rising in EVENTS:
            found = sun.crossing(day, float(row["lat"]), float(row["lon"]), degrees, rising)
            most = max(most, abs(found - seconds(row[name])))
    return most


def test_every_event_of_three_cities_is_within_five_seconds_of_the_almanac():
    assert len(almanac()) == 42
    assert worst() <= 5


def test_in_the_far_north_there_are_days_without_sunset_and_nights_without_sunrise():
    june, december = seconds("2026-06-21T00:00:00Z") // DAY, seconds("2026-12-21T00:00:00Z") // DAY
    assert sun.crossing(june, 70.0, 20.0, sun.SUNSET_DEG, False) is None
    assert sun.crossing(december, 70.0, 20.0, sun.SUNSET_DEG, True) is None
    assert sun.crossing(june, 61.0, 10.0, sun.CIVIL_DEG, False) is None  # no civil dusk, but a sunset
    assert sun.crossing(june, 61.0, 10.0, sun.SUNSET_DEG, False) is not None


def test_the_height_is_that_of_the_event_at_the_event():
    day = seconds("2026-11-29T00:00:00Z") // DAY
    for lat, lon in ((38.72, -9.14), (45.46, 9.19), (-33.9, 151.2), (0.0, 179.0)):
        for degrees in (sun.SUNSET_DEG, sun.CIVIL_DEG):
            for rising in (True, False):
                at = sun.crossing(day, lat, lon, degrees, rising)
                assert abs(sun.height(at, lat, lon) - degrees) < 0.05
