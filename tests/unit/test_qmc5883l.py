"""The QMC5883L driver: both ranges, overflow, lost supply, and the other chips that are sold under its name."""

from struct import pack

from captured import rows
from lamppost.core.faults import SensorFault
from lamppost.drivers.qmc5883l import Qmc5883l, decode
from lamppost.ops.selftest import part_rows
from raising import raises
from registers import Registers


def raw(x, y, z, status=1, control=0x15):
    return bytes((status, 0, 0, control)) + pack("<hhh", x, y, z)


class Chip(Registers):
    """Measures the field of `xyz` counts as soon as it is set to; a reset puts its control back."""

    def __init__(self, address=0x0D, xyz=(1440, -600, 9)):
        Registers.__init__(self, address)
        self.xyz = xyz

    def wrote(self, register, value):
        Registers.wrote(self, register, value)
        if register == 0x0A and value & 0x80:
            self.put(0, bytes(12))
        if register == 9 and value & 1:
            self.put(0, pack("<hhhB", *(self.xyz + (1,))))


def test_eight_gauss_and_two_are_told_apart_by_the_control_register():
    assert decode(raw(3000, -3000, 1)) == {"mag_x_ut": 10000, "mag_y_ut": -10000, "mag_z_ut": 3}
    assert decode(raw(12000, -12000, 6, control=5)) == {"mag_x_ut": 10000, "mag_y_ut": -10000, "mag_z_ut": 5}


def test_the_captured_control_byte_is_read_as_documented():
    control = rows("QMC5883L", "control")[0][1][0]  # continuous, 200 Hz, 8 G, OSR 512
    assert decode(raw(3000, 0, 0, control=control))["mag_x_ut"] == 10000


def test_an_overflow_is_no_field():
    with raises(SensorFault, "signal"):
        decode(raw(32767, 0, 0, status=3))
    with raises(SensorFault, "range"):
        decode(raw(32767, 0, 0))
    assert decode(raw(24000, -24000, 0))["mag_y_ut"] == -80000


def test_standby_and_nothing_new_are_warming_and_other_lengths_garbled():
    for data in (raw(1, 1, 1, control=0x14), raw(1, 1, 1, status=0), bytes(10)):
        with raises(SensorFault, "warming"):
            decode(data)
    with raises(SensorFault, "garbled"):
        decode(raw(1, 1, 1)[1:])
    with raises(SensorFault, "silent"):
        decode(b"")


def test_it_is_set_up_once_and_then_only_read():
    chip = Chip()
    part = Qmc5883l(chip.bus())
    for _ in range(3):
        assert chip.run(part.read()) == {"mag_x_ut": 4800, "mag_y_ut": -2000, "mag_z_ut": 30}
    assert chip.written == [(0x0A, 0x80), (0x0B, 1), (9, 0x15)]


def test_a_part_that_lost_its_power_is_set_up_again():
    chip = Chip()
    part = Qmc5883l(chip.bus())
    chip.run(part.read())
    chip.put(0, bytes(12))
    with raises(SensorFault, "warming"):
        chip.run(part.read())
    assert chip.run(part.read())["mag_x_ut"] == 4800


def test_the_chips_that_are_sold_in_its_place_are_named():
    for address, name in ((0x1E, "HMC5883L"), (0x2C, "QMC5883P")):
        chip = Chip(address)
        with raises(SensorFault, "foreign") as caught:
            chip.run(Qmc5883l(chip.bus()).read())
        assert name in caught.error.detail


def test_nobody_there_is_silence():
    chip = Chip(0x50)
    with raises(SensorFault, "silent"):
        chip.run(Qmc5883l(chip.bus()).read())


def test_a_chip_that_keeps_no_mode_is_foreign():
    chip = Chip()
    chip.wrote = lambda register, value: None
    with raises(SensorFault, "foreign"):
        chip.run(Qmc5883l(chip.bus()).read())


def test_the_self_test_passes_in_an_ordinary_field():
    chip = Chip()
    assert [row[5] for row in chip.run(part_rows(Qmc5883l(chip.bus())))] == [True] * 3
