"""The European index against the worked examples of its 2024 band table."""

import json

from captured import DATA
from lamppost.sensing import aqi

NAMES = {"pm25": "pm2_5", "pm10": "pm10"}


def test_every_example_of_the_table():
    with open(DATA + "aqi_vectors.json") as file:
        levels = json.load(file)["levels"]
    assert len(levels) == 32
    for pollutant, concentration, level in levels:
        assert aqi.level(NAMES[pollutant], round(concentration * 10)) == level, (pollutant, concentration)


def test_the_worst_pollutant_counts_and_all_used_are_named():
    told = json.loads("{" + aqi.member({"pm2_5": 51, "pm10": 1951, "t": 9999}) + "}")["aqi"]
    assert told == {"table": "EAQI-2024", "index": 5, "of": ["pm10", "pm2_5"], "partial": True}


def test_without_a_pollutant_there_is_no_index():
    told = json.loads("{" + aqi.member({}) + "}")["aqi"]
    assert told == {"table": "EAQI-2024", "index": None, "of": [], "partial": True}
