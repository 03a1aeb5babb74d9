"""The BMP280: Bosch's worked example through the driver, and a BME280 told from it."""

from captured import rows
from lamppost.core.faults import SensorFault
from lamppost.drivers.bmp280 import Bmp280, decode
from lamppost.ops.selftest import part_rows
from raising import raises
from registers import Registers

RAW = rows("BMP280")[0][1]


def chip(identity=0x58):
    return Registers(0x76, x88=RAW[:24], xF7=RAW[24:], xD0=bytes((identity,)))


def test_boschs_worked_example_reads_as_printed():
    assert decode(RAW) == {"t": 251, "p": 10065}


def test_wrong_lengths_blank_calibrations_and_skipped_measurements_are_faults():
    with raises(SensorFault, "silent"):
        decode(b"")
    with raises(SensorFault, "garbled"):
        decode(RAW[:-1])
    for byte in (b"\x00", b"\xff"):
        with raises(SensorFault, "range"):
            decode(byte * 24 + RAW[24:])
    with raises(SensorFault, "warming"):
        decode(RAW[:24] + b"\x80\x00\x00" * 2)


def test_a_read_sets_up_once_and_measures_each_time():
    part = chip()
    sensor = Bmp280(part.bus())
    for _ in range(2):
        assert part.run(sensor.read()) == {"t": 251, "p": 10065}
    assert part.written == [(0xE0, 0xB6), (0xF4, 0x25), (0xF4, 0x25)]


def test_a_bme280_in_its_place_is_named():
    part = chip(0x60)
    with raises(SensorFault, "foreign") as caught:
        part.run(Bmp280(part.bus()).read())
    assert "BME280" in caught.error.detail


def test_the_self_test_names_its_limits():
    part = chip()
    verdict = part.run(part_rows(Bmp280(part.bus())))
    assert [(row[0], row[1], row[5]) for row in verdict] == [("t", 251, True), ("p", 10065, True)]
