"""A short form of `make rollout`: fifty simulated lampposts at a real Mosquitto."""

from __future__ import annotations

from brokers import Mosquitto
from rollout_acts import BACK, BAD, GOOD, VISITED, acts, sound


def test_a_good_release_arrives_and_a_bad_one_stops_in_its_first_group(tmp_path):
    told = acts(50, 6, 3, tmp_path, Mosquitto)
    assert sound(told) == []
    assert told[GOOD]["never"] and told[GOOD]["played_days"] > 2, "the street had no night, or nobody was lost"
    assert told[VISITED]["done"] == 50
    assert told[BAD]["asked"] < 5 and told[BACK]["done"] == told[BAD]["asked"]
