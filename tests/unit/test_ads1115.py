"""The ADS1115: four inputs one after the other, and a converter that does what another wants."""

from captured import rows
from lamppost.core.faults import SensorFault
from lamppost.drivers.ads1115 import Ads1115, decode
from lamppost.ops.selftest import part_rows
from raising import raises
from registers import Registers

CODES = (0, 8000, -1, 2400)


class Converter(Registers):
    """One that takes `lasts` looks at its register until a conversion is done."""

    def __init__(self, lasts=1):
        Registers.__init__(self, 0x48)
        self.config = 0x8583
        self.lasts = lasts
        self.codes = list(CODES)
        self.stolen = False
        self.selected = []

    def took(self, data):
        assert len(data) == 3 and data[0] == 1
        self.config = data[1] << 8 | data[2]
        self.begun = self.machine.time.now
        self.left = self.lasts
        self.selected.append(self.config)

    def readfrom_mem(self, address, register, count):
        self._here(address)
        assert count == 2
        if register == 1:
            assert self.machine.time.now - self.begun >= 125  # eight conversions a second
            self.left -= 1
            told = self.config & 0x7FFF | (0 if self.left > 0 else 0x8000)
            return (told ^ (0x1000 if self.stolen else 0)).to_bytes(2, "big")
        code = self.codes[self.config >> 12 & 3]
        return (code & 0xFFFF).to_bytes(2, "big")


def test_recorded_conversions_read_as_recorded():
    seen = 0
    for row, data in rows("ADS1115", "conversion register"):
        assert decode(data) == {"a0_uv": row["decoded"]["code"] * 125}
        seen += 1
    assert seen == 2


def test_registers_one_after_the_other_are_the_inputs_in_their_order():
    data = bytes.fromhex("00001F40FFFF0960")
    assert decode(data) == {"a0_uv": 0, "a1_uv": 1000000, "a2_uv": -125, "a3_uv": 300000}


def test_nothing_is_silence_a_half_register_is_garbled_and_an_input_at_full_scale_is_missing():
    with raises(SensorFault, "silent"):
        decode(b"")
    for count in (1, 3, 10):
        with raises(SensorFault, "garbled"):
            decode(bytes(count))
    for code in (b"\x7f\xff", b"\x80\x00"):
        assert decode(b"\x00\x00" + code) == {"a0_uv": 0, "a1_uv": None}
        with raises(SensorFault, "range"):
            decode(code + code)


def test_each_input_is_converted_by_itself():
    chip = Converter()
    assert chip.run(Ads1115(chip.bus()).read()) == {"a0_uv": 0, "a1_uv": 1000000, "a2_uv": -125, "a3_uv": 300000}
    assert chip.selected == [0xC303, 0xD303, 0xE303, 0xF303]


def test_only_the_configured_inputs_are_read_in_the_configured_range():
    chip = Converter(lasts=2)
    part = Ads1115(chip.bus(), inputs=[1, 3], full_mv=2048)
    assert part.QUANTITIES == ("a1_uv", "a3_uv")
    assert chip.run(part.read()) == {"a1_uv": 500000, "a3_uv": 150000}
    assert chip.selected == [0xD503, 0xF503]


def test_a_range_that_it_does_not_have_is_said_when_it_is_built():
    with raises(SensorFault, "range"):
        Ads1115(Converter().bus(), full_mv=3300)


def test_a_converter_that_another_sets_or_that_never_ends_is_a_fault():
    chip = Converter()
    chip.stolen = True
    with raises(SensorFault, "foreign"):
        chip.run(Ads1115(chip.bus()).read())
    chip = Converter(lasts=9)
    with raises(SensorFault, "range"):
        chip.run(Ads1115(chip.bus()).read())
    assert chip.machine.time.now < 1000


def test_the_self_test_names_only_what_is_read():
    chip = Converter()
    verdict = chip.run(part_rows(Ads1115(chip.bus(), inputs=[0, 1])))
    assert [(row[0], row[5]) for row in verdict] == [("a0_uv", True), ("a1_uv", True)]
