"""The BH1750 driver: the datasheet's example, both ways of measuring, and the change between them."""

from lamppost.core.faults import SensorFault
from lamppost.drivers.bh1750 import Bh1750, decode
from lamppost.ops.selftest import part_rows
from raising import raises
from registers import Registers


class Chip(Registers):
    """In the light of `lux`: a measurement is there once its time is over, in the resolution that was asked for."""

    lux = 0
    time = 69

    def took(self, data):
        code = data[0]
        if code >> 5 == 2:
            self.time = self.time & 31 | (code & 7) << 5
        elif code >> 5 == 3:
            self.time = self.time & 0xE0 | code & 31
        elif code in (0x20, 0x21):
            counts = min(65535, int(self.lux * 1.2 * self.time / 69 * (1 + (code & 1))))
            self.plain = bytes((counts >> 8, counts & 255))


def test_the_datasheets_example():
    assert decode(b"\x83\x90") == {"lux": 280667}
    assert decode(b"\x20\x45\x83\x90") == {"lux": 280667}


def test_the_fine_mode_and_the_time_register_count():
    assert decode(b"\x21\x45\x83\x90") == {"lux": 140333}
    assert decode(b"\x21\xfe\x00\x01") == {"lux": 1}
    assert decode(b"\x20\x1f\x00\x01") == {"lux": 19}


def test_blinded_and_impossible_bytes_have_their_words():
    for data, word in (
        (b"\xff\xff", "signal"), (b"\x20\x1f\xff\xff", "signal"), (b"\x07\x45\x00\x01", "garbled"),
        (b"\x20\x1e\x00\x01", "garbled"), (b"\x00", "garbled"), (b"", "silent"),
    ):  # fmt: skip
        with raises(SensorFault, word):
            decode(data)


def test_every_light_is_read_within_its_resolution():
    for lux in (0, 1, 7, 40, 1000, 2900, 3100, 20000, 110000):
        chip = Chip(0x23)
        chip.lux = lux
        tenths = chip.run(Bh1750(chip.bus()).read())["lux"]
        assert abs(tenths - 10 * lux) <= (20 if lux > 3000 else 2), (lux, tenths)


def test_night_and_day_are_followed_with_a_hysteresis():
    chip = Chip(0x23)
    part = Bh1750(chip.bus())
    for lux, measurements in ((5, 2), (2900, 1), (5000, 1), (7000, 2), (5000, 1), (2900, 2)):
        chip.lux = lux
        before = len(chip.written)
        assert abs(chip.run(part.read())["lux"] - 10 * lux) <= 20
        assert (len(chip.written) - before) // 4 == measurements, lux


def test_the_longest_measurement_is_waited_for():
    chip = Chip(0x23)
    part = Bh1750(chip.bus())
    chip.run(part.read())
    before = chip.machine.time.now
    chip.run(part.read())
    assert 180 * 254 // 69 <= chip.machine.time.now - before < 700


def test_its_other_address_and_nobody_there():
    chip = Chip(0x5C)
    chip.lux = 100
    assert chip.run(Bh1750(chip.bus(), address=0x5C).read())["lux"] > 990
    with raises(SensorFault, "silent"):
        chip.run(Bh1750(chip.bus()).read())


def test_the_self_test_passes_in_the_dark():
    chip = Chip(0x23)
    assert [(row[0], row[1], row[5]) for row in chip.run(part_rows(Bh1750(chip.bus())))] == [("lux", 0, True)]
