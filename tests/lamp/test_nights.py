"""Weeks of nights of the node's lamp control; `make nights` plays ten years."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

import control_nights as nights  # noqa: E402
import sun_truth  # noqa: E402
from lamppost.core.calendar import days  # noqa: E402
from lamppost.core.sun import SUNSET_DEG, crossing  # noqa: E402


@pytest.mark.parametrize("place", ["london", "lisbon"])
def test_three_weeks_over_a_change_of_the_clock_are_never_dark_and_burn_by_day_by_a_fault_only(place):
    found = nights.lived((place, 7, place == "lisbon", days(2026, 10, 10), 21))
    assert found["minutes"] > 20000 and found["cuts"] > 3 and found["faulty"] > 500
    assert (found["dark"], found["day_burning"]) == (0, 0)


def test_a_lamp_that_is_late_by_two_minutes_is_found(monkeypatch):
    truth = nights.crossings
    monkeypatch.setattr(nights, "crossings", lambda *place: [(at - 200, dark) for at, dark in truth(*place)])
    found = nights.lived(("london", 7, False, days(2026, 10, 1), 5))
    assert found["dark"] and found["day_burning"]


def test_both_ways_to_the_sunset_agree_to_seconds():
    lat, lon, _ = nights.PLACES["milan"]
    for at, dark in sun_truth.crossings(days(2026, 3, 1), 10, lat, lon):
        day = (at + int(lon * 240)) // 86400
        assert abs(crossing(day, lat, lon, SUNSET_DEG, not dark) - at) <= 6
