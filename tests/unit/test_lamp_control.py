"""Who decides on the lamp's level: override, programme, light sensor, or nobody: then it is on."""

from ground import Notes
from journal_on_ram import Ticks
from lamppost.core.calendar import DAY, seconds
from lamppost.core.clock import NTP
from lamppost.core.faults import SensorFault
from lamppost.lamp.control import OVERRIDE, PRESENCE, SAFE, SCHEDULE, SENSOR, Control
from lamppost.lamp.dimming import Dimmer
from lamppost.lamp.output import Output
from lamppost.sensing.presence import Presence

LISBON = {"lat": 38.72, "lon": -9.14}
LATE = {
    "zone": "WET0WEST,M3.5.0/1,M10.5.0", "ramp_s": 0, "cool_down_s": 0, "calendar": [{"programme": "late"}],
    "programmes": {"late": {"periods": [{"from": "sunset", "to": "sunrise"}],
                            "points": [{"at": "23:00", "op": "set", "level": 50}]}},
}  # fmt: skip
SENSED = dict(LATE, programmes={"late": {"periods": [
    {"from": "sunset-60", "to": "sunrise+60", "when": "dark"}, {"from": "20:00", "to": "04:00"},
]}})  # fmt: skip
WATCHED = dict(LATE, programmes={"late": {
    "periods": [{"from": "sunset", "to": "sunrise"}], "points": [{"at": "18:00", "op": "set", "level": 20}],
    "presence": [{"from": "22:00", "to": "05:00", "level": 90, "hold_s": 60},
                 {"from": "22:00", "to": "05:00", "level": 50, "hold_s": 300}],
}})  # fmt: skip
PART_NIGHT = dict(LATE, programmes={"late": {"periods": [{"from": "sunset", "to": "01:00"}]}})


class Sensor:
    night = None


class Counters(Notes):
    burn_s = switchings = 0


class Bench:
    def __init__(self, at=None, options=LATE, sensor=True, counters=None, light_output=None, bays=()):
        self.time = Ticks()
        self.clock = self.time.clock()
        self.counters = counters or Counters()
        self.sensor = Sensor() if sensor else None
        options = dict(options, light_output=light_output or {})
        self.dimmer = Dimmer(Output(), options, self.clock)
        self.presence = Presence({"parts": ["radar"]}, self.clock, bays)
        self.radar, self.silence = self.presence.of("radar")
        self.control = Control(
            options, LISBON, self.clock, self.dimmer, self.counters, self.sensor, self.presence
        )  # fmt: skip
        if at:
            self.know(at)

    def know(self, at):
        self.clock.set_utc(seconds(at), 0, NTP, 20)

    def run(self, minutes=1, night=None, somebody=False):
        """(level, why) after so many minutes, with light sensor and radar as told; somebody None: it is silent."""
        if self.sensor:
            self.sensor.night = night
        for _ in range(minutes * 6):
            self.time.ms += 10000
            if somebody is None:
                self.silence(SensorFault("silent"))
            else:
                self.radar({"presence": int(somebody)})
            self.presence.poll()
            self.control.poll()
            self.dimmer.step()
        return self.dimmer.level // 10, self.control.why


def test_the_programme_decides_by_the_sun_and_the_clock():
    for at, level in (("17:00", 0), ("17:30", 100), ("22:50", 100), ("23:05", 50)):
        assert Bench("2026-12-21T%s:00Z" % at).run() == (level, SCHEDULE)


def test_without_time_the_light_sensor_decides_and_without_it_the_lamp_is_on():
    assert Bench().run(night=True) == (100, SENSOR)
    assert Bench().run(night=False) == (0, SENSOR)
    assert Bench().run(night=None) == (100, SAFE)
    assert Bench(sensor=False).run() == (100, SAFE)


def test_the_programme_begins_as_soon_as_the_time_is_known():
    bench = Bench(sensor=False)
    bench.run()
    bench.know("2026-12-21T23:30:00Z")
    assert bench.run() == (50, SCHEDULE)


def test_an_override_ends_at_its_moment():
    bench = Bench("2026-12-21T20:00:00Z")
    bench.control.override(20, seconds("2026-12-21T20:30:00Z"), 1.5)
    assert bench.run(29) == (20, OVERRIDE)
    assert bench.run(2) == (100, SCHEDULE)


