"""Gaps and duplicates are counted as they are: late alarms, boots, a start in the middle, announced drops."""

import random

import pytest
from lamplighter.telemetry.sequence import DUPLICATE, KEPT, LATE, NEW, Runs, Sequence


def fed(numbers, b=1):
    sequence = Sequence()
    for s in numbers:
        sequence.take(b, s)
    return sequence


def test_numbers_in_a_row_have_no_gap():
    assert (fed(range(100)).gaps, fed(range(100)).duplicates) == (0, 0)


def test_a_number_left_out_is_a_gap():
    sequence = fed([0, 1, 2, 5, 6])
    assert sequence.gaps == 2
    assert sequence.holes() == [(1, 3, 4)]


def test_a_number_that_comes_late_closes_its_gap():
    sequence = fed([0, 1, 3])
    assert sequence.gaps == 1
    assert sequence.take(1, 2) == LATE
    assert sequence.gaps == 0


def test_a_number_that_comes_twice_is_a_duplicate():
    sequence = fed([0, 1, 2])
    assert sequence.take(1, 1) == DUPLICATE
    assert (sequence.duplicates, sequence.gaps) == (1, 0)


def test_what_an_alarm_overtook_is_awaited_and_no_gap():
    sequence = fed([0, 1])
    assert sequence.take(1, 9, alarm=True) == NEW
    assert (sequence.gaps, sequence.awaited) == (0, 7)
    for s in range(2, 9):
        assert sequence.take(1, s) == LATE
    assert (sequence.gaps, sequence.awaited) == (0, 0)


def test_telemetry_behind_an_alarm_proves_what_is_missing_before_it():
    sequence = fed([0, 1])
    sequence.take(1, 4, alarm=True)
    sequence.take(1, 5)
    assert sequence.gaps == 2


def test_a_start_in_the_middle_counts_from_the_first_number_seen():
    assert fed([500, 501, 502]).gaps == 0


def test_the_boot_event_makes_the_numbers_count_from_0():
    sequence = Sequence()
    sequence.take(7, 3, alarm=True)
    sequence.take(7, 0, held=True)
    sequence.booted(7, None, None)
    sequence.take(7, 2)
    assert sequence.holes() == [(7, 1, 1)]


def test_the_next_boot_counts_from_0_when_the_one_before_was_followed():
    sequence = fed([10, 11], b=1)
    sequence.take(2, 1)
    assert sequence.holes() == [(2, 0, 0)]


def test_the_boot_event_proves_the_tail_of_the_boot_before():
    sequence = fed([0, 1, 2], b=1)
    sequence.take(2, 0)
    sequence.booted(2, 1, 4)
    assert sequence.holes() == [(1, 3, 4)]


def test_a_tail_that_arrived_is_no_gap():
    sequence = fed([0, 1, 2], b=1)
    for s in (3, 4):
        sequence.take(1, s, held=True)
    sequence.take(2, 0)
    sequence.booted(2, 1, 4)
    assert sequence.gaps == 0


def test_a_retained_message_is_no_duplicate_and_no_start():
    sequence = Sequence()
    assert sequence.take(1, 5, retained=True) == KEPT
    for s in (800, 801):
        sequence.take(1, s)
    assert (sequence.gaps, sequence.duplicates) == (0, 0)


def test_a_retained_alarm_fills_the_hole_that_it_left():
    sequence = Sequence()
    sequence.take(2, 1, retained=True)
    sequence.take(2, 0, held=True)
    sequence.booted(2, None, None)
    sequence.take(2, 2)
    assert sequence.gaps == 0


def test_what_was_sent_while_the_subscriber_was_away_is_not_lost_by_the_node():
    sequence = fed([0, 1, 2])
    sequence.interrupted()
    sequence.take(1, 50)
    sequence.take(1, 52)
    assert sequence.holes() == [(1, 51, 51)]


def test_a_boot_during_the_absence_is_no_gap_either():
    sequence = fed([0, 1, 2], b=1)
    sequence.interrupted()
    sequence.take(2, 30)
    sequence.take(2, 31)
    assert sequence.gaps == 0
    sequence.take(3, 0, held=True)
    sequence.booted(3, 2, 33)
    assert sequence.holes() == [(2, 32, 33)]


def test_announced_drops_are_told_apart_from_gaps():
    sequence = fed([0, 1, 2])
    sequence.take(1, 40, alarm=True)
    sequence.announced(10)
    for s in range(13, 40):
        sequence.take(1, s)
    assert (sequence.dropped, sequence.gaps) == (10, 0)
    sequence.take(1, 43)
    assert (sequence.dropped, sequence.gaps) == (10, 2)


def test_drops_of_the_past_do_not_excuse_a_gap_of_today():
    sequence = Sequence()
    sequence.announced(1000, news=False)
    for s in (0, 1, 5):
        sequence.take(1, s)
    assert sequence.gaps == 3


@pytest.mark.parametrize("seed", range(30))
def test_any_order_of_arrival_is_counted_as_a_set_would(seed):
    chance = random.Random(seed)
    sent = list(range(200))
    lost = set(chance.sample(range(1, 199), chance.randrange(20)))
    twice = chance.sample(sorted(set(sent) - lost), chance.randrange(20))
    arrivals = [s for s in sent if s not in lost] + twice
    # a little disorder, as a window in flight makes it; the first stays the first
    order = sorted(arrivals, key=lambda s: s + chance.random() * 12 if s else -1)
    sequence = fed(order)
    assert sequence.duplicates == len(twice)
    assert sequence.gaps == len(lost)
    assert sum(last - first + 1 for _, first, last in sequence.holes()) == len(lost)


@pytest.mark.parametrize("seed", range(20))
def test_runs_behave_as_a_set(seed):
    chance = random.Random(seed)
    runs, truth = Runs(), set()
    for _ in range(200):
        first = chance.randrange(100)
        last = first + chance.randrange(6) if chance.random() < 0.3 else first
        if last > first:
            runs.add_run(first, last)
        else:
            runs.add(first)
        truth.update(range(first, last + 1))
        assert all((n in runs) == (n in truth) for n in range(-1, 110))
        missing = {n for low, high in runs.holes(10, 90) for n in range(low, high + 1)}
        assert missing == set(range(10, 91)) - truth
