"""A short form of the hard kills in `make powercut`, and proof that its books see what is missing."""

import json

import hardkills
from proof import Proof

NODE = "lamppost/v1/storm/lp-0001"


def message(suffix, b, s, **members):
    return f"{NODE}/{suffix}", json.dumps({"b": b, "s": s, "h": 0, **members}).encode(), False


def night(*numbers, imp=5):
    return [message("tele/energy", 1, s, imp_mwh=imp + s) for s in numbers]


def test_lampposts_killed_at_random_in_bad_weather_lose_nothing(tmp_path):
    figures = hardkills.storm(24, 2, tmp_path, seed=7)
    assert hardkills.good(figures), hardkills.table(figures)
    assert figures["kills"] == sum(figures["how"].values()) == 24
    assert figures["records"] > 24
    assert len(figures["how"]) == 4, "every way to die"


def test_the_books_see_a_record_that_is_missing_in_the_middle_and_at_the_end_of_a_night():
    start = message("evt/boot", 2, 0, last_b=1, last_s=4)
    assert Proof([*night(0, 1, 2, 3, 4), start], NODE).missing() == []
    assert Proof([*night(0, 1, 3, 4), start], NODE).missing() == [(1, 2)]
    assert Proof([*night(0, 1, 2, 3), start], NODE).missing() == [(1, 4)]
    assert Proof([start], NODE).missing() == [(1, 0), (1, 1), (1, 2), (1, 3), (1, 4)]


def test_the_books_see_a_boot_that_no_later_one_names_and_records_that_were_never_committed():
    assert Proof([*night(0, 1), message("evt/boot", 3, 0, last_b=2, last_s=9)], NODE).unnamed() == [1]
    assert Proof([*night(0, 1, 2), message("evt/boot", 2, 0, last_b=1, last_s=1)], NODE).missing() == [(1, 1)]


def test_the_books_see_a_register_that_runs_backwards_and_records_out_of_order():
    back = [*night(0, 1), message("tele/energy", 1, 2, imp_mwh=5)]
    assert Proof(back, NODE).backwards() == 1
    assert Proof(night(0, 2, 1), NODE).disordered == 1
    assert Proof(night(0, 1, 1, 2), NODE).duplicates == 1