def test_an_override_of_zero_switches_the_lamp_off_for_its_time():
    bench = Bench("2026-12-21T20:00:00Z")
    bench.control.override(0, seconds("2026-12-21T20:30:00Z"), 0)
    assert bench.run(5, night=True) == (0, OVERRIDE)


def test_an_override_comes_back_after_a_power_cut_but_not_once_it_has_ended():
    bench = Bench("2026-12-21T20:00:00Z")
    bench.control.override(20, seconds("2026-12-21T22:00:00Z"), 1.5)
    again = Bench("2026-12-21T21:00:00Z", counters=bench.counters)
    assert again.run() == (20, OVERRIDE)
    assert Bench("2026-12-21T22:00:01Z", counters=bench.counters).run() == (100, SCHEDULE)
    assert Bench(sensor=False, counters=bench.counters).run() == (100, SAFE)  # it cannot be judged without the time


def test_resume_ends_an_override_for_good():
    bench = Bench("2026-12-21T20:00:00Z")
    assert not bench.control.resume()
    bench.control.override(20, seconds("2026-12-21T22:00:00Z"), 1.5)
    assert bench.control.resume() and bench.run() == (100, SCHEDULE)
    assert Bench("2026-12-21T21:00:00Z", counters=bench.counters).run() == (100, SCHEDULE)


def test_a_clock_that_is_a_year_off_leaves_the_lamp_in_its_programme_to_a_few_minutes():
    for year in ("2025", "2027", "2036"):
        assert Bench(year + "-12-21T17:24:00Z").run()[0] == 100
        assert Bench(year + "-12-21T17:10:00Z").run()[0] == 0


def test_a_clock_that_claims_day_in_the_dark_does_not_switch_the_lamp_off():
    assert Bench("2026-06-21T12:00:00Z").run(night=True) == (100, SENSOR)


def test_a_clock_that_claims_the_dark_hours_by_day_is_doubted_and_the_lamp_stays_on_until_it_is_set_again():
    bench = Bench("2026-12-21T02:00:00Z", PART_NIGHT)
    assert bench.run(5, night=False) == (0, SCHEDULE)  # the programme is off by then: nothing is lost
    assert bench.run(10, night=False) == (100, SAFE) and bench.control.doubted
    bench.know("2026-12-21T14:15:00Z")
    assert bench.run(1, night=False) == (0, SCHEDULE) and not bench.control.doubted


def test_a_light_sensor_that_sees_light_at_night_does_not_switch_the_lamp_off():
    bench = Bench("2026-12-21T23:30:00Z")
    assert bench.run(5, night=False)[0] == 50
    assert bench.run(60, night=False) == (100, SAFE)
    bench.know("2026-12-22T12:00:00Z")
    assert bench.run(30, night=False) == (0, SCHEDULE)


def test_a_sun_that_cannot_be_in_its_month_is_not_believed():
    from lamppost.lamp import control

    bench, truth = Bench("2026-12-21T12:00:00Z", sensor=False), control.height
    control.height = lambda utc_s, lat, lon: 40.0
    try:
        assert bench.run() == (100, SAFE)
    finally:
        control.height = truth
    assert bench.run(2) == (0, SCHEDULE)


def test_both_ways_of_the_suns_height_agree_through_years_and_latitudes():
    from lamppost.core.sun import coarse_height, height

    worst = 0
    for lat in (0.0, 38.72, 51.5, 70.0):
        for day in range(9500, 9500 + 366, 5):
            for hour in range(0, 24, 3):
                at = day * DAY + hour * 3600
                worst = max(worst, abs(height(at, lat, -9.14) - coarse_height(at, lat, -9.14)))
    assert worst < 6


def test_light_is_corrected_for_burn_hours_dirt_and_virtual_light_output():
    for light, hours, level in (
        ({"virtual": 80}, 0, 80), ({"constant": [[0, 80], [20000, 100]]}, 0, 80),
        ({"constant": [[0, 80], [20000, 100]]}, 10000, 90), ({"constant": [[0, 80], [20000, 100]]}, 30000, 100),
        ({"constant": [[0, 80], [20000, 100]], "constant_by": "driver"}, 0, 100),
        ({"virtual": 50, "constant": [[0, 80], [20000, 100]]}, 0, 40),
        ({"virtual": 80, "maintenance": {"cleaned": "2024-12-21", "per_year": 10}}, 0, 100),
        ({"virtual": 80, "maintenance": {"cleaned": "2025-12-21", "per_year": 10}}, 0, 88),
        ({"virtual": 80, "maintenance": {"cleaned": "2027-12-21", "per_year": 10}}, 0, 80),
    ):  # fmt: skip
        bench = Bench("2026-12-21T20:00:00Z", light_output=light)
        bench.counters.burn_s = hours * 3600
        assert bench.run() == (level, SCHEDULE), light
        assert bench.control.asked == 100


