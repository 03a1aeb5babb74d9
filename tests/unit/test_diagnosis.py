"""The lamp's diagnosis: each rule with its wait, what must not raise it, and alarms that last until noon."""

from journal_on_ram import Ticks
from lamppost.core.clock import NTP
from lamppost.core.zone import Zone
from lamppost.lamp.diagnosis import (
    CODES,
    CYCLING,
    DIMMING,
    FACTOR,
    HIGH,
    HOT,
    LAMP,
    LOW,
    RELAY,
    SUPPLY_HIGH,
    SUPPLY_LOW,
    UNEXPECTED,
    Diagnosis,
)
from lamppost.lamp.lamp_alarms import LampAlarms

WATTS = [[10, 10], [25, 20], [50, 40], [75, 60], [100, 80]]


class Lamp:
    """A lamp that is told a level, and a meter that reads every 5 s."""

    def __init__(self, cuts_supply=True, **options):
        self.diagnosis = Diagnosis(dict({"watts": WATTS}, **options), cuts_supply)
        self.now_s = 0

    def run(self, minutes, permille, watts, volts=230, pf=95, off_by_day=False):
        for _ in range(int(minutes * 12)):
            self.now_s += 5
            self.diagnosis.take(self.now_s, permille, int(watts * 1000), volts * 1000, pf, off_by_day)

    def on(self):
        return [code for code in CODES if self.diagnosis.judged[code]]


def test_a_healthy_lamp_that_dims_is_healthy():
    lamp = Lamp()
    lamp.run(30, 1000, 82)
    lamp.run(30, 500, 41)
    lamp.run(30, 250, 22, pf=60)  # normal at a low level
    lamp.run(30, 0, 0.5)
    assert lamp.on() == []
    assert lamp.diagnosis.judged[RELAY] is False and lamp.diagnosis.judged[LAMP] is None


def test_a_dark_lamp_is_a_lamp_failure_after_its_waits_and_not_before():
    lamp = Lamp()
    lamp.run(1.5, 1000, 2)
    assert lamp.on() == []
    lamp.run(1, 1000, 2)
    assert lamp.on() == [LAMP]
    assert lamp.diagnosis.evidence[LAMP] == "2 W instead of 80 W"
    lamp.run(1, 1000, 80)
    assert lamp.on() == []


def test_a_discharge_lamp_may_take_its_warm_up_and_again_after_a_dip():
    lamp = Lamp(warm_up_s=900)
    lamp.run(8, 1000, 30)
    lamp.run(30, 1000, 80)
    lamp.run(0.1, 1000, 80, volts=150)
    lamp.run(8, 1000, 2)
    lamp.run(8, 1000, 45)
    lamp.run(30, 1000, 80)
    assert lamp.on() == []
    lamp.run(31, 1000, 2)
    assert lamp.on() == [LAMP]


def test_power_through_an_open_relay_is_a_relay_failure_only_where_the_relay_cuts_the_supply():
    lamp = Lamp()
    lamp.run(10, 1000, 80)
    lamp.run(1.5, 0, 80)
    assert lamp.on() == []
    lamp.run(1, 0, 80)
    assert lamp.on() == [RELAY]
    other = Lamp(cuts_supply=False)
    other.run(10, 0, 7)
    assert other.on() == []


def test_a_lamp_that_burns_for_15_minutes_by_day_is_unexpectedly_on():
    lamp = Lamp(cuts_supply=False)
    lamp.run(14, 0, 80, off_by_day=True)
    assert lamp.on() == []
    lamp.run(2, 0, 80, off_by_day=True)
    assert lamp.on() == [UNEXPECTED]
    lamp.run(1, 1000, 80)  # an override
    assert lamp.on() == []


def test_three_times_out_within_half_an_hour_is_cycling_and_with_the_supply_it_is_not():
    lamp, dipped = Lamp(), Lamp()
    for one, volts in ((lamp, 230), (dipped, 90)):
        one.run(5, 1000, 80)
        for _ in range(4):
            one.run(0.5, 1000, 2, volts=volts)
            one.run(4, 1000, 80)
    assert lamp.on() == [CYCLING]
    assert dipped.on() == []
    lamp.run(31, 1000, 80)
    assert lamp.on() == []


def test_power_that_is_off_by_more_than_15_per_cent_is_too_low_or_too_high():
    for watts, code in ((66, LOW), (94, HIGH)):
        lamp = Lamp()
        lamp.run(10, 1000, watts)
        assert lamp.on() == []
        lamp.run(5, 1000, watts)
        assert lamp.on() == [code]
    for watts in (70, 90):
        lamp = Lamp()
        lamp.run(60, 1000, watts)
        assert lamp.on() == []


