"""Local time: offsets, both changes of the clock, and strings that are no time zone."""

from lamppost.core.calendar import DAY, civil, days
from lamppost.core.faults import SettingsFault
from lamppost.core.zone import Zone
from raising import raises
from slow import long

LONDON = "GMT0BST,M3.5.0/1,M10.5.0"
LISBON = "WET0WEST,M3.5.0/1,M10.5.0"
MILAN = "CET-1CEST,M3.5.0,M10.5.0/3"


def at(year, month, day, hour=0, minute=0):
    return days(year, month, day) * DAY + hour * 3600 + minute * 60


def test_days_is_the_inverse_of_civil():
    for day in range(-40000, 40000, 7):
        assert days(*civil(day)) == day


def test_summer_time_of_three_cities_begins_and_ends_at_one_o_clock_utc():
    for text, standard in ((LONDON, 0), (LISBON, 0), (MILAN, 3600)):
        zone = Zone(text)
        for change in (at(2026, 3, 29, 1), at(2027, 3, 28, 1)):
            assert zone.offset_s(change - 1) == standard
            assert zone.offset_s(change) == standard + 3600
        assert zone.offset_s(at(2026, 10, 25, 1) - 1) == standard + 3600
        assert zone.offset_s(at(2026, 10, 25, 1)) == standard


def test_a_time_that_comes_twice_is_the_first_and_one_that_is_skipped_is_the_change():
    zone = Zone(LONDON)
    assert zone.utc_s(at(2026, 10, 25, 1, 30)) == at(2026, 10, 25, 0, 30)
    assert zone.utc_s(at(2026, 10, 25, 2, 30)) == at(2026, 10, 25, 2, 30)
    assert zone.utc_s(at(2026, 3, 29, 1, 30)) == at(2026, 3, 29, 1)
    assert zone.utc_s(at(2026, 3, 29, 2, 30)) == at(2026, 3, 29, 1, 30)
    assert Zone(MILAN).utc_s(at(2026, 3, 29, 2, 30)) == at(2026, 3, 29, 1)


@long
def test_every_hour_of_a_year_goes_there_and_back():
    for text in (LONDON, MILAN, "AEST-10AEDT,M10.1.0,M4.1.0/3", "<-03>3", "IST-5:30"):
        zone = Zone(text)
        for hour in range(8784):
            utc_s = at(2028, 1, 1) + hour * 3600
            back = zone.utc_s(utc_s + zone.offset_s(utc_s))
            assert back in (utc_s, utc_s - 3600), (text, hour)


def test_the_southern_summer_runs_over_the_turn_of_the_year():
    zone = Zone("AEST-10AEDT,M10.1.0,M4.1.0/3")
    assert zone.offset_s(at(2026, 1, 1)) == 11 * 3600
    assert zone.offset_s(at(2026, 7, 1)) == 10 * 3600


def test_a_string_that_is_no_time_zone_is_refused_with_the_reason():
    for text in ("", "GM0", "GMT", "GMT0BST", "GMT0BST,M3.5.0", "GMT0BST,M13.5.0,M10.5.0", "GMT0BST,60,300",
                 "GMT25:99", "Europe/London", "GMT0BST,M3.5.0/x,M10.5.0", "GMT0BST,M3.5.0,M10.5.0,M1.1.1"):
        with raises(SettingsFault, "invalid") as caught:
            Zone(text)
        assert repr(text) in caught.error.detail
