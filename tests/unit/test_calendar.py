"""Dates from seconds since 2000, also at the ends of centuries."""

from lamppost.core.calendar import civil, rfc3339, seconds
from slow import long


def test_known_moments():
    assert rfc3339(0) == "2000-01-01T00:00:00Z"
    assert rfc3339(817130700) == "2025-11-22T12:45:00Z"
    assert rfc3339(1000000000 - 946684800) == "2001-09-09T01:46:40Z"
    assert rfc3339(2147483647 - 946684800) == "2038-01-19T03:14:07Z"


@long
def test_every_day_of_forty_years_follows_the_one_before():
    lengths = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    year, month, day = 2000, 1, 1
    for number in range(14700):
        assert civil(number) == (year, month, day)
        day += 1
        leap = month == 2 and (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0))
        if day > lengths[month - 1] + leap:
            day, month = 1, month + 1
            if month > 12:
                month, year = 1, year + 1


def test_2100_is_no_leap_year():
    day = 36583  # 2100-02-28
    assert civil(day) == (2100, 2, 28)
    assert civil(day + 1) == (2100, 3, 1)


def test_a_moment_as_text_is_read_back():
    for moment in (0, 850000000, 951782399, 2524607999):
        assert seconds(rfc3339(moment)) == moment
    assert rfc3339(seconds("2026-11-30T17:00:00.123Z")) == "2026-11-30T17:00:00Z"


def test_what_is_no_moment_is_none():
    for text in (
        "", "Z", "2026-11-30", "2026-11-30T17:00:00", "2026-11-30T17:00:00+01:00", "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-11-30T24:00:00Z", "2026-11-30T17:60:00Z", "1999-12-31T23:59:59Z",
        "2026-11-30T17:00:00.Z", "2026-11-30t17:00:00Z", "+026-11-30T17:00:00Z", "2026-1\xb2-30T17:00:00Z",
    ):  # fmt: skip
        assert seconds(text) is None, text
