"""Dates from seconds since 2000, also at the ends of centuries."""

from lamppost.core.calendar import civil, rfc3339
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
