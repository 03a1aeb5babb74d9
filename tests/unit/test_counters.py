"""Counters on flash: they come back after a cut, and never run backwards."""

from journal_on_ram import Nor, PowerCut, Ticks, raised
from lamppost.core.faults import JournalFault
from lamppost.journal.counters import Counters
from lamppost.journal.flash import Flash


def start(nor, power_cut=False, above=0, ticks=None):
    return Counters(Flash(nor), (ticks or Ticks()).clock(), power_cut, above)


def test_every_start_counts_a_boot_and_only_a_power_cut_counts_as_one():
    nor = Nor(4)
    assert start(nor, power_cut=True).boot == 1
    assert start(nor).boot == 2
    third = start(nor, power_cut=True)
    assert (third.boot, third.power_cuts) == (3, 2)


def test_the_boot_number_is_above_any_that_the_outbox_has_used():
    assert start(Nor(4), above=41).boot == 42


def test_a_checkpoint_comes_back_after_a_restart():
    nor, ticks = Nor(4), Ticks()
    counters = start(nor, ticks=ticks)
    counters.imp_mwh += 215782000
    counters.meter_mwh = 5 << 40
    counters.changed()
    ticks.ms = 10000
    assert counters.checkpoint()
    again = start(nor)
    assert (again.imp_mwh, again.meter_mwh) == (215782000, 5 << 40)


def test_a_meter_that_was_never_read_stays_unknown():
    nor = Nor(4)
    start(nor)
    assert start(nor).meter_mwh is None


def test_checkpoints_are_ten_seconds_apart_and_only_when_something_changed():
    ticks = Ticks()
    counters = start(Nor(4), ticks=ticks)
    written = []
    for second in range(1, 61):
        ticks.ms = second * 1000
        if second < 31:
            counters.imp_mwh += 5
            counters.changed()
        if counters.checkpoint():
            written.append(second)
    assert written == [10, 20, 30]


def test_a_checkpoint_can_be_had_at_once():
    nor = Nor(4)
    counters = start(nor)
    counters.imp_mwh = 7
    counters.changed()
    assert counters.checkpoint(now=True)
    assert start(nor).imp_mwh == 7


def test_the_import_register_does_not_take_a_lower_value():
    counters = start(Nor(4))
    counters.imp_mwh = 1000
    counters.imp_mwh = 999
    assert counters.imp_mwh == 1000


def test_a_year_of_checkpoints_goes_round_the_ring_and_ends_at_the_last():
    nor, ticks = Nor(4), Ticks()
    counters = start(nor, ticks=ticks)
    for n in range(2000):
        counters.imp_mwh += 3
        counters.changed()
        ticks.ms += 10000
        assert counters.checkpoint()
        if n % 97 == 0:
            assert start(Nor(image=nor.image)).imp_mwh == counters.imp_mwh
    assert max(nor.erases) - min(nor.erases) <= 1
    assert nor.programmed / 2000 < 30


def test_a_cut_while_a_new_block_is_opened_turns_nothing_back():
    nor, ticks = Nor(4), Ticks()
    counters = start(nor, ticks=ticks)
    kept = 0

    def cut(block, offset, data, held):
        return b"\x00" * 4096 if data is None else None

    while True:
        nor.cut = cut
        counters.imp_mwh += 10
        counters.changed()
        ticks.ms += 10000
        if raised(counters.checkpoint, PowerCut):
            break
        kept = counters.imp_mwh
    nor = Nor(image=nor.image)
    assert kept > 1000
    assert start(nor).imp_mwh == kept


def test_counters_of_another_format_are_refused():
    nor = Nor(4)
    start(nor)
    nor.own(0)[3:5] = bytes((7, 0xF8))
    assert raised(lambda: start(nor), JournalFault).word == "foreign"
