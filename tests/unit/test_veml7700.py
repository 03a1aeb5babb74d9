"""The VEML7700 driver: light from a starless night to noon, whatever gain and time it takes."""

from lamppost.core.faults import SensorFault
from lamppost.drivers.veml7700 import Veml7700, decode
from lamppost.ops.selftest import part_rows
from raising import raises
from registers import Registers

# conf of (gain, ms) and lx a count, the table of the application note
TABLE = (
    (0x08C0, 0.0042), (0x0800, 0.0336), (0x0000, 0.0672), (0x1800, 0.2688), (0x1000, 0.5376), (0x1300, 2.1504),
    (0x0200, 0.1344), (0x0040, 0.0336), (0x0080, 0.0168),
)  # fmt: skip


def raw(conf, counts):
    return bytes((conf & 255, conf >> 8, counts & 255, counts >> 8))


def corrected(lux):
    return 6.0135e-13 * lux**4 - 9.3924e-9 * lux**3 + 8.1488e-5 * lux**2 + 1.0023 * lux


class Chip(Registers):
    """In the light of `lux`, as the part counts it before its correction."""

    lux = 0.0

    def took(self, data):
        self.put(2 * data[0], data[1:])

    def readfrom_mem(self, address, register, count):
        self._here(address)
        if register == 0:
            return bytes(self.registers[:2])
        conf = self.registers[0] | self.registers[1] << 8
        step = [step for code, step in TABLE + ((0x0880, 0.0084),) if code == conf][0]
        counts = min(65535, int(self.lux / step + 0.5))
        return bytes((counts & 255, counts >> 8))


def measured(lux):
    chip = Chip(0x10)
    chip.lux = lux
    part = Veml7700(chip.bus())
    return chip.run(part.read())["lux"], chip, part


def test_each_setting_has_the_resolution_of_the_table():
    for conf, step in TABLE:
        assert decode(raw(conf, 400))["lux"] == int(400 * step * 10 + 0.5)


def test_above_a_thousand_lux_the_correction_is_exact():
    for counts in (1861, 10000, 30000, 42000):
        lux = int(counts * 5.376 + 0.5) / 10
        assert abs(decode(raw(0x1000, counts))["lux"] / 10 - corrected(lux)) <= 0.001 * lux
    assert decode(raw(0x1000, 1860))["lux"] == 9999  # not corrected yet


def test_switched_off_blinded_and_impossible_settings_have_their_words():
    for data, word in (
        (raw(0x0001, 7), "warming"), (raw(0x1300, 65535), "signal"), (raw(0x0240, 7), "range"),
        (raw(0x1300, 40000), "range"), (b"", "silent"), (bytes(3), "garbled"),
    ):  # fmt: skip
        with raises(SensorFault, word):
            decode(data)


def test_every_light_is_read_within_a_few_percent():
    for lux in (0.0, 0.3, 2.0, 10.0, 47.0, 300.0, 999.0):
        tenths, _, _ = measured(lux)
        assert abs(tenths - 10 * lux) <= 1 + 0.1 * lux, (lux, tenths)
    for lux in (1200.0, 5000.0, 12000.0, 20000.0):
        tenths, _, _ = measured(lux)
        assert abs(tenths / 10 - corrected(lux)) <= 0.01 * corrected(lux), (lux, tenths)


def test_it_takes_the_finest_setting_at_night_and_the_coarsest_at_noon():
    assert measured(0.5)[1].registers[:2] == bytes((0x80, 0x08))
    assert measured(20000.0)[1].registers[:2] == bytes((0x00, 0x13))


def test_a_setting_that_fits_is_kept_and_read_without_waiting():
    _, chip, part = measured(20.0)
    written, now = len(chip.written), chip.machine.time.now
    chip.lux = 21.0
    assert chip.run(part.read())["lux"] == 210
    assert len(chip.written) == written and chip.machine.time.now == now


def test_a_lamp_that_is_switched_on_is_followed_in_one_read():
    _, chip, part = measured(0.0)
    chip.lux = 20000.0
    before = chip.machine.time.now
    assert abs(chip.run(part.read())["lux"] / 10 - corrected(20000)) < 600
    assert chip.machine.time.now - before < 1500


def test_a_part_that_lost_its_power_is_set_up_again():
    _, chip, part = measured(20.0)
    chip.put(0, b"\x01\x00")
    with raises(SensorFault, "warming"):
        chip.run(part.read())
    assert chip.run(part.read())["lux"] == 200


def test_the_self_test_passes_in_any_light():
    for lux in (0.0, 20000.0):
        chip = Chip(0x10)
        chip.lux = lux
        assert [row[5] for row in chip.run(part_rows(Veml7700(chip.bus())))] == [True]
