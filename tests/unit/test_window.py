"""Windows through the moments when a clock becomes known, steps forward and steps back."""

from ground import MIDNIGHT, Hours, Seed
from lamppost.sensing.window import Window
from slow import long


class Ended:
    def __init__(self, utc=None, length_s=60):
        self.hours = Hours(utc)
        self.window = Window(self.hours.clock, length_s)
        self.all = []

    def run(self, seconds, asked=True):
        """[(length, whole, end, known)] of what ended."""
        out = []
        for _ in range(seconds):
            self.hours.now_ms += 1000
            ended = self.window.due(asked)
            if ended:
                out.append((ended[0], ended[1], ended[2].seconds, ended[2].known))
        self.all += out
        return out


def test_windows_end_on_the_utc_boundary():
    ended = Ended(MIDNIGHT + 7).run(180)
    assert [row[:2] for row in ended] == [(53, False), (60, True), (60, True)]
    assert [row[2] - MIDNIGHT for row in ended] == [60, 120, 180]


def test_before_the_time_is_known_they_follow_the_uptime():
    assert Ended().run(130) == [(60, True, 60, False), (60, True, 120, False)]


def test_a_window_that_crosses_no_boundary_goes_on_when_the_time_becomes_known():
    time = Ended()
    time.run(10)
    time.hours.know(MIDNIGHT + 30)
    assert time.run(31) == [(40, False, MIDNIGHT + 60, True)]


def test_a_window_that_crosses_a_boundary_is_cut_when_the_time_becomes_known():
    time = Ended()
    time.run(50)
    time.hours.know(MIDNIGHT + 20)
    assert time.run(1) == [(51, False, MIDNIGHT + 21, True)]
    assert time.run(60) == [(39, False, MIDNIGHT + 60, True)]


def test_a_trimmed_clock_never_ends_the_same_window_twice():
    time = Ended(MIDNIGHT, 10)
    for second in range(300):
        time.run(1)
        if second % 10 == 0:
            time.hours.know(time.hours.clock.utc_s() - 1)
    ends = [row[2] for row in time.all]
    assert ends == sorted(set(ends))
    assert {row[0] for row in time.all} == {10}


@long
def test_no_second_is_counted_twice_or_negative_whatever_the_clock_does():
    for start in range(12):
        seed = Seed(start)
        time = Ended(None if start % 2 else MIDNIGHT, (1, 10, 60, 900)[start % 4])
        for _ in range(12):
            time.run(seed.below(400))
            near = (time.hours.clock.utc_s() or MIDNIGHT) + seed.below(11) - 5
            time.hours.know(MIDNIGHT + seed.below(7200) if seed.below(2) else near)
        real = time.hours.now_ms // 1000
        lengths = [row[0] for row in time.all]
        assert all(length > 0 for length in lengths)
        # trims of a second are taken up, so the sum may be off by the steps that were no steps
        assert real - 930 <= sum(lengths) <= real + 30


def test_a_window_in_which_nobody_was_asked_is_joined_with_the_next():
    time = Ended(MIDNIGHT, 1)
    assert time.run(1) == [(1, True, MIDNIGHT + 1, True)]
    assert time.run(1, asked=False) == []
    assert time.run(1) == [(2, True, MIDNIGHT + 3, True)]