def test_a_lamp_that_stays_at_the_level_before_is_a_dimming_failure():
    lamp = Lamp()
    lamp.run(30, 1000, 76)
    lamp.run(3, 500, 76)
    assert lamp.on() == [DIMMING]
    assert "the power of 100 %" in lamp.diagnosis.evidence[DIMMING]
    lamp.run(30, 1000, 76)
    assert lamp.on() == []
    after_a_restart = Lamp()
    after_a_restart.run(3, 500, 76)
    assert after_a_restart.on() == [DIMMING]
    dim = Lamp()
    dim.run(30, 500, 42)
    dim.run(3, 1000, 42)
    assert dim.on() == [DIMMING]


def test_the_steps_of_a_ramp_are_no_level_before():
    lamp = Lamp()
    lamp.run(30, 1000, 80)
    for permille in (900, 800, 700, 600):
        lamp.run(0.1, permille, permille * 0.08)
    lamp.run(30, 500, 57)
    assert lamp.on() == [HIGH], "57 W are those of a step, but the lamp never stayed there"


def test_power_factor_supply_and_heat():
    lamp = Lamp()
    lamp.run(13, 1000, 80, pf=60)
    assert lamp.on() == [FACTOR]
    lamp.run(13, 1000, 80, volts=190)
    assert lamp.on() == [FACTOR, SUPPLY_LOW]
    lamp.run(13, 1000, 80, volts=270)
    assert SUPPLY_HIGH in lamp.on()
    lamp = Lamp()
    for minute in range(30):
        lamp.diagnosis.warm(minute * 60, 66)
    assert lamp.on() == [HOT] and "66 degrees" in lamp.diagnosis.evidence[HOT]
    lamp.diagnosis.warm(1900, 62)
    assert lamp.on() == [HOT], "it must cool down"
    lamp.diagnosis.warm(1960, 59)
    assert lamp.on() == []


def test_without_measured_watts_only_what_needs_none_is_judged():
    lamp = Lamp(watts=[])
    lamp.run(60, 1000, 2)
    assert lamp.on() == [] and lamp.diagnosis.judged[LAMP] is None
    lamp.run(10, 0, 40)
    assert lamp.on() == [RELAY]


class Alarms:
    def __init__(self):
        self.told = []

    def set(self, code, active, evidence=""):
        if not self.told or self.told[-1] != (code, active):
            self.told.append((code, active))


NOON = 43200


def watch(ticks, known=True):
    clock = ticks.clock()
    if known:
        clock.set_utc(800000000 // 86400 * 86400 + NOON + 8 * 3600, 0, NTP, 20)  # 20:00
    alarms = Alarms()
    return LampAlarms(alarms, clock, Zone("UTC0"), (LAMP,)), alarms, clock


def hours(ticks, alarms, count, state):
    for _ in range(count * 12):
        ticks.ms += 300000
        alarms.poll({LAMP: state}, {LAMP: "words"})


def test_an_alarm_lasts_until_noon_after_its_cause_and_not_longer():
    ticks = Ticks()
    lamp, alarms, _ = watch(ticks)
    hours(ticks, lamp, 1, True)
    hours(ticks, lamp, 3, False)
    assert alarms.told == [(LAMP, True)]
    hours(ticks, lamp, 10, None)  # 10:00, the lamp is off
    assert alarms.told == [(LAMP, True)]
    hours(ticks, lamp, 3, None)
    assert alarms.told == [(LAMP, True), (LAMP, False)]


def test_without_time_an_alarm_lasts_twelve_hours():
    ticks = Ticks()
    lamp, alarms, _ = watch(ticks, known=False)
    hours(ticks, lamp, 1, True)
    hours(ticks, lamp, 11, False)
    assert alarms.told == [(LAMP, True)]
    hours(ticks, lamp, 2, False)
    assert alarms.told[-1] == (LAMP, False)


def test_an_alarm_of_an_earlier_start_ends_only_after_two_healthy_hours():
    ticks = Ticks()
    lamp, alarms, _ = watch(ticks)
    hours(ticks, lamp, 1, False)
    hours(ticks, lamp, 1, None)
    hours(ticks, lamp, 1, False)
    assert alarms.told == [], "not yet judged for two hours without a pause"
    hours(ticks, lamp, 2, False)
    assert alarms.told == [(LAMP, False)]
