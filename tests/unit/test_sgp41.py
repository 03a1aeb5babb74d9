"""The SGP41: its conditioning ends in time whatever happens, and its ticks are compensated by another part's air."""

from captured import rows
from lamppost.buses import sensirion
from lamppost.core.faults import SensorFault
from lamppost.drivers.sgp41 import Sgp41, decode
from lamppost.ops.selftest import part_rows
from raising import raises
from word_part import WordPart, told

MEASURED = rows("SGP41", "response to 2619")[0][1]
USUAL = rows("SGP41", "write")[0][1]
CONDITION, MEASURE, TEST, OFF = 0x2612, 0x2619, 0x280E, 0x3615


def part(**answers):
    usual = {"x2612": told(27000), "x2619": MEASURED, "x280E": told(0xD400)}
    usual.update(answers)
    return WordPart(0x59, **usual)


def conditioned_ms(chip):
    begun = [at for at, command, _ in chip.sent if command == CONDITION][0]
    return [at for at, command, _ in chip.sent if at > begun and command != CONDITION][0] - begun


def test_a_recorded_answer_is_its_ticks():
    assert decode(MEASURED) == {"voc_raw": 28000, "nox_raw": 16000}


def test_wrong_checksums_cuts_and_impossible_ticks_are_faults():
    for bit in range(48):
        bad = bytearray(MEASURED)
        bad[bit // 8] ^= 1 << bit % 8
        with raises(SensorFault, "garbled"):
            decode(bytes(bad))
    with raises(SensorFault, "garbled"):
        decode(MEASURED[:3])
    with raises(SensorFault, "silent"):
        decode(b"")
    for ticks in (0, 0xFFFF):
        with raises(SensorFault, "range"):
            decode(told(ticks, ticks))


def test_a_dead_pixel_costs_its_own_value_only():
    for ticks in (0, 0xFFFF):
        assert decode(told(28000, ticks)) == {"voc_raw": 28000, "nox_raw": None}
        assert decode(told(ticks, 16000)) == {"voc_raw": None, "nox_raw": 16000}


def test_it_is_conditioned_once_and_never_for_longer_than_ten_seconds():
    chip = part()
    sensor = Sgp41(chip.bus())
    for _ in range(3):
        assert chip.run(sensor.read()) == decode(MEASURED)
    assert chip.commands() == [OFF, CONDITION, MEASURE, MEASURE, MEASURE]
    assert 8000 <= conditioned_ms(chip) <= 10000
    assert chip.written[-1] == USUAL  # 50 % and 25 Cel


def test_a_conditioning_that_is_broken_off_ends_with_the_heater_off():
    chip = part()
    sleep_ms = chip.machine.time.sleep_ms

    async def broken_off(milliseconds):
        if milliseconds > 1000:
            raise ValueError("the task ends")
        await sleep_ms(milliseconds)

    chip.machine.time.sleep_ms = broken_off
    sensor = Sgp41(chip.bus())
    with raises(ValueError):
        chip.run(sensor.read())
    assert chip.commands() == [OFF, CONDITION, OFF]


def test_a_garbled_conditioning_ends_with_the_heater_off_too():
    chip = part(x2612=b"\x00\x00\x00")
    with raises(SensorFault, "garbled"):
        chip.run(Sgp41(chip.bus()).read())
    assert chip.commands() == [OFF, CONDITION, OFF]


def test_the_air_of_another_part_compensates_until_it_is_gone():
    chip = part()
    sensor = Sgp41(chip.bus())
    sensor.compensate({"t": 100, "rh": 1000})
    chip.run(sensor.read())
    assert chip.written[-1] == sensirion.command(MEASURE, 65535, 55 * 65535 // 175)
    sensor.compensate({"p": 10000})
    chip.run(sensor.read())
    assert chip.written[-1] == USUAL


def test_a_part_that_was_gone_is_conditioned_again():
    chip = part()
    sensor = Sgp41(chip.bus())
    chip.run(sensor.read())
    chip.dead = True
    with raises(SensorFault, "silent"):
        chip.run(sensor.read())
    chip.dead = False
    chip.run(sensor.read())
    assert chip.commands().count(CONDITION) == 2


def test_the_self_test_asks_the_part_itself_first():
    chip = part()
    verdict = chip.run(part_rows(Sgp41(chip.bus())))
    assert [(row[0], row[1], row[5]) for row in verdict] == [("voc_raw", 28000, True), ("nox_raw", 16000, True)]
    assert TEST in chip.commands()


def test_a_pixel_that_failed_is_a_word_in_the_self_test():
    chip = part(x280E=told(0x4B01))
    verdict = chip.run(part_rows(Sgp41(chip.bus())))
    assert {row[5:] for row in verdict} == {(False, "refused")}
    assert CONDITION not in chip.commands()
