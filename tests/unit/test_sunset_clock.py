"""The time by the nights: sunset where the lamppost stands, what other nights have taught, and honest doubt."""

from ground import Seed
from lamppost.core.calendar import DAY
from lamppost.ops.sunset_clock import SunsetClock, rise_and_set
from test_sun import seconds

LISBON = (38.72, -9.14)
DAY_0 = 9740  # 2026-09-01


class Kept:
    """What journal/counters.py keeps of the time."""

    utc_s = None
    tu_ms = 0
    dusk = -32768
    spread = 0
    doubt_h = 0

    def burnt(self):
        pass


def test_beyond_the_polar_circle_there_are_days_without():
    assert rise_and_set(seconds("2026-06-21T00:00:00Z") // DAY, 70.0, 20.0) is None
    assert rise_and_set(seconds("2026-12-21T00:00:00Z") // DAY, 70.0, 20.0) is None
    assert rise_and_set(seconds("2026-03-21T00:00:00Z") // DAY, 70.0, 20.0)


def night(n, late=900, place=LISBON):
    """(power on, power off) of the n-th night."""
    return rise_and_set(DAY_0 + n, *place)[1] + late, rise_and_set(DAY_0 + n + 1, *place)[0] - 300


def taught(nights=5, place=LISBON, late=900):
    kept = Kept()
    dusk = SunsetClock(kept, *place)
    for n in range(nights):
        on, off = night(n, late, place)
        dusk.learn(on)
        kept.utc_s = off - 200  # noted each five minutes
    return kept, dusk


def test_a_node_that_never_knew_the_time_claims_none():
    assert SunsetClock(Kept(), *LISBON).guess(True) is None


def test_after_some_nights_with_the_time_it_knows_when_its_circuit_is_switched_on():
    for place in (LISBON, (51.5, -0.13), (45.46, 9.19), (-33.9, 151.2), (40.7, -122.4)):
        kept, dusk = taught(place=place)
        assert abs(kept.dusk - 900) < 30
        guess, tu_ms = dusk.guess(True)
        on, _ = night(5, place=place)
        assert abs(guess - on) < 240, place
        assert abs(guess - on) * 1000 <= tu_ms <= 2 * 3600000


def test_a_month_without_network_is_followed_night_by_night_with_growing_doubt():
    kept, dusk = taught()
    seed = Seed(4)
    before = 0
    for n in range(5, 35):
        on, off = night(n, 900 + seed.below(240) - 120)
        guess, tu_ms = dusk.guess(True)
        assert abs(guess - on) < 600 and abs(guess - on) * 1000 <= tu_ms
        assert tu_ms >= before
        before = tu_ms
        kept.utc_s, kept.tu_ms = guess + off - on - 200, tu_ms
    assert before // 3600000 == 30


def test_a_node_that_was_never_taught_uses_what_is_usual_and_is_less_sure():
    kept = Kept()
    kept.utc_s = night(0)[1]
    guess, tu_ms = SunsetClock(kept, *LISBON).guess(True)
    assert abs(guess - night(1)[0]) * 1000 <= tu_ms and tu_ms >= 2700000


def test_a_cut_in_the_middle_of_a_night_goes_on_from_there_and_doubts_the_day():
    kept, dusk = taught()
    kept.utc_s = night(5)[0] + 7200
    guess, tu_ms = dusk.guess(True)
    assert guess == kept.utc_s
    assert tu_ms >= 24 * 3600000


def test_a_reset_without_a_cut_costs_minutes_only():
    kept, dusk = taught()
    kept.tu_ms = 1000
    assert dusk.guess(False) == (kept.utc_s + 150, 301000)


def test_a_power_on_that_is_no_dusk_teaches_nothing():
    kept, dusk = taught()
    before = kept.dusk
    dusk.learn(night(5)[0] + 4 * 3600)
    dusk.learn(night(5)[1] + 6 * 3600)
    assert kept.dusk == before


def test_a_time_that_is_known_again_ends_the_doubt():
    kept, dusk = taught()
    for _ in range(10):
        kept.utc_s = dusk.guess(True)[0] + 36000
    assert kept.doubt_h == 10
    dusk.learn(night(15)[0])
    assert kept.doubt_h == 0


def test_after_too_many_nights_no_time_is_better_than_a_wrong_one():
    kept, dusk = taught()
    kept.doubt_h = 480
    assert dusk.guess(True) is None


def test_nights_that_differ_make_it_less_sure():
    kept, dusk = Kept(), None
    dusk = SunsetClock(kept, *LISBON)
    for n in range(20):
        dusk.learn(night(n, 900 + (600 if n % 2 else -600))[0])
    restless = kept.spread
    steady = taught(20)[0].spread
    assert steady == 300 and restless > 1200
