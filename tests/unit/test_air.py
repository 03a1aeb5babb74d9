"""Air windows: means, letters, capture, and an index of the last hour."""

from ground import MIDNIGHT, Hours, Seed, fault
from lamppost.drivers.bme280 import Bme280
from lamppost.drivers.sps30 import Sps30
from lamppost.sensing.air.windows import Air
from slow import long

PARTS = {"dust": Sps30, "climate": Bme280}
OPTIONS = {"parts": ["dust", "climate"], "window_s": 600, "every_ms": 10000}


class Street:
    """Both sensors, each with a little noise, so that nothing is flat."""

    def __init__(self, utc=MIDNIGHT, options=OPTIONS):
        self.hours = Hours(utc)
        self.air = Air(options, self.hours.clock, PARTS)
        self.seed = Seed(1)
        self.pm = 60
        self.rh = 500
        self.t = 150
        self.noise = 3
        self.dust_fault = None

    def feed(self):
        near = lambda value: value + (self.seed.below(self.noise) if self.noise else 0)  # noqa: E731
        self.air.take("climate", {"t": near(self.t), "rh": near(self.rh), "p": near(10130)})
        if self.dust_fault:
            self.air.miss("dust", fault(self.dust_fault))
        else:
            pm = near(self.pm)
            self.air.take("dust", {"pm1": pm // 2, "pm2_5": pm, "pm4": pm, "pm10": pm})

    def run(self, seconds):
        return self.hours.run(seconds, self.air, self.feed, 10000)


def letters(told):
    return [message["q"]["pm2_5"] for _, message, _ in told]


def test_a_window_holds_the_means_in_the_units_of_the_contract():
    street = Street()
    street.noise = 1
    topic, message, stamp = street.run(600)[0]
    assert topic == "tele/air"
    assert stamp[:3] == (MIDNIGHT + 600, True, 3)
    wanted = {"pm1": 3.0, "pm2_5": 6.0, "pm4": 6.0, "pm10": 6.0, "t": 15.0, "rh": 50.0, "p": 1013.0}
    assert {name: message[name] for name in wanted} == wanted
    assert message["q"] == dict.fromkeys(wanted, "V")
    assert message["window_s"] == 600
    assert 98 <= message["capture"] <= 100
    assert message["aqi"] == {"table": "EAQI-2024", "index": 2, "of": ["pm10", "pm2_5"], "partial": True}


def test_temperatures_below_zero_are_rounded_like_those_above():
    street = Street()
    street.noise = 0
    street.t = -51
    assert street.run(600)[0][1]["t"] == -5.1


@long
def test_the_last_hour_takes_no_more_room_with_windows_of_seconds():
    street = Street(options=dict(OPTIONS, window_s=10))
    street.pm = 100
    street.run(3600)
    street.pm = 1400
    message = street.run(3700)[-1][1]
    for channel in street.air.channels:
        if channel.history:
            assert len(channel.history.slots) <= 12
            assert 330 <= sum([count for _, count in channel.history.slots]) <= 360
    # the air of the hour before has gone out of it
    assert message["pm2_5"] >= 140 and message["aqi"]["index"] == 6


def test_a_part_that_warms_up_or_is_silent_is_null_with_its_letter():
    street = Street()
    for word, letter in (("warming", "W"), ("silent", "U"), ("range", "U")):
        street.dust_fault = word
        message = street.run(1200)[-1][1]
        for name in ("pm1", "pm2_5", "pm4", "pm10"):
            assert message[name] is None
            assert message["q"][name] == letter
        assert message["q"]["t"] == "V"
        assert message["aqi"]["index"] is None and message["aqi"]["of"] == []
        assert 42 <= message["capture"] <= 43  # three of seven quantities


def test_half_an_hour_of_faults_does_not_hide_the_rest():
    street = Street()
    street.run(600)
    street.dust_fault = "garbled"
    street.run(300)
    street.dust_fault = None
    message = street.run(300)[0][1]
    assert message["q"]["pm2_5"] == "E"
    assert message["pm2_5"] is not None
    assert message["capture"] < 75


def test_particles_in_fog_are_marked_and_kept_out_of_the_index():
    street = Street()
    street.run(600)
    street.rh, street.pm = 980, 900
    street.run(600)
    message = street.run(600)[0][1]
    assert message["q"]["pm2_5"] == "R"
    assert message["q"]["rh"] == "V"
    assert message["aqi"]["index"] == 2


def test_a_value_that_never_moves_is_flat_after_two_hours_of_particles():
    street = Street()
    street.noise = 0
    marks = letters(street.run(3 * 3600))
    assert marks[:11] == ["V"] * 11
    assert marks[12:] == ["F"] * (len(marks) - 12)
    street.noise = 3
    assert letters(street.run(1200))[-1] == "V"


def test_a_saturated_value_is_the_top_of_the_range_and_marked():
    street = Street()
    street.pm = 12000
    message = street.run(1200)[-1][1]
    assert message["q"]["pm2_5"] == "S"
    assert message["pm2_5"] == 1000.0
    assert message["aqi"]["index"] == 6


def test_the_index_is_of_the_last_hour_not_of_the_last_minutes():
    street = Street()
    street.run(3600)
    street.pm = 1500
    told = [message["aqi"]["index"] for _, message, _ in street.run(7200)]
    assert told[0] <= 3
    assert told == sorted(told)
    assert told[-1] == 6


def test_only_what_is_fitted_is_told():
    hours = Hours(MIDNIGHT)
    air = Air({"parts": ["climate"], "window_s": 60, "every_ms": 10000}, hours.clock, PARTS)
    told = hours.run(60, air, lambda: air.take("climate", {"t": 150, "rh": 500, "p": 10130}), 10000)
    message = told[0][1]
    assert sorted(message["q"]) == ["p", "rh", "t"]
    assert "pm10" not in message
    assert message["aqi"]["index"] is None
