"""The counters that came later (lamp, time, alarms): they share the ring, and no cut or older journal misreads them."""

from journal_on_ram import Nor, PowerCut, Ticks, raised
from lamppost.journal.counters import UNKNOWN, Counters
from lamppost.journal.flash import Flash
from slow import long


def start(nor, power_cut=False, ticks=None):
    return Counters(Flash(nor), (ticks or Ticks()).clock(), power_cut)


def burn(counters, ticks, seconds=10):
    ticks.ms += seconds * 1000
    counters.burn_s += seconds
    counters.burnt()
    return counters.checkpoint()


def meter(counters, ticks):
    """Ten seconds in which only the meter counts."""
    counters.imp_mwh += 3
    counters.changed()
    ticks.ms += 10000
    counters.checkpoint()


def test_burning_hours_and_switchings_come_back_after_a_cut():
    nor, ticks = Nor(4), Ticks()
    counters = start(nor, ticks=ticks)
    counters.switchings += 1
    for _ in range(360):
        assert burn(counters, ticks)
    again = start(nor, power_cut=True)
    assert (again.burn_s, again.switchings) == (3600, 1)


def test_at_a_cut_at_most_ten_seconds_of_burning_are_missing():
    nor, ticks = Nor(4), Ticks()
    counters = start(nor, ticks=ticks)
    for second in range(1, 200):
        burn(counters, ticks, 1)
        assert second - start(Nor(image=nor.snapshot())).burn_s <= 10


def test_what_is_remembered_of_the_time_comes_back_whole():
    nor = Nor(4)
    counters = start(nor)
    assert (counters.utc_s, counters.drift, counters.dusk) == (None, UNKNOWN, UNKNOWN)
    counters.utc_s, counters.tu_ms = 1072915199, 1728000000  # 2033: beyond a small int of 32 bits
    counters.drift, counters.dusk, counters.spread = -1234, -600, 2700
    counters.doubt_h, counters.alarms = 480, 0x85
    counters.burnt()
    counters.checkpoint(True)
    again = start(nor)
    assert (again.utc_s, again.tu_ms, again.drift, again.dusk) == (1072915199, 1728000000, -1234, -600)
    assert (again.spread, again.doubt_h, again.alarms) == (2700, 480, 0x85)


def test_they_outlive_many_laps_of_the_ring_in_which_only_the_meter_counts():
    nor, ticks = Nor(4), Ticks()
    counters = start(nor, ticks=ticks)
    burn(counters, ticks)
    for n in range(2000):
        meter(counters, ticks)
        if n % 61 == 0:
            assert start(Nor(image=nor.snapshot())).burn_s == 10
    assert max(nor.erases) > 3


@long
def test_a_cut_at_any_operation_turns_none_of_them_back():
    for at in range(1, 400, 7):
        nor, ticks = Nor(3), Ticks()
        counters = start(nor, ticks=ticks)
        kept = [0, 0]
        left = [at]

        def cut(block, offset, data, held):
            left[0] -= 1  # noqa: B023
            if left[0]:  # noqa: B023
                return None
            return b"\x00" * 4096 if data is None else held

        nor.cut = cut

        def live():
            while True:
                counters.imp_mwh += 10  # noqa: B023
                counters.changed()  # noqa: B023
                burn(counters, ticks)  # noqa: B023
                kept[0], kept[1] = counters.imp_mwh, counters.burn_s  # noqa: B023

        assert raised(live, PowerCut)
        again = start(Nor(image=nor.image))
        assert again.imp_mwh >= kept[0] and again.burn_s >= kept[1]
        assert again.burn_s <= kept[1] + 10


def test_a_journal_of_the_format_before_is_read_and_gets_them_from_zero():
    class Before(Counters):
        """As the first version wrote it: checkpoints and nothing else."""

        def _commit(self, kind, size, write):
            if kind == 5:  # the only one there was
                super()._commit(kind, size, write)

    nor, ticks = Nor(4), Ticks()
    old = Before(Flash(nor), ticks.clock(), True)
    old.imp_mwh, old.meter_mwh = 5000000, 7000000
    old.changed()
    old.checkpoint(True)
    new = start(nor, power_cut=True)
    assert (new.imp_mwh, new.meter_mwh, new.boot, new.power_cuts) == (5000000, 7000000, 2, 2)
    assert (new.burn_s, new.switchings, new.utc_s) == (0, 0, None)


