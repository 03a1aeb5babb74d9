"""The clock over a wrap of the ticks, and through the moment that UTC becomes known."""

from lamppost.core.clock import NONE, NTP, Clock
from lamppost.core.stamp import Stamp

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


def test_a_stamp_is_uptime_of_no_quality_until_utc_is_known_and_utc_from_then_on():
    ticks, clock = clock_at()
    ticks.now = 42000
    assert clock.stamp() == Stamp(seconds=42, known=False, quality=NONE, uncertainty_ms=0)
    clock.set_utc(800000000, 0, NTP, 20)
    ticks.now = 44000
    assert clock.stamp() == Stamp(seconds=800000002, known=True, quality=NTP, uncertainty_ms=20)


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


class Crystal:
    """A clock whose oscillator is off, set by a time server that is right to a few ms."""

    def __init__(self, ppm):
        self.ppm = ppm
        self.true_ms = 0
        self.clock = Clock(lambda: self.true_ms + self.true_ms * self.ppm // 1000000, lambda a, b: a - b)

    def live(self, seconds):
        for _ in range(seconds // 60):
            self.true_ms += 60000
            self.clock.uptime_s()

    def set(self, error_ms=0, tu_ms=20, tq=NTP):
        ms = self.true_ms + error_ms
        self.clock.set_utc(800000000 + ms // 1000, ms % 1000, tq, tu_ms)

    def off_ms(self):
        clock = self.clock
        return (clock.utc_s() - 800000000) * 1000 + clock.utc_ms_part() - self.true_ms


def test_the_drift_is_measured_between_settings_and_taken_out():
    for ppm in (-37, -4, 0, 18, 120):
        crystal = Crystal(ppm)
        crystal.set()
        for n in range(6):
            crystal.live(14400)
            crystal.set((-15, 10, -5, 12, 0, 7)[n])
        assert abs(crystal.clock.drift_ppb - ppm * 1000) <= 2500
        crystal.live(7 * 86400)
        assert abs(crystal.off_ms()) <= 7 * 86400 * 3
        assert abs(crystal.off_ms()) <= crystal.clock.tu_ms


def test_a_measurement_waits_until_the_base_line_is_long_enough():
    crystal = Crystal(20)
    crystal.set(tu_ms=200)
    crystal.live(14400)
    crystal.set(tu_ms=200)
    assert crystal.clock.drift_ppb is None  # 400 ms in 4 hours are 28 ppm
    for _ in range(6):
        crystal.live(14400)
        crystal.set(tu_ms=200)
    assert abs(crystal.clock.drift_ppb - 20000) <= 1000


def test_a_step_of_the_time_is_no_drift():
    crystal = Crystal(10)
    crystal.set()
    crystal.live(14400)
    crystal.set(3600000)
    assert crystal.clock.drift_ppb is None
    crystal.live(14400)
    crystal.set(3600000)
    assert abs(crystal.clock.drift_ppb - 10000) <= 200


def test_uncertainty_grows_while_nobody_tells_the_time_and_quality_falls():
    crystal = Crystal(45)
    crystal.set()
    seen = []
    for _ in range(20):
        seen.append(crystal.clock.tq)
        assert abs(crystal.off_ms()) <= crystal.clock.tu_ms
        crystal.live(86400)
    assert seen[:3] == [3, 2, 2] and seen[13:15] == [2, 1]
    assert seen == sorted(seen, reverse=True)


def test_with_a_measured_drift_quality_lasts_five_times_as_long():
    crystal = Crystal(45)
    crystal.clock.drift_ppb = 44000  # as kept from other nights
    crystal.set()
    crystal.live(26 * 3600)
    assert crystal.clock.tq == 3 and abs(crystal.off_ms()) <= 1000
    crystal.live(6 * 86400)
    assert crystal.clock.tq == 2 and crystal.clock.tu_ms < 7000
    assert abs(crystal.off_ms()) <= crystal.clock.tu_ms


def test_the_uptime_itself_is_never_trimmed():
    crystal = Crystal(100)
    crystal.clock.drift_ppb = 100000
    crystal.set()
    crystal.live(864000)
    assert crystal.clock.uptime_s() == 864086
    assert abs(crystal.off_ms()) <= 10
