"""The RM3100 driver: 24 bits with a sign, a poll for each reading, the part's own test of its coils."""

from binascii import unhexlify

from lamppost.core.faults import SensorFault
from lamppost.drivers.rm3100 import Rm3100, decode
from lamppost.ops.selftest import part_rows
from raising import raises
from registers import Registers

FIELD = unhexlify("000e10" "fff1f0" "000001")  # 3600, -3600 and 1 counts; 74.92 of them are a uT


class Chip(Registers):
    """Ready `after` looks at its status after a poll; coils of which `broken` do not oscillate in the test."""

    def __init__(self, after=1, broken=0):
        Registers.__init__(self, 0x20, r36=b"\x22", r24=FIELD)
        self.after = after
        self.broken = broken

    def wrote(self, register, value):
        Registers.wrote(self, register, value)
        if register == 0 and value == 0x70:
            self.looks = 0
            self.registers[0x34] = 0
            if self.registers[0x33] & 0x80:
                self.registers[0x33] |= 0x70 & ~self.broken

    def readfrom_mem(self, address, register, count):
        if register == 0x34:
            self.looks += 1
            self.registers[0x34] = 0x80 if self.looks >= self.after else 0
        return Registers.readfrom_mem(self, address, register, count)


def test_counts_become_hundredths_of_a_microtesla_with_their_sign():
    assert decode(b"\x80" + FIELD) == {"mag_x_ut": 4805, "mag_y_ut": -4805, "mag_z_ut": 1}


def test_the_ends_of_its_field_range_and_beyond():
    assert decode(b"\x80" + unhexlify("00ea20" "ff15e0" "000000"))["mag_x_ut"] == 80000
    for beyond in ("00ea22", "ff15de", "7fffff", "800000"):
        with raises(SensorFault, "range"):
            decode(b"\x80" + unhexlify(beyond) + bytes(6))


def test_coils_that_stand_still_are_no_field():
    with raises(SensorFault, "range"):
        decode(b"\x80" + bytes(9))


def test_before_a_measurement_it_is_warming_and_other_lengths_are_garbled():
    with raises(SensorFault, "warming"):
        decode(b"\x00" + FIELD)
    with raises(SensorFault, "garbled"):
        decode(FIELD)
    with raises(SensorFault, "silent"):
        decode(b"")


def test_a_read_sets_the_counts_once_and_polls_each_time():
    chip = Chip(after=2)
    part = Rm3100(chip.bus())
    for _ in range(2):
        assert chip.run(part.read())["mag_x_ut"] == 4805
    counts = [(4, 0), (5, 200), (6, 0), (7, 200), (8, 0), (9, 200)]
    assert chip.written == [(1, 0)] + counts + [(0, 0x70), (0, 0x70)]


def test_a_part_that_never_finishes_is_silent_in_bounded_time():
    chip = Chip(after=99)
    with raises(SensorFault, "silent"):
        chip.run(Rm3100(chip.bus()).read())
    assert chip.machine.time.now <= 50


def test_another_revision_is_foreign_and_another_address_is_silence():
    chip = Chip()
    chip.put(0x36, b"\x00")
    with raises(SensorFault, "foreign"):
        chip.run(Rm3100(chip.bus()).read())
    with raises(SensorFault, "silent"):
        chip.run(Rm3100(chip.bus(), address=0x23).read())


def test_the_self_test_asks_the_coils_and_leaves_them_measuring():
    chip = Chip()
    rows = chip.run(part_rows(Rm3100(chip.bus())))
    assert [(row[0], row[1], row[5]) for row in rows] == [
        ("mag_x_ut", 4805, True), ("mag_y_ut", -4805, True), ("mag_z_ut", 1, True),
    ]  # fmt: skip
    assert chip.registers[0x33] == 0


def test_a_broken_coil_fails_the_self_test():
    for coil in (0x10, 0x20, 0x40):
        chip = Chip(broken=coil)
        rows = chip.run(part_rows(Rm3100(chip.bus())))
        assert {row[6] for row in rows} == {"refused"} and not any(row[5] for row in rows)
        assert chip.registers[0x33] == 0
