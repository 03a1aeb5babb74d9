"""Levels of the lamp: limits of the luminaire, ramps, and the pauses that gear and relay need."""

from journal_on_ram import Ticks
from lamppost.lamp.dimming import Dimmer
from lamppost.lamp.output import Output


class Lamp(Output):
    def __init__(self, dims=True):
        super().__init__()
        self.DIMS = dims
        self.levels = []

    def set(self, permille):
        self.levels.append(permille)


class Bench:
    def __init__(self, dims=True, place_ms=0, **options):
        self.time = Ticks()
        self.lamp = Lamp(dims)
        self.dimmer = Dimmer(self.lamp, options, self.time.clock(), place_ms)

    def run(self, seconds):
        """(seconds, level) at each change."""
        changes, last = [], self.dimmer.level
        for _ in range(int(seconds * 20)):
            self.time.ms += 50
            self.dimmer.step()
            if self.dimmer.level != last:
                last = self.dimmer.level
                changes.append((self.time.ms / 1000, last))
        return changes


def test_the_lamp_has_the_fail_safe_level_from_the_first_instant():
    assert Bench().lamp.levels == [1000]
    assert Bench(fail_safe_level=60).lamp.levels == [600]


def test_levels_are_clipped_to_the_luminaires_limits_but_off_is_off():
    bench = Bench(min_level=20, max_level=80, ramp_s=0)
    assert bench.lamp.levels == [800]
    for asked, level in ((5, 200), (50, 500), (100, 800), (0, 0)):
        bench.dimmer.go(asked)
        bench.run(1)
        assert bench.dimmer.level == level and bench.dimmer.asked == asked


def test_a_ramp_is_straight_and_takes_its_time():
    bench = Bench(ramp_s=2)
    bench.dimmer.go(50)
    changes = bench.run(3)
    assert changes[-1] == (2.0, 500)
    assert changes[19] == (1.0, 750) and len(changes) == 40
    bench.dimmer.go(100, ramp_s=0)
    assert bench.run(1) == [(3.05, 1000)]


def test_a_new_level_within_a_ramp_begins_where_the_lamp_is():
    bench = Bench(ramp_s=2)
    bench.dimmer.go(0)
    bench.run(1)
    middle = bench.dimmer.level
    bench.dimmer.go(100)
    changes = bench.run(3)
    assert 100 < middle < 1000 and min([level for _, level in changes]) >= middle and changes[-1][1] == 1000


def test_the_same_level_asked_for_again_does_not_begin_the_ramp_anew():
    bench = Bench(ramp_s=1)
    bench.dimmer.go(50)
    for _ in range(20):
        bench.dimmer.go(50)
        bench.run(0.05)
    assert bench.dimmer.level == 500


def test_off_comes_at_the_end_of_a_ramp_to_the_lowest_level():
    bench = Bench(ramp_s=1, min_level=10)
    bench.dimmer.go(0)
    levels = [level for _, level in bench.run(2)]
    assert levels[-2:] == [145, 0]


def test_the_lamp_stays_off_until_the_gear_has_cooled_down():
    bench = Bench(ramp_s=0, cool_down_s=10)
    bench.dimmer.go(0)
    bench.run(1)
    bench.dimmer.go(100)
    at, level = bench.run(12)[0]
    assert 10 <= at <= 10.15 and level == 1000


def test_one_that_is_told_off_within_the_cool_down_stays_off():
    bench = Bench(ramp_s=0, cool_down_s=10)
    for level in (0, 100, 0):
        bench.dimmer.go(level)
        bench.run(1)
    assert bench.run(20) == []


def test_the_ramp_up_begins_at_the_lowest_level_once_the_gear_has_started():
    bench = Bench(ramp_s=1, cool_down_s=0, min_level=10)
    bench.dimmer.go(0)
    bench.run(2)
    bench.dimmer.go(100)
    changes = bench.run(3)
    assert changes[0][1] == 100 and changes[1][0] - changes[0][0] > 0.5 and changes[-1][1] == 1000


def test_lamps_of_a_street_switch_on_each_at_its_own_place():
    bench = Bench(ramp_s=0, cool_down_s=0, place_ms=3000)
    bench.dimmer.go(0)
    bench.run(1)
    bench.dimmer.go(100)
    assert 4 <= bench.run(10)[0][0] <= 4.1
    assert Bench(place_ms=3000).lamp.levels == [1000]  # at power-on it is on at once


def test_a_lamp_that_cannot_dim_is_on_or_off():
    bench = Bench(dims=False, cool_down_s=0)
    assert bench.lamp.levels == [1000]
    for asked, level in ((30, 1000), (0, 0), (1, 1000)):
        bench.dimmer.go(asked)
        bench.run(1)
        assert bench.dimmer.level == level
    assert bench.lamp.levels == [1000, 0, 1000]
