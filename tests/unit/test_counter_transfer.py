"""Another node in a lamppost's place: it goes on where the one before was, or begins with nothing of its own past."""

import json

from journal_on_ram import Nor, Ticks
from lamppost.core.stamp import Stamp
from lamppost.journal import counter_transfer, flash
from lamppost.journal.counters import Counters
from lamppost.journal.outbox import Outbox


class Time:
    """What of `time` a chip has: it stands still."""

    @staticmethod
    def ticks_ms():
        return 0

    @staticmethod
    def ticks_diff(later, earlier):
        return later - earlier


def told(nor):
    lines = []
    counter_transfer.read_out(nor, Time, lines.append)
    return json.loads(lines[0])


def test_a_fresh_node_goes_on_where_the_dead_one_was():
    old, new = Nor(16), Nor(16)
    values = {"imp_mwh": 215782000123, "meter_mwh": 99 << 33, "boot": 812, "burn_s": 5, "switchings": 3}
    assert counter_transfer.take_over(old, Time, values)
    kept = told(old)
    assert kept["imp_mwh"] == values["imp_mwh"] and kept["boot"] == 813
    assert counter_transfer.take_over(new, Time, kept)
    after = told(new)
    assert after.pop("boot") > kept.pop("boot")
    assert after == kept


def test_what_nobody_knows_stays_as_a_fresh_node_has_it():
    nor = Nor(16)
    assert counter_transfer.take_over(nor, Time, {"imp_mwh": 1000, "boot": 40, "meter_mwh": None})
    after = told(nor)
    assert after["imp_mwh"] == 1000 and after["boot"] == 41 and after["meter_mwh"] is None and after["burn_s"] == 0


def test_a_node_that_moves_forgets_what_it_counted_and_recorded():
    nor = Nor(16)
    counter_transfer.take_over(nor, Time, {"imp_mwh": 5, "boot": 9})
    records = Outbox(flash.regions(nor)[1])
    records.begin(10)
    records.append(1, b"tele/energy", b'"x":1', Stamp(800000000, True, 3, 0))
    counter_transfer.begin_anew(nor)
    assert told(nor)["imp_mwh"] == 0 and told(nor)["boot"] == 2
    assert Outbox(flash.regions(nor)[1]).last_committed is None
    assert Counters(flash.regions(nor)[0], Ticks().clock()).meter_mwh is None
