"""The ring of blocks: found again, never appended to over a torn tail, worn evenly, foreign formats refused."""

import random

from journal_on_ram import Nor, PowerCut, raised
from lamppost.core.faults import JournalFault
from lamppost.journal.flash import Flash
from lamppost.journal.nor_log import PREFIX, START, erase_all
from lamppost.journal.ring import Ring

NOTE = b"twenty bytes of note"


def fresh(nor, kind=7):
    one = Ring(Flash(nor), kind)
    return one, one.find()


def put(one, payload, kind=1):
    one.record[PREFIX : PREFIX + len(payload)] = payload
    return one.put(kind, 0, PREFIX + len(payload))


def payloads(one, seq=None):
    found = []
    block = one.head if seq is None else seq
    for at, size in one.survey(block):
        assert one.fetch(block, at, size)
        found.append(bytes(one.record[PREFIX:size]))
    return found


def test_blank_flash_holds_no_ring_and_finding_that_out_writes_nothing():
    nor = Nor(4)
    assert fresh(nor)[1] is False
    assert nor.programmed == 0


def test_records_are_found_again_in_order():
    nor = Nor(4)
    one, _ = fresh(nor)
    one.open(3, NOTE)
    for payload in (b"first", b"second", b"third"):
        assert put(one, payload)
    other, found = fresh(nor)
    assert found and other.head == 0
    assert bytes(other.header[16:36]) == NOTE
    assert other.boot_of(0) == 3
    assert payloads(other) == [b"first", b"second", b"third"]


def test_after_a_restart_the_log_goes_on_in_the_same_block_at_a_new_page():
    nor = Nor(4)
    one, _ = fresh(nor)
    one.open(1, NOTE)
    put(one, b"before")
    other, _ = fresh(nor)
    assert other.at == 256
    put(other, b"after")
    assert payloads(fresh(nor)[0]) == [b"before", b"after"]


def test_a_record_cut_at_any_byte_is_absent_or_whole_and_what_follows_is_found():
    for length in range(60):
        nor = Nor(4)
        one, _ = fresh(nor)
        one.open(1, NOTE)
        put(one, b"kept")

        def cut(block, offset, data, held, length=length):
            left = bytearray(held)
            left[offset : offset + length] = data[:length]
            return left

        nor.cut = cut
        payload = b"x" * (60 - PREFIX)
        assert raised(lambda one=one, payload=payload: put(one, payload), PowerCut)
        again = Nor(image=nor.image)
        other, _ = fresh(again)
        assert put(other, b"next"), length
        assert payloads(fresh(again)[0]) == [b"kept", b"next"], length


def test_a_rotten_record_costs_itself_and_not_its_neighbours():
    nor = Nor(4)
    one, _ = fresh(nor)
    one.open(1, NOTE)
    for payload in (b"a" * 20, b"b" * 20, b"c" * 20):
        put(one, payload)
    nor.own(0)[START + 28 + PREFIX + 5] = 0
    assert payloads(fresh(nor)[0]) == [b"a" * 20, b"c" * 20]


def test_every_block_is_erased_once_a_lap():
    nor = Nor(5)
    one, _ = fresh(nor)
    for _ in range(52):
        one.open(1, NOTE)
        while one.room(300):
            put(one, b"x" * (300 - PREFIX))
    assert sorted(nor.erases) == [10, 10, 10, 11, 11]


def test_the_newest_block_is_found_on_every_place_of_the_ring():
    nor = Nor(4)
    for boot in range(11):
        one, _ = fresh(nor)
        one.open(boot, NOTE)
        put(one, b"%d" % boot)
        other, _ = fresh(nor)
        assert (other.head, payloads(other)) == (boot, [b"%d" % boot])


def test_another_format_version_is_refused_by_name_and_nothing_is_written():
    nor = Nor(4)
    fresh(nor)[0].open(1, NOTE)
    nor.own(0)[3:5] = bytes((2, 0xFD))
    before = nor.programmed
    fault = raised(lambda: fresh(nor), JournalFault)
    assert fault.word == "foreign" and "version 2" in fault.detail
    assert nor.programmed == before


def test_a_ring_of_another_kind_or_size_is_refused():
    nor = Nor(4)
    fresh(nor)[0].open(1, NOTE)
    assert raised(lambda: fresh(nor, kind=8), JournalFault).word == "foreign"
    smaller = Nor(image=nor.image[:3])
    assert raised(lambda: fresh(smaller), JournalFault).word == "foreign"


def test_a_foreign_journal_can_be_given_up():
    nor = Nor(4)
    fresh(nor)[0].open(1, NOTE)
    nor.own(0)[3:5] = bytes((9, 0xF6))
    erase_all(Flash(nor))
    one, found = fresh(nor)
    assert found is False
    one.open(1, NOTE)
    assert put(one, b"anew")


def test_one_flipped_bit_in_the_version_is_damage_and_not_another_format():
    nor = Nor(4)
    fresh(nor)[0].open(1, NOTE)
    nor.own(0)[3] ^= 2
    assert fresh(nor)[1] is False


def test_a_program_that_does_not_take_is_noticed_and_done_again_elsewhere():
    nor = Nor(4)
    one, _ = fresh(nor)
    one.open(1, NOTE)
    nor.worn = lambda block, offset, data: data[:-1] + b"\xff"
    assert put(one, b"spoilt") is False
    nor.worn = None
    assert put(one, b"good")
    assert one.bad == 1
    assert payloads(fresh(nor)[0]) == [b"good"]


def test_a_block_that_takes_no_header_is_left_out():
    nor = Nor(6)
    one, _ = fresh(nor)
    nor.worn = lambda block, offset, data: None if block == 1 else data
    for boot in range(3):
        one.open(boot, NOTE)
        put(one, b"%d" % boot)
    assert one.head == 3 and one.bad == 1
    assert payloads(fresh(nor)[0]) == [b"2"]


def test_flash_that_takes_nothing_is_called_worn():
    nor = Nor(4)
    one, _ = fresh(nor)
    nor.worn = lambda block, offset, data: None
    assert raised(lambda: one.open(1, NOTE), JournalFault).word == "worn"


def test_random_flash_is_no_journal_and_no_endless_loop():
    random.seed(5)
    for _ in range(20):
        nor = Nor(image=[bytes(random.getrandbits(8) for _ in range(4096)) for _ in range(3)])
        one, found = fresh(nor)
        assert found is False
        one.head = 0  # even if it were taken for one
        assert payloads(one) == []
