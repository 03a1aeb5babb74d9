"""The BME280 driver: Bosch's integers against recorded registers, and a scripted I2C."""

from binascii import unhexlify

from captured import rows
from lamppost.buses.wiring import Wiring
from lamppost.core.faults import SensorFault
from lamppost.drivers import bme280, bmp280, registry
from lamppost.ops.selftest import part_rows
from raising import raises
from wire import Machine

RAW = rows("BME280")[0][1]
BOARD = {"i2c0": {"kind": "i2c", "i2c": 0, "scl": 22, "sda": 21}}


class Chip:
    """machine.I2C with one BME280 on it, as far as the driver goes."""

    def __init__(self):
        self.chip = 0x60
        self.error = None
        self.written = []
        self.data = RAW[33:]
        self.noise = False

    def __call__(self, number, scl, sda, freq):
        return self

    def writeto_mem(self, address, register, data):
        if self.error:
            raise OSError(self.error)
        self.written.append((address, register, data[0]))

    def readfrom_mem(self, address, register, count):
        if self.error:
            raise OSError(self.error)
        data = {0xD0: bytes((self.chip,)), 0x88: RAW[:26], 0xE1: RAW[26:33], 0xF7: self.data}[register]
        assert len(data) == count
        if self.noise:
            self.data = bytes((self.data[0] ^ 1,)) + self.data[1:]
        return data


def climate(machine):
    return registry.build("bme280", Wiring(BOARD, machine, machine.time).bus("i2c0"), {"id": "climate", "address": 118})


def test_recorded_registers_give_the_recorded_weather():
    told = rows("BME280")[0][0]["decoded"]
    assert bmp280.fine(bme280.humid(RAW), RAW[36] << 12 | RAW[37] << 4 | RAW[38] >> 4) == told["t_fine"]
    assert bme280.decode(RAW) == {"t": 274, "rh": 329, "p": 10122}


def test_the_calibration_is_taken_apart_as_bosch_numbers_it():
    assert list(bme280.humid(RAW)) == rows("BME280")[0][0]["computed"]["cal"]


def test_boschs_worked_example_of_temperature_and_pressure():
    row, raw = rows("BMP280")[0]
    cal = bmp280.calibration(raw)
    t_fine = bmp280.fine(cal, row["decoded"]["adc_T"])
    assert (t_fine * 5 + 128) >> 8 == 2508  # 25.08 Cel
    pascal = bmp280.pressure(cal, t_fine, row["decoded"]["adc_P"]) / 256
    assert abs(pascal - row["decoded"]["pressure_Pa"]) < 0.3


def test_registers_that_never_measured_are_warming():
    with raises(SensorFault, "warming"):
        bme280.decode(RAW[:33] + unhexlify("8000008000008000"))


def test_a_wrong_length_is_garbled_and_nothing_is_silence():
    with raises(SensorFault, "garbled"):
        bme280.decode(RAW[:-1])
    with raises(SensorFault, "silent"):
        bme280.decode(b"")


def test_a_blank_calibration_is_out_of_range():
    for byte in (b"\x00", b"\xff"):
        with raises(SensorFault, "range"):
            bme280.decode(byte * 33 + RAW[33:])


def test_a_read_sets_up_once_and_measures_each_time():
    chip = Chip()
    machine = Machine(i2c=chip)
    part = climate(machine)
    for _ in range(2):
        assert machine.time.run(part.read()) == {"t": 274, "rh": 329, "p": 10122}
    reset, measure = (118, 0xE0, 0xB6), [(118, 0xF2, 1), (118, 0xF4, 0x25)]
    assert chip.written == [reset] + measure + measure


def test_a_bit_that_flips_on_the_wire_is_no_weather():
    chip = Chip()
    machine = Machine(i2c=chip)
    part = climate(machine)
    machine.time.run(part.read())
    chip.noise = True
    with raises(SensorFault, "garbled"):
        machine.time.run(part.read())


def test_another_chip_at_the_address_is_foreign():
    chip = Chip()
    chip.chip = 0x58  # a BMP280
    machine = Machine(i2c=chip)
    with raises(SensorFault, "foreign"):
        machine.time.run(climate(machine).read())


def test_no_acknowledge_is_silence_and_anything_else_frees_the_bus():
    chip = Chip()
    machine = Machine(i2c=chip)
    part = climate(machine)
    chip.error = 19
    with raises(SensorFault, "silent"):
        machine.time.run(part.read())
    assert machine.edges == []
    chip.error = 116
    with raises(SensorFault, "bus"):
        machine.time.run(part.read())
    assert machine.edges == [(22, 0), (22, 1)] * 9
    chip.error = None
    assert machine.time.run(part.read())["t"] == 274


def test_the_self_test_names_its_limits():
    verdict = Machine(i2c=Chip())
    rows_ = verdict.time.run(part_rows(climate(verdict)))
    assert [(row[0], row[1], row[5]) for row in rows_] == [("t", 274, True), ("rh", 329, True), ("p", 10122, True)]