def test_flash_that_takes_nothing_any_more_is_said_and_stops_nobody():
    nor, ticks = Nor(4), Ticks()
    counters = start(nor, ticks=ticks)
    assert not counters.worn

    def dead(block, offset, data, held):
        raise OSError(5)

    nor.cut = dead
    counters.imp_mwh += 1000
    counters.changed()
    ticks.ms = 20000
    assert not counters.checkpoint()
    assert counters.worn and counters.imp_mwh == 1000
    blind = start(nor)
    assert blind.worn and blind.boot == 2


def test_records_that_never_take_while_headers_do_end_in_a_word_too():
    nor = Nor(4)
    nor.worn = lambda block, offset, data: None if offset else data
    assert start(nor).worn


def test_what_senses_remember_comes_back_after_a_cut_by_its_name():
    nor, ticks = Nor(4), Ticks()
    counters = start(nor, ticks=ticks)
    assert counters.kept("pole mast") is None
    counters.keep("pole mast", b"\x01\x02\x03", now=True)
    counters.keep("hours dust", b"\x07\x00\x00\x00")
    assert start(Nor(image=nor.snapshot())).kept("hours dust") is None, "it is not worth a record each time"
    ticks.ms += 600000
    assert counters.checkpoint()
    again = start(nor, power_cut=True)
    assert (again.kept("pole mast"), again.kept("hours dust")) == (b"\x01\x02\x03", b"\x07\x00\x00\x00")
    assert again.kept("pole") is None


def test_notes_outlive_many_laps_of_the_ring_and_a_cut_as_a_block_is_opened():
    nor, ticks = Nor(4), Ticks()
    counters = start(nor, ticks=ticks)
    counters.keep("pole mast", b"upright", now=True)
    burn(counters, ticks)
    for n in range(2000):
        meter(counters, ticks)
        if n % 31 == 0:
            kept = start(Nor(image=nor.snapshot()))
            assert kept.kept("pole mast") == b"upright" and kept.burn_s == 10


@long
def test_no_cut_within_their_writing_loses_notes_or_the_rest():
    nor, ticks = Nor(4), Ticks()
    counters = start(nor, ticks=ticks)
    counters.keep("pole mast", b"upright", now=True)
    burn(counters, ticks)

    def go_on(rounds):
        for n in range(rounds):
            counters.imp_mwh += 3
            counters.changed()
            counters.keep("hours dust", bytes([n]), now=True)  # and what has changed with it
            ticks.ms += 10000
            counters.checkpoint()

    go_on(30)  # towards the end of the first block
    left = [0]

    def cut(block, offset, data, held):
        left[0] -= 1
        if left[0] >= 0:
            return None
        torn = bytearray(held)
        if data:  # half of it is programmed
            torn[offset : offset + len(data) // 2] = data[: len(data) // 2]
        return torn

    cuts = 0
    while True:
        nor.cut = cut
        left[0] = cuts % 3
        try:
            go_on(1)
        except PowerCut:
            pass
        nor.cut = None
        cuts += 1
        again = start(Nor(image=nor.snapshot()))
        assert again.kept("pole mast") == b"upright" and again.burn_s == 10
        counters = start(nor, ticks=ticks)
        if cuts == 300:
            break


def test_notes_that_nobody_asks_for_make_room():
    counters = start(Nor(4))
    for n in range(80):
        counters.keep("bay %d" % n, bytes(12), now=True)
    assert sum([5 + len(note) for note in counters.notes.values()]) <= 400
    assert counters.kept("bay 79") == bytes(12)


def test_the_notes_of_the_fullest_lamppost_come_back_all_of_them():
    nor = Nor(4)
    counters = start(nor)
    names = ["bay %d" % n for n in range(8)] + ["hours part-%d" % n for n in range(4)] + ["pole mast", "alarms"]
    for name in names:
        counters.keep(name, name.encode() + bytes(24 if name == "alarms" else 10), now=True)
    again = start(nor, power_cut=True)
    for name in names:
        assert again.kept(name)[: len(name)] == name.encode()
