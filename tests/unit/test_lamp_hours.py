"""ops/lamp_hours.py: how long the lamp has been on, and how often it was switched on."""

from journal_on_ram import Ticks
from lamppost.ops.lamp_hours import LampHours


def test_hours_and_switchings_follow_the_lamp():
    class Counters:
        burn_s = switchings = 0

        def burnt(self):
            pass

    time, counters, lit = Ticks(), Counters(), []
    hours = LampHours(counters, lambda: bool(lit), time.clock())
    for second in range(100):
        if second in (10, 50):
            lit.append(1)
        if second in (40, 55):
            lit.clear()
        for _ in range(10):
            time.ms += 100
            hours.poll()
    assert counters.switchings == 2
    assert 33 <= counters.burn_s <= 36