def test_a_change_is_reported_once_its_ramp_has_ended():
    bench = Bench("2026-12-21T22:58:30Z", dict(LATE, ramp_s=30))
    bench.run()
    seen = [bench.control.state()]
    for _ in range(60):
        bench.time.ms += 1000
        bench.control.poll()
        bench.dimmer.step()
        if bench.control.state() != seen[-1]:
            seen.append(bench.control.state())
    assert seen == [(100, SCHEDULE, 1000), (50, SCHEDULE, 500)]


def test_a_self_test_is_done_by_day_only_and_leaves_the_lamp_to_its_programme():
    bench = Bench("2026-12-21T12:00:00Z")
    assert bench.control.is_day()
    bench.sensor.night = True
    assert not bench.control.is_day()
    assert not Bench("2026-12-21T20:00:00Z").control.is_day() and not Bench().control.is_day()
    bench.control.test(50, 0)
    assert bench.run(night=False)[0] == 50
    bench.control.test(None)
    assert bench.run(night=False) == (0, SCHEDULE)


def test_a_period_while_dark_follows_the_light_sensor_and_without_it_the_sun():
    bench = Bench("2026-12-21T16:40:00Z", SENSED)  # the sun sets at 17:18
    assert bench.run(5, night=False) == (0, SENSOR)
    assert bench.run(5, night=True) == (100, SENSOR)
    assert bench.run(5, night=None) == (0, SENSOR)
    assert bench.run(30, night=None) == (100, SENSOR)
    assert bench.run(2, night=False) == (0, SENSOR)  # just after sunset, and still light
    assert Bench("2026-12-21T21:00:00Z", SENSED).run(2, night=False) == (100, SCHEDULE)


def test_a_light_sensor_that_sees_light_all_night_leaves_no_street_dark():
    bench = Bench("2026-12-21T18:00:00Z", SENSED)
    assert bench.run(5, night=False) == (0, SENSOR)
    assert bench.run(10, night=False) == (100, SAFE)


def test_presence_raises_the_level_within_its_period_and_for_its_time_afterwards():
    bench = Bench("2026-12-21T21:30:00Z", WATCHED)
    assert bench.run(5, somebody=True) == (20, SCHEDULE)
    bench.run(30)
    assert bench.run(1) == (20, SCHEDULE)
    assert bench.run(1, somebody=True) == (90, PRESENCE)
    assert bench.run(1) == (90, PRESENCE)
    assert bench.run(3) == (50, PRESENCE)
    assert bench.run(2) == (20, SCHEDULE)


def test_a_silent_radar_counts_as_somebody():
    bench = Bench("2026-12-21T23:00:00Z", WATCHED)
    assert bench.run(1) == (20, SCHEDULE)
    assert bench.run(1, somebody=None) == (90, PRESENCE)
    assert bench.run(10, somebody=None) == (90, PRESENCE)
    assert bench.run(6) == (20, SCHEDULE)


def test_a_message_of_presence_counts_for_its_time_and_an_override_comes_first():
    bench = Bench("2026-12-21T23:00:00Z", WATCHED)
    bench.presence.report(120)
    assert bench.run(2) == (90, PRESENCE)
    bench.control.override(10, seconds("2026-12-21T23:30:00Z"), 0)
    assert bench.run(1) == (10, OVERRIDE)


class Bay:
    state = "unknown"


def test_a_vehicle_that_comes_or_goes_is_somebody_and_a_bay_that_becomes_known_is_not():
    bay = Bay()
    bench = Bench("2026-12-21T23:00:00Z", WATCHED, bays=[bay])
    for state, level in (("free", 20), ("occupied", 90), ("free", 90), ("unknown", 50)):
        bay.state = state
        assert bench.run(1)[0] == level, state
