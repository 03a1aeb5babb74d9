"""A short form of `make parking`: hours of each hardship through the node's own code under MicroPython."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from bay_days import HARDSHIPS, SENSES, day
from lamplighter.replay import parking
from lamplighter.replay.scores import Score, compare
from threshold import Plain, states

HOURS_S = 2 * 3600
USUAL = Plain(0.78, 0.88, 5, 4)


def judged(job):
    hardship, senses = job
    one = day(7, hardship, senses, HOURS_S)
    told = [(change.t_s, change.state) for change in parking.replay(one.trace, kept=one.known())]
    return compare(one.truth, told, 0, HOURS_S), compare(one.truth, states(one, USUAL), 0, HOURS_S)


@pytest.fixture(scope="module")
def scores():
    jobs = [(hardship, senses) for hardship in HARDSHIPS for senses in SENSES]
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(jobs, pool.map(judged, jobs), strict=True))


def test_the_state_is_right_nearly_all_the_time_whatever_the_weather(scores):
    mine = sum((mine for mine, _ in scores.values()), Score())
    assert mine.right >= 0.99
    assert mine.unknown <= 0.01
    assert mine.p95 is not None and mine.p95 <= 10
    for job, (each, _) in scores.items():
        assert each.right > 0.97, job


def test_a_plain_threshold_changes_falsely_ten_times_as_often(scores):
    mine = sum(mine.false_changes for mine, _ in scores.values())
    plain = sum(plain.false_changes for _, plain in scores.values())
    assert plain >= 10 * max(1, mine)


def test_where_both_senses_watch_nothing_but_cars_changes_the_state(scores):
    assert [job for job, (each, _) in scores.items() if job[1] == "both" and each.false_changes] == []


def test_the_same_seed_gives_the_same_day():
    one, other = day(3, "fog", "both", 600), day(3, "fog", "both", 600)
    assert one.trace.rows == other.trace.rows and one.truth == other.truth
    assert day(4, "fog", "both", 600).trace.rows != one.trace.rows


@pytest.mark.parametrize("senses", SENSES)
def test_no_state_is_told_before_the_bay_was_seen_in_both(senses):
    days_told = 0
    for hardship in ("calm", "standing", "trams"):
        one = day(8, hardship, senses, 2 * HOURS_S)
        told = [change.t_s for change in parking.replay(one.trace) if change.state in ("free", "occupied")]
        changed = one.truth[1][0] if len(one.truth) > 1 else 2 * HOURS_S
        assert not told or told[0] >= changed, hardship
        days_told += bool(told)
    assert days_told, "and then there is one"
