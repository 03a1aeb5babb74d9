"""A pole that was knocked down is told; wind, lorries and power cuts are not."""

from ground import Notes, Seed, fault
from lamppost.drivers import lis3dh
from lamppost.sensing.tilt import Pole, angle


def pole(memory=None, **options):
    return Pole(dict({"part": "mast"}, **options), memory or Notes())


def stand(one, vector, times=20, shake=0, seed=None):
    seed = seed or Seed(1)
    for _ in range(times):
        x, y, z = [n + (seed.below(2 * shake) - shake if shake else 0) for n in vector]
        one.take({"tilt": 0, "ax_mg": x, "ay_mg": y, "az_mg": z})


def test_a_part_fixed_in_any_direction_learns_which_way_is_up():
    for upright in ((0, 0, 1000), (0, -1000, 0), (577, 577, 577)):
        one = pole()
        stand(one, upright, shake=20)
        assert one.warned == () and one.tilt < 30
        assert angle(one.upright, upright) < 20


def test_a_pole_on_the_ground_is_an_alarm_and_one_put_up_again_is_none():
    one = pole()
    stand(one, (0, 0, 1000))
    stand(one, (980, 0, 200), 2)
    assert one.warned == (), "a blow is over in a moment"
    stand(one, (980, 0, 200), 2)
    words, tilt = one.warned
    assert tilt == 785 and "78 degrees" in words or "79 degrees" in words
    stand(one, (970, 0, 210), 5)
    assert one.warned == (words, tilt), "it is told once"
    stand(one, (0, 10, 1000), 3)
    assert one.warned == ()


def test_a_pole_that_fell_while_the_power_was_off_is_not_taken_for_upright():
    memory = Notes()
    stand(pole(memory), (0, 0, 1000))
    again = pole(memory)
    assert again.warned is None
    stand(again, (1000, 0, 0), 4)
    assert again.warned[1] == 900


def test_nothing_is_learned_of_a_pole_that_moves():
    one = pole()
    seed = Seed(3)
    stand(one, (0, 0, 1000), 50, shake=400, seed=seed)
    assert one.upright is None and one.warned is None
    stand(one, (0, 0, 1000), 40, shake=10, seed=seed)
    assert one.warned == ()


def test_a_slow_lean_beyond_the_limit_is_told_and_a_fault_changes_nothing():
    one = pole(upright=[0, 0, 1000], limit_deg=3)
    stand(one, (35, 0, 999))
    assert one.warned == ()
    one.miss(fault("signal"))
    stand(one, (60, 0, 998))
    assert one.warned[1] == lis3dh.lean((60, 0, 998), (0, 0, 1000)) == 34
