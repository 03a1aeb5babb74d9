"""The air quality indices against the worked examples of their tables, and NowCast against the EPA's rules."""

import json
from array import array

from captured import DATA, text
from ground import Seed
from lamppost.sensing.air import aqi, aqi_us
from lamppost.sensing.air.history import MISSING, History

VECTORS = json.loads(text(DATA + "aqi_vectors.json"))
# their name: ours, and what their unit is in ours (tenths of ug/m3 and of ppb)
EUROPE = {"pm25": "pm2_5", "pm10": "pm10", "no2": "no2", "o3": "o3", "so2": "so2"}
EUROPE_TABLES = {
    "EEA revised bands 2024/25, hourly": "EAQI-2024",
    "EEA 2017 bands, 6 levels (PM: 24 h running mean)": "EAQI-2019",
}
AMERICA = {
    "pm25_24h_ugm3 (2024 table)": ("US-2024", "pm2_5", 10),
    "pm25_24h_ugm3 (old table, to 2024-05-06)": ("US-2012", "pm2_5", 10),
    "pm10_24h_ugm3": ("US-2024", "pm10", 10),
    "o3_8h_ppm": ("US-2024", "o3", 10000),
    "no2_1h_ppb": ("US-2024", "no2", 10),
    "co_8h_ppm": ("US-2012", "co", 10000),
}


def tenths(value, unit):
    """As an integer, cut off; floats of 32 bits are a hair below what was written."""
    return int(value * unit + 0.01)


def past(hours, *means):
    """A pollutant whose last clock hours had these means, oldest first; None: no reading."""
    one = History(hours)
    for n, mean in enumerate(means):
        one.add(mean, 60, 3600, 3600 * (n + 1), 3600)
    return one


def test_every_european_example_has_its_level():
    seen = 0
    for row in VECTORS["eu"]:
        if row["table"] in EUROPE_TABLES:
            table, name = EUROPE_TABLES[row["table"]], EUROPE[row["pollutant"]]
            assert aqi.level(table, name, round(row["conc_ugm3"] * 10)) == row["level"], row
            seen += 1
    assert seen > 100


def test_every_american_example_has_its_index():
    for row in VECTORS["us"]:
        table, name, unit = AMERICA[row["pollutant"]]
        assert aqi_us.level(table, name, tenths(row["conc"], unit)) == row["aqi"], row


def test_the_worst_pollutant_counts_and_all_used_are_named():
    assert aqi.index("EAQI-2024", {"pm2_5": past(1, 51), "pm10": past(1, 1951)}) == (5, ["pm10", "pm2_5"], False)
    assert aqi.index("EAQI-2024", {}) == (None, [], False)


def test_an_index_with_no2_ozone_and_particles_is_whole():
    worst, used, whole = aqi.index("EAQI-2024", {"pm10": past(1, 20), "no2": past(1, 100), "o3": past(1, 250)})
    assert used == ["no2", "o3", "pm10"] and whole
    assert worst == 2, "10 ppb of NO2 are 19.1 ug/m3"


def test_particles_of_the_older_european_table_are_running_means_of_a_day():
    for hours, worst in ((17, None), (18, 2), (24, 2)):
        assert aqi.index("EAQI-2019", {"pm2_5": past(24, *[150] * hours)})[0] == worst
    assert aqi.index("EAQI-2019", {"pm2_5": past(24, *[900] * 6 + [100] * 24)})[0] == 1, "yesterday is over"


def test_nowcast_of_steady_air_is_its_mean_and_follows_a_sudden_fall():
    assert aqi_us.nowcast(array("i", [200] * 12)) == 200
    # weight 0.5: the newest hour counts half
    hours = [10] + [100] * 11
    exact = sum([value / 2**ago for ago, value in enumerate(hours)]) / sum([1 / 2**ago for ago in range(12)])
    assert aqi_us.nowcast(array("i", hours)) == int(exact)


def test_nowcast_weighs_by_the_range_down_to_a_half_whatever_the_hours_are():
    seed = Seed(4)
    for _ in range(300):
        hours = [seed.below(2000) if seed.below(5) else MISSING for _ in range(12)]
        known = [(ago, value) for ago, value in enumerate(hours) if value != MISSING]
        if len([value for value in hours[:3] if value != MISSING]) < 2:
            assert aqi_us.nowcast(hours) is None
            continue
        values = [value for _, value in known]
        weight = max(0.5, min(values) / max(values)) if max(values) else 1
        exact = sum([value * weight**ago for ago, value in known]) / sum([weight**ago for ago, _ in known])
        assert abs(aqi_us.nowcast(hours) - exact) <= 1.01


def test_an_american_index_says_what_it_is_made_of():
    air = {"pm2_5": past(12, 354, 354, 354), "co": past(8, 44000, 44000), "no2": past(1, 530)}
    assert aqi_us.index("US-2024", air) == (100, ["no2", "pm2_5"], False), "carbon monoxide needs six of eight hours"


def test_a_missing_hour_shifts_the_others_and_a_set_clock_does_not_forget_them():
    one = past(12, 100, 200)
    one.add(300, 60, 3600, 3600 * 5, 3600)
    assert list(one.hours[:5]) == [300, MISSING, MISSING, 200, 100]
    one.add(400, 60, 3600, 817084800 + 3600, 3600)  # the time is known now
    assert list(one.hours[:3]) == [400, 300, MISSING]


def test_an_hour_with_too_few_windows_is_missing():
    one = History(12)
    for n in range(6):
        one.add(100 if n < 4 else None, 60, 600, 600 * (n + 1), 600)
    assert one.hours[0] == MISSING
    for n in range(6):
        one.add(100 if n < 5 else None, 60, 600, 3600 + 600 * (n + 1), 600)
    assert one.hours[0] == 100
