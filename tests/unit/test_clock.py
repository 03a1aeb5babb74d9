"""The clock over a wrap of the ticks, and through the moment that UTC becomes known."""

from lamppost.core.clock import NONE, NTP, Clock

WRAP = 1 << 30


class Ticks:
    def __init__(self, now=0):
        self.now = now

    def ms(self):
        return self.now % WRAP

    def diff(self, late, early):
        return (late - early + WRAP // 2) % WRAP - WRAP // 2


def clock_at(now=0):
    ticks = Ticks(now)
    return ticks, Clock(ticks.ms, ticks.diff)


def test_uptime_goes_on_over_the_wrap_of_the_ticks():
    ticks, clock = clock_at(WRAP - 1500)
    for step in range(1, 50):
        ticks.now += 100000000  # more than a day
        assert clock.uptime_ms() == step * 100000000
    assert clock.uptime_s() == 4900000


def test_no_time_is_known_at_the_start():
    _, clock = clock_at()
    assert clock.utc_s() is None
    assert clock.tq == NONE


def test_utc_runs_on_from_where_it_was_set_to_the_millisecond():
    ticks, clock = clock_at()
    ticks.now = 1700
    clock.set_utc(800000000, 900, NTP, 20)
    assert (clock.utc_s(), clock.utc_ms_part()) == (800000000, 900)
    ticks.now += 99
    assert (clock.utc_s(), clock.utc_ms_part()) == (800000000, 999)
    ticks.now += 1
    assert (clock.utc_s(), clock.utc_ms_part()) == (800000001, 0)
    assert clock.set_at_s == 1


def test_setting_utc_never_moves_the_uptime():
    ticks, clock = clock_at()
    ticks.now = 5300
    clock.set_utc(800000000, 0, NTP, 20)
    assert clock.uptime_ms() == 5300
    assert clock.utc_s() == 800000000
    ticks.now += 700
    assert (clock.utc_s(), clock.utc_ms_part()) == (800000000, 700)
