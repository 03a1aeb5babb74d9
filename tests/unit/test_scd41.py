"""The SCD41: the datasheet's frames, its rhythm of five seconds, and what it is told at each start."""

from binascii import unhexlify

from captured import rows
from lamppost.buses import sensirion
from lamppost.core.faults import SensorFault
from lamppost.core.quantities import lacking
from lamppost.drivers.scd41 import Scd41, decode
from lamppost.ops.selftest import part_rows
from raising import raises
from word_part import WordPart, told

MEASURED = [frame for row, frame in rows("SCD4x", "response to EC05") if row["checksum_ok"]][0]
READY, NOT_YET = told(0x8006), told(0x8000)
STOP, START, ASK, READ = 0x3F86, 0x21B1, 0xE4B8, 0xEC05


def part(**answers):
    usual = {"xE4B8": READY, "xEC05": MEASURED, "x3639": told(0)}
    usual.update(answers)
    return WordPart(0x62, **usual)


def test_the_datasheets_measurement_reads_as_printed():
    assert decode(MEASURED) == {"co2": 500, "t": 250, "rh": 370}


def test_the_datasheets_misprinted_checksum_is_refused():
    wrong = [frame for row, frame in rows("SCD4x", "response to EC05") if not row["checksum_ok"]]
    assert len(wrong) == 1
    with raises(SensorFault, "garbled"):
        decode(wrong[0])


def test_every_cut_of_an_answer_is_garbled_and_nothing_is_silence():
    for count in range(1, 9):
        with raises(SensorFault, "garbled"):
            decode(MEASURED[:count])
    with raises(SensorFault, "silent"):
        decode(b"")


def test_an_answer_is_found_among_noise_by_its_checksums():
    assert decode(b"\x00\x55" + MEASURED + b"\x00") == decode(MEASURED)


def test_a_dead_cell_costs_its_own_value_only():
    assert decode(unhexlify("00008166 67A25EB93C".replace(" ", ""))) == {"co2": None, "t": 250, "rh": 370}
    assert decode(told(40001, 0x6667, 0x5EB9)) == {"co2": None, "t": 250, "rh": 370}
    assert decode(told(500, 0, 0x5EB9)) == {"co2": 500, "t": None, "rh": 370}
    assert decode(told(500, 0x6667, 0)) == {"co2": 500, "t": 250, "rh": None}
    with raises(SensorFault, "warming"):
        decode(told(0, 0, 0))


def test_a_dead_carbon_dioxide_cell_is_warming_for_a_minute_and_then_partial():
    chip = part(xEC05=told(0, 0x6667, 0x5EB9))
    sensor = Scd41(chip.bus())
    with raises(SensorFault, "warming"):
        chip.run(sensor.read())
    chip.machine.time.now += 61000
    reading = chip.run(sensor.read())
    assert reading == {"co2": None, "t": 250, "rh": 370}
    assert str(lacking(sensor, reading)) == "partial: no co2"


def test_the_self_test_asks_the_parts_own_and_says_what_it_found():
    chip = part(x3639=told(0x0002))
    verdict = chip.run(part_rows(Scd41(chip.bus())))
    assert [row[6] for row in verdict] == ["refused"] * 3
    assert chip.commands().count(0x3639) == 1
    chip = part(xEC05=told(0, 0x6667, 0x5EB9))
    verdict = chip.run(part_rows(Scd41(chip.bus())))
    assert [(row[0], row[5], row[6]) for row in verdict] == [
        ("co2", False, "partial"), ("t", True, ""), ("rh", True, ""),
    ]  # fmt: skip


def test_it_is_stopped_set_up_and_started_and_nothing_is_kept_in_its_memory():
    chip = part()
    sensor = Scd41(chip.bus(), asc=False, fresh_ppm=427, altitude_m=1950, warm_s=0)
    assert chip.run(sensor.read())["co2"] == 500
    assert chip.commands() == [STOP, 0x2416, 0x243A, 0x2427, START, ASK, READ]
    assert chip.sent[1][0] - chip.sent[0][0] >= 500  # it hears nothing for half a second after a stop
    written = {b"\x24\x16\x00\x00\x81", sensirion.command(0x243A, 427), sensirion.command(0x2427, 1950)}
    assert written <= set(chip.written)
    chip.run(sensor.read())
    assert chip.commands().count(START) == 1
    assert 0x3615 not in chip.commands()


