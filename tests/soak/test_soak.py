"""A short form of `make soak`."""

import nights
import pytest


@pytest.mark.timeout(600)  # half a minute, but on a machine that does much else
def test_four_short_nights_with_an_outage_lose_nothing_and_take_no_memory():
    figures = nights.soak(4, 0.7, (2, 3))
    assert nights.good(figures), nights.table(figures)
    assert [row["kind"] for row in figures["rows"]] == ["plain", "broker killed", "outage", "plain"]
    assert figures["boots"] == 5
    assert figures["rows"][2]["held"] > 2, "the outage must have been one"
