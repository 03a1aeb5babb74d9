"""ops/lamp_hours.py: how long the lamp has been on, how often it was switched on, and the energy of its levels."""

from ground import Notes
from journal_on_ram import Ticks
from lamppost.ops.lamp_hours import LampHours


class Counters(Notes):
    burn_s = switchings = 0
    imp_mwh = 7000000

    def burnt(self):
        pass


def test_hours_and_switchings_follow_the_lamp():
    time, counters, lit = Ticks(), Counters(), []
    hours = LampHours(counters, lambda: 1000 * len(lit), time.clock())
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


def test_energy_is_counted_by_the_level_at_which_it_was_drawn_and_kept():
    time, counters, level = Ticks(), Counters(), [0]
    hours = LampHours(counters, lambda: level[0], time.clock())
    for level[0], mwh in ((0, 10), (10, 200), (250, 1), (251, 3000), (500, 1), (750, 40000), (751, 1), (1000, 500000)):
        counters.imp_mwh += mwh
        hours.poll()
    assert hours.energy_mwh == [10, 201, 3001, 40000, 500001]
    again = LampHours(counters, lambda: 0, time.clock())
    assert again.energy_mwh == hours.energy_mwh
    again.poll()
    assert again.energy_mwh == hours.energy_mwh
