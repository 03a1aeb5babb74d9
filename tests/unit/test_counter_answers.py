"""The answers to commands on the ring of the counters: they outlive laps, cuts and firmware that does not know them."""

from journal_on_ram import Nor, PowerCut, Ticks
from lamppost.journal.counters import ANSWERS, Counters
from lamppost.journal.flash import Flash
from slow import long


def start(nor, ticks=None):
    return Counters(Flash(nor), (ticks or Ticks()).clock(), False)


def count_up(counters, ticks, times):
    for _ in range(times):
        counters.imp_mwh += 3
        counters.changed()
        ticks.ms += 10000
        counters.checkpoint()


def test_an_answer_is_kept_at_once_or_with_the_next_checkpoint():
    nor, ticks = Nor(4), Ticks()
    counters = start(nor, ticks)
    assert counters.keep_answer(3, b"first", True)
    counters.keep_answer(4, b"later")
    assert start(Nor(image=nor.snapshot())).answers == {3: b"first"}
    count_up(counters, ticks, 1)
    assert start(nor).answers == {3: b"first", 4: b"later"}


def test_answers_of_all_places_outlive_many_laps_in_which_only_the_meter_counts():
    nor, ticks = Nor(4), Ticks()
    counters = start(nor, ticks)
    for place in range(ANSWERS):
        counters.keep_answer(place, b"answer %d" % place, True)
    counters.keep("bay 1", b"note", True)
    for _ in range(40):
        count_up(counters, ticks, 29)
        again = start(Nor(image=nor.snapshot()))
        assert again.answers == {place: b"answer %d" % place for place in range(ANSWERS)}
        assert again.kept("bay 1") == b"note" and again.imp_mwh == counters.imp_mwh
    assert min(nor.erases) > 1


@long
def test_a_cut_at_any_operation_leaves_each_answer_as_it_was_before_or_after():
    prepared, ticks = Nor(3), Ticks()
    counters = start(prepared, ticks)
    for place in range(ANSWERS):
        counters.keep_answer(place, b"old", True)
    count_up(counters, ticks, 118)
    image = prepared.snapshot()
    at = opened = 0
    done = False
    while not done:
        at += 1
        nor, left = Nor(image=image), [at]

        def cut(block, offset, data, held):
            left[0] -= 1  # noqa: B023
            return None if left[0] else bytes(held)  # noqa: B023

        nor.cut = cut
        new = 0
        try:
            counters = start(nor, Ticks())
            for place in range(ANSWERS):
                counters.keep_answer(place, b"new", True)
                new += 1
            done = True
        except PowerCut:
            pass
        nor.cut = None
        opened += max(nor.erases)
        for _ in range(2):  # the start after the cut may be cut short itself, and the next one finds the same
            answers = start(nor).answers
            assert len(answers) == ANSWERS
            for place in range(ANSWERS):
                assert answers[place] == (b"new" if place < new else b"old") or (place == new and not done)
    assert opened, "no block was opened in the sweep"