def test_self_calibration_is_always_said_and_the_rest_only_where_configured():
    chip = part()
    chip.run(Scd41(chip.bus()).start())
    assert chip.written[1] == [frame for row, frame in rows("SCD4x", "write") if row["decoded"] == "ASC on"][0]
    assert chip.commands() == [STOP, 0x2416, START]


def test_a_new_value_is_waited_for_and_none_is_read_twice():
    chip = part(xE4B8=[READY, NOT_YET, NOT_YET, NOT_YET, READY])
    sensor = Scd41(chip.bus(), warm_s=0)
    chip.run(sensor.read())
    begun = chip.machine.time.now
    chip.run(sensor.read())
    assert 1500 <= chip.machine.time.now - begun < 2000
    assert chip.commands().count(READ) == 2


def test_values_count_after_the_warm_up():
    chip = part()
    sensor = Scd41(chip.bus())
    with raises(SensorFault, "warming"):
        chip.run(sensor.read())
    chip.machine.time.now += 61000
    assert chip.run(sensor.read())["co2"] == 500


def test_a_part_that_lost_its_supply_measures_nothing_and_is_started_again():
    chip = part(xE4B8=[READY] + [NOT_YET] * 13 + [READY])
    sensor = Scd41(chip.bus(), warm_s=0)
    chip.run(sensor.read())
    with raises(SensorFault, "warming"):
        chip.run(sensor.read())
    chip.run(sensor.read())
    assert chip.commands().count(START) == 2


def test_a_part_that_is_not_there_is_silent():
    chip = part()
    chip.dead = True
    with raises(SensorFault, "silent"):
        chip.run(Scd41(chip.bus()).read())


def test_the_pressure_of_another_part_is_handed_on_when_it_changes_and_after_each_start():
    chip = part(xE4B8=[READY] * 4 + [NOT_YET] * 13 + [READY])
    sensor = Scd41(chip.bus(), warm_s=0)
    printed = [frame for row, frame in rows("SCD4x", "write") if "pressure" in row["decoded"]][0]
    sensor.compensate({"t": 213, "rh": 400})
    sensor.compensate({"p": 9870})
    for _ in range(3):
        chip.run(sensor.read())
    assert chip.written.count(printed) == 1
    sensor.compensate({"p": 10131})
    chip.run(sensor.read())
    assert chip.written.count(sensirion.command(0xE000, 1013)) == 1
    with raises(SensorFault, "warming"):  # it lost its supply, and what it was told
        chip.run(sensor.read())
    chip.run(sensor.read())
    assert chip.written.count(sensirion.command(0xE000, 1013)) == 2


def test_a_recalibration_says_by_how_much_the_part_was_off():
    off = [frame for row, frame in rows("SCD4x", "response to 362F")][0]
    chip = part(x362F=off)
    sensor = Scd41(chip.bus(), warm_s=0)
    chip.run(sensor.read())
    assert chip.run(sensor.recalibrate(480)) == -50
    assert chip.written[-1] == [frame for row, frame in rows("SCD4x", "write") if "480" in row["decoded"]][0]
    chip.run(sensor.read())
    assert chip.commands()[-3:] == [START, ASK, READ]


def test_a_recalibration_that_failed_is_said():
    chip = part(x362F=told(0xFFFF))
    with raises(SensorFault, "refused"):
        chip.run(Scd41(chip.bus()).recalibrate(480))


def test_the_self_test_waits_for_the_first_value_and_not_for_the_warm_up():
    chip = part(xE4B8=[NOT_YET] * 9 + [READY])
    verdict = chip.run(part_rows(Scd41(chip.bus())))
    assert [(row[0], row[1], row[5]) for row in verdict] == [("co2", 500, True), ("t", 250, True), ("rh", 370, True)]
    assert chip.machine.time.now < 17000  # ten seconds are the part's own test
