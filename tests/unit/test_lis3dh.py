"""The LIS3DH driver: the lean of a pole in tenths of a degree, however the part was mounted."""

from math import cos, radians, sin
from struct import pack

from lamppost.core.faults import SensorFault
from lamppost.drivers.lis3dh import Lis3dh, decode
from lamppost.ops.selftest import part_rows
from raising import raises
from registers import Registers


def raw(x, y, z):
    return pack("<hhh", x << 4, y << 4, z << 4)


def leaning(degrees):
    return raw(int(1000 * sin(radians(degrees)) + 0.5), 0, int(1000 * cos(radians(degrees)) + 0.5))


class Chip(Registers):
    """Gives the vectors of `shown` one after the other, the last for ever."""

    def __init__(self, *shown):
        Registers.__init__(self, 0x18, r0F=b"\x33")
        self.shown = list(shown)

    def readfrom_mem(self, address, register, count):
        if register == 0xA8:  # auto-increment asked for
            self._here(address)
            return self.shown.pop(0) if len(self.shown) > 1 else self.shown[0]
        return Registers.readfrom_mem(self, address, register, count)


def test_a_part_lying_flat_leans_by_nothing():
    assert decode(raw(0, 0, 1000)) == {"tilt": 0, "ax_mg": 0, "ay_mg": 0, "az_mg": 1000}


def test_the_lean_is_right_from_a_tenth_of_a_degree_to_upside_down():
    for degrees in (1, 2, 5, 10, 30, 45, 60, 89, 90, 120):
        assert abs(decode(leaning(degrees))["tilt"] - 10 * degrees) <= 1, degrees
    assert decode(raw(0, 0, -1000))["tilt"] == 1800
    assert decode(raw(-1000, 0, 0))["tilt"] == 900
    assert decode(raw(2, 0, 1000))["tilt"] == 1


def test_negative_values_keep_their_sign_and_unused_bits_do_not_count():
    reading = decode(bytes((0xF0, 0xFF, 0x1F, 0x00, 0x8F, 0x3E)))
    assert (reading["ax_mg"], reading["ay_mg"], reading["az_mg"]) == (-1, 1, 1000)


def test_a_shaken_part_has_no_lean_and_one_without_gravity_is_broken():
    for vector in ((0, 0, 400), (0, 0, 1600), (1100, 1100, 1100)):
        with raises(SensorFault, "signal"):
            decode(raw(*vector))
    with raises(SensorFault, "range"):
        decode(bytes(6))
    with raises(SensorFault, "garbled"):
        decode(bytes(5))
    with raises(SensorFault, "silent"):
        decode(b"")


def test_it_is_set_up_once_and_a_reading_is_a_mean():
    chip = Chip(*[raw(100 * (-1) ** n, 0, 995) for n in range(16)])
    part = Lis3dh(chip.bus())
    assert chip.run(part.read()) == {"tilt": 0, "ax_mg": 0, "ay_mg": 0, "az_mg": 995}
    chip.run(part.read())
    assert chip.written == [(0x23, 0x88), (0x20, 0x47)]


def test_the_lean_is_counted_from_how_the_pole_stood_when_it_was_set_up():
    chip = Chip(raw(0, 1000, 0))
    assert chip.run(Lis3dh(chip.bus()).read())["tilt"] == 900
    assert chip.run(Lis3dh(chip.bus(), upright=[0, 985, 30]).read())["tilt"] == 17


def test_a_pole_that_was_knocked_down_leans_after_a_new_start_too():
    chip = Chip(raw(1000, 0, 0))
    for _ in range(2):
        assert chip.run(Lis3dh(chip.bus(), upright=[0, 0, 1000]).read())["tilt"] == 900


def test_another_chip_is_foreign():
    chip = Chip(raw(0, 0, 1000))
    chip.put(0x0F, b"\x32")
    with raises(SensorFault, "foreign"):
        chip.run(Lis3dh(chip.bus()).read())


def test_a_part_that_lost_its_power_is_set_up_again():
    chip = Chip(raw(0, 0, 1000))
    part = Lis3dh(chip.bus())
    chip.run(part.read())
    chip.put(0x20, b"\x07")
    with raises(SensorFault, "warming"):
        chip.run(part.read())
    assert chip.run(part.read())["tilt"] == 0


def test_the_self_test_wants_a_pole_that_stands():
    for vector, good in ((raw(0, 0, 1000), True), (raw(0, 1000, 0), False)):
        chip = Chip(vector)
        rows = chip.run(part_rows(Lis3dh(chip.bus())))
        assert (rows[0][0], rows[0][5]) == ("tilt", good)
