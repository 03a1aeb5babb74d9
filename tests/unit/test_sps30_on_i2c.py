"""The SPS30 on I2C: the same values in words, and its states."""

from captured import rows
from lamppost.buses import shdlc
from lamppost.core.faults import SensorFault
from lamppost.drivers.sps30 import Sps30, decode
from lamppost.ops.selftest import part_rows
from raising import raises
from word_part import WordPart, told

BY_UART = [frame for row, frame in rows("SPS30 (SHDLC)", "response") if "pm01" in row["decoded"]][0]
FLOATS = shdlc.check(BY_UART, 3)
MEASURED = told(*[FLOATS[at] << 8 | FLOATS[at + 1] for at in range(0, 40, 2)])
START = bytes.fromhex("00100300AC")
NEW, NONE = told(1), told(0)


def part(**answers):
    usual = {"x0202": NEW, "x0300": MEASURED, "xD206": told(0, 0)}
    usual.update(answers)
    return WordPart(0x69, **usual)


def test_the_words_of_a_recorded_measurement_read_as_its_frame():
    assert len(MEASURED) == 60
    assert decode(MEASURED) == decode(BY_UART)


def test_a_flipped_bit_is_garbled():
    for bit in range(0, 480, 7):
        bad = bytearray(MEASURED)
        bad[bit // 8] ^= 1 << bit % 8
        with raises(SensorFault, "garbled"):
            decode(bytes(bad))


def test_the_first_read_starts_the_fan_and_values_count_after_the_warm_up():
    chip = part()
    dust = Sps30(chip.bus())
    with raises(SensorFault, "warming"):
        chip.run(dust.read())
    assert chip.written[0] == START
    chip.machine.time.now += 31000
    assert chip.run(dust.read()) == decode(BY_UART)
    assert chip.written.count(START) == 1


def test_a_value_that_was_read_already_is_waited_for_and_not_repeated():
    chip = part(x0202=[NEW, NONE, NONE, NEW])
    dust = Sps30(chip.bus(), warm_s=0)
    chip.run(dust.read())
    chip.run(dust.read())
    assert chip.commands().count(0x0300) == 2


def test_a_part_that_lost_its_supply_is_started_again():
    chip = part(x0202=[NEW] + [NONE] * 9 + [NEW])
    dust = Sps30(chip.bus(), warm_s=0)
    chip.run(dust.read())
    words = []
    for _ in range(3):
        try:
            chip.run(dust.read())
        except SensorFault as fault:
            words.append(fault.word)
    assert words == ["warming"] * 3
    assert chip.run(dust.read()) == decode(BY_UART)
    assert chip.written.count(START) == 2


def test_the_self_test_looks_at_fan_and_laser_too():
    chip = part()
    assert [row[5] for row in chip.run(part_rows(Sps30(chip.bus())))] == [True, True]
    for high, low in ((0x20, 0), (0, 0x20), (0, 0x10)):
        chip = part(xD206=told(high, low))
        verdict = chip.run(part_rows(Sps30(chip.bus())))
        assert {row[5:] for row in verdict} == {(False, "refused")}


def test_a_part_that_is_not_there_is_silent():
    chip = part()
    chip.dead = True
    with raises(SensorFault, "silent"):
        chip.run(Sps30(chip.bus()).read())
