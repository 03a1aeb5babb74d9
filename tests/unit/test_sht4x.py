"""The SHT4x: a recorded answer, its ends, and a part that is not there."""

from captured import rows
from lamppost.core.faults import SensorFault
from lamppost.drivers.sht4x import Sht4x, decode
from lamppost.ops.selftest import part_rows
from raising import raises
from word_part import WordPart, told

MEASURED = [frame for row, frame in rows("SHT4x", "response to FD") if row["checksum_ok"]][0]


def test_a_recorded_answer_reads_as_recorded():
    assert decode(MEASURED) == {"t": 200, "rh": 400}


def test_a_bad_checksum_is_refused():
    wrong = [frame for row, frame in rows("SHT4x", "response to FD") if not row["checksum_ok"]]
    assert len(wrong) == 1
    with raises(SensorFault, "garbled"):
        decode(wrong[0])


def test_humidity_beyond_its_ends_is_at_its_ends_and_no_air_is_so_hot():
    assert decode(told(0x6666, 0xFFFE))["rh"] == 1000
    assert decode(told(0x6666, 1))["rh"] == 0
    with raises(SensorFault, "range"):
        decode(told(0xFFFF, 0x8000))  # 130 Cel


def test_a_dead_humidity_cell_costs_the_humidity_only():
    for ticks in (0, 0xFFFF):
        assert decode(told(0x6666, ticks)) == {"t": 250, "rh": None}
        with raises(SensorFault, "range"):
            decode(told(ticks, 0x6666))


def test_a_cut_answer_is_garbled_and_nothing_is_silence():
    with raises(SensorFault, "garbled"):
        decode(MEASURED[:5])
    with raises(SensorFault, "silent"):
        decode(b"")


def test_it_is_reset_once_and_measures_at_each_read():
    chip = WordPart(0x45, xFD=MEASURED)
    sensor = Sht4x(chip.bus(), address=0x45)
    for _ in range(2):
        assert chip.run(sensor.read()) == {"t": 200, "rh": 400}
    assert chip.written == [b"\x94", b"\xfd", b"\xfd"]
    assert chip.machine.time.now >= 20


def test_another_address_is_silent_and_the_self_test_says_so():
    chip = WordPart(0x44, xFD=MEASURED)
    sensor = Sht4x(chip.bus(), address=0x46)
    with raises(SensorFault, "silent"):
        chip.run(sensor.read())
    assert {row[5:] for row in chip.run(part_rows(sensor))} == {(False, "silent")}
    assert [row[5] for row in chip.run(part_rows(Sht4x(chip.bus())))] == [True, True]
