"""Day and night from the light: steady enough to switch a lamp by, honest when it is not known."""

from ground import MIDNIGHT, Hours, Seed, drain, fault
from lamppost.sensing.light import Light


class Evening:
    def __init__(self, utc=MIDNIGHT, **options):
        self.hours = Hours(utc)
        self.light = Light(dict({"part": "eye", "night_lux": 20, "every_ms": 1000}, **options), self.hours.clock)

    def run(self, seconds, lux):
        """lux -- as a number, or a function that makes one"""
        shown = lux if callable(lux) else lambda: lux
        return self.hours.run(seconds, self.light, lambda: self.light.take({"lux": int(shown() * 10)}))

    def lose(self, seconds, word="silent"):
        return self.hours.run(seconds, self.light, lambda: self.light.miss(fault(word)))


def test_dusk_and_dawn_are_told_when_they_have_lasted():
    evening = Evening()
    told = evening.run(60, 500)
    assert [(topic, message["night"], message["lux"]) for topic, message, _ in told] == [("tele/light", False, 500.0)]
    told = evening.run(59, 15)
    assert told == [] and evening.light.night is False
    told = evening.run(5, 15)
    assert [message["night"] for _, message, _ in told] == [True]
    assert evening.run(300, 30) == [] and evening.light.night, "between the two bounds it stays as it is"
    assert [message["night"] for _, message, _ in evening.run(100, 45)] == [False]


def test_headlights_and_birds_switch_nothing():
    evening = Evening()
    evening.run(120, 3)
    seed = Seed(6)
    for _ in range(60):
        evening.run(1 + seed.below(50), 800)
        evening.run(1 + seed.below(20), 3)
        assert evening.light.night is True


def test_a_slow_dusk_with_clouds_switches_once():
    evening = Evening()
    seed = Seed(2)
    changes = []
    for minute in range(90):
        lux = 400 - 5 * minute
        told = evening.run(60, lambda: max(0, lux + seed.below(60) - 30))  # noqa: B023
        changes += [message["night"] for _, message, _ in told]
    assert [night for n, night in enumerate(changes) if n == 0 or night != changes[n - 1]] == [False, True]


def test_each_quarter_of_an_hour_the_mean_is_told_again():
    evening = Evening()
    told = evening.run(1900, 2)
    assert [message["lux"] for _, message, _ in told] == [2.0, 2.0, 2.0]
    assert {message["q"]["lux"] for _, message, _ in told} == {"V"}


def test_in_doubt_it_is_night():
    evening = Evening()
    evening.run(1, 30)
    assert evening.light.night is True


def test_a_sensor_that_fails_keeps_its_state_for_minutes_and_then_nobody_knows():
    evening = Evening()
    evening.run(70, 500)
    evening.lose(120)
    assert evening.light.night is False
    assert [message["night"] for _, message, _ in evening.lose(300)] == [None]
    told = evening.lose(900)
    assert [(message["night"], message["lux"], message["q"]["lux"]) for _, message, _ in told] == [(None, None, "U")]
    told = evening.run(2, 500)
    assert told[0][1]["night"] is False


def test_a_sensor_that_never_answers_is_told_as_unknown():
    evening = Evening(utc=None)
    told = evening.lose(70)
    assert [message["night"] for _, message, _ in told] == [None]
    evening.hours.know(MIDNIGHT)
    assert [stamp.known for _, _, stamp in drain(evening.light)] == [True]


def test_what_the_broker_has_forgotten_is_told_again_at_the_next_reading():
    evening = Evening()
    evening.run(70, 500)
    evening.light.report_again()
    assert [message["night"] for _, message, _ in evening.run(5, 500)] == [False]
