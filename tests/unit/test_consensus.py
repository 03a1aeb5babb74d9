"""Whom to believe of several time servers, and how far one alone may move the clock."""

from lamppost.core.clock import NTP, RTC, Clock
from lamppost.link.time.consensus import Answer, Jury

NOW = 848664000
YEAR = 365 * 86400


class Bench:
    """A clock that a test turns, and answers as servers would give them at that moment."""

    def __init__(self, known=True, floor_s=None, tq=NTP):
        self.ms = 5300
        self.clock = Clock(lambda: self.ms, lambda a, b: a - b)
        self.jury = Jury(self.clock, floor_s)
        self.begun_ms = self.ms
        if known:
            self.clock.set_utc(NOW, 0, tq, 20)

    def say(self, *lies, tu_ms=20):
        out = []
        for n, lie in enumerate(lies):
            self.ms += 137  # the next server is asked a moment later
            true_ms = self.ms - self.begun_ms + int(lie * 1000)
            out.append(Answer("server-%d" % n, self.clock, NOW + true_ms // 1000, true_ms % 1000, tu_ms))
        return out

    def offset(self, answer):
        return answer.offset_s * 1000 + answer.offset_ms


def test_answers_of_different_moments_that_mean_the_same_time_agree():
    one, other = Bench().say(0, 0)
    assert one.agrees(other) and abs(one.offset_s - other.offset_s) <= 1


def test_two_that_agree_are_believed_whatever_our_own_clock_says():
    for lie in (0, 3600, YEAR, -YEAR):
        bench = Bench()
        chosen = bench.jury.settle(bench.say(lie, lie))
        assert chosen is not None and abs(chosen.offset_s - NOW - lie) <= 1


def test_a_lone_liar_is_outvoted_wherever_it_stands():
    for lies in ((YEAR, 0, 0), (0, -YEAR, 0), (0, 0, 5), (9, 0, 0, 0)):
        bench = Bench(known=False)
        chosen = bench.jury.settle(bench.say(*lies))
        assert abs(chosen.offset_s - NOW) <= 1


def test_of_those_that_agree_the_surest_is_taken():
    bench = Bench()
    answers = bench.say(0, 0.05, 0)
    answers[1].tu_ms = 5
    assert bench.jury.settle(answers) is answers[1]


def test_two_against_two_is_no_majority():
    bench = Bench(known=False)
    assert bench.jury.settle(bench.say(0, 0, 60, 60)) is None


def test_of_two_that_contradict_each_other_our_own_clock_decides():
    bench = Bench()
    answers = bench.say(YEAR, 0)
    assert bench.jury.settle(answers) is None
    assert bench.jury.alone(answers) == (answers[1], None)


def test_of_two_that_contradict_each_other_none_is_believed_at_the_first_start():
    bench = Bench(known=False)
    assert bench.jury.alone(bench.say(YEAR, 0))[0] is None


def test_the_last_time_on_flash_decides_at_a_later_start():
    bench = Bench(known=False, floor_s=NOW - 43200)
    answers = bench.say(-YEAR, 0)
    assert bench.jury.alone(answers)[0] is answers[1]


def test_one_alone_may_tell_the_first_time_and_move_the_clock_by_less_than_a_day():
    bench = Bench(known=False)
    assert bench.jury.alone(bench.say(0))[0]
    for lie in (-80000, 80000):
        bench = Bench()
        assert bench.jury.alone(bench.say(lie))[0]


def test_one_alone_that_steps_by_more_is_refused_with_the_figure():
    for lie in (-YEAR, YEAR, 90000, -100000):
        for bench in (Bench(), Bench(tq=RTC), Bench(known=False, floor_s=NOW - 3600)):
            chosen, step_s = bench.jury.alone(bench.say(lie))
            if lie == 90000 and bench.clock.offset_s is None:
                assert chosen  # a month without power is nothing strange
            else:
                assert chosen is None and abs(step_s - lie) <= 3602


def test_what_one_tells_for_six_hours_without_a_break_is_believed():
    bench = Bench()
    told = 0
    while bench.jury.alone(bench.say(YEAR))[0] is None:
        told += 1
        bench.ms += 900000
    assert 24 <= told <= 25


def test_a_liar_that_changes_its_tale_is_never_believed():
    bench = Bench()
    for n in range(200):
        assert bench.jury.alone(bench.say(YEAR + n * 10))[0] is None
        bench.ms += 900000
