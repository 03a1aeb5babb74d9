"""INA226 and INA228 against the data sheets' examples, and over a scripted I2C bus."""

from captured import rows
from i2c_chip import I2cChip
from lamppost.buses.wiring import Wiring
from lamppost.core.faults import SensorFault
from lamppost.drivers import ina226, ina228
from lamppost.ops.selftest import part_rows
from raising import raises
from wire import Machine

BOARD = {"i2c0": {"kind": "i2c", "i2c": 0, "scl": 22, "sda": 21}}


def register(name):
    told = [(row["decoded"], data) for row, data in rows("INA226") if isinstance(row["decoded"], dict)]
    return [data for decoded, data in told if name in decoded["reg"]][0]


def chip226():
    return I2cChip(
        0x40, {0xFE: b"\x54\x49", 0xFF: b"\x22\x60", 0: b"\x41\x27", 1: register("shunt"), 2: register("bus")}
    )


def chip228(shunt=b"\x02\x71\x00", power=b"\x00\x98\x96"):
    """12 V; the shunt at 10000 counts of 312.5 nV = 3.125 mV."""
    return I2cChip(
        0x40,
        {0x3E: b"\x54\x49", 0x3F: b"\x22\x81", 4: shunt, 5: b"\x0f\x00\x00", 6: b"\x0c\x80", 8: power,
         9: b"\x00\x00\x98\x96\x80"},
    )  # fmt: skip


def made(kind, chip, **options):
    machine = Machine(i2c=chip)
    return kind(Wiring(BOARD, machine, machine.time).bus("i2c0"), "dc", **options), machine


def test_the_data_sheet_s_example_reads_as_printed():
    reading = ina226.decode(register("shunt") + register("bus"))
    told = [row["decoded"]["watts"] for row, _ in rows("INA226") if "watts" in row["decoded"]][0]
    assert reading == {"u_mv": 11980, "i_ma": 10000, "p_mw": round(told * 1000)}


def test_power_keeps_its_sign_and_current_has_none():
    reading = ina226.decode(b"\xe0\xc0" + register("bus"))
    assert reading == {"u_mv": 11980, "i_ma": 10000, "p_mw": -119800}
    part, machine = made(ina226.Ina226, chip226(), shunt_uohm=2000, imax_a=20)
    part._bus._open().registers[1] = b"\xe0\xc0"
    verdict = {row[0]: row[5:] for row in machine.time.run(part_rows(part))}
    assert verdict["p_mw"] == (False, "backwards")


def test_a_shunt_at_its_end_or_beyond_the_circuit_is_out_of_range():
    for shunt in (b"\x7f\xff", b"\x80\x00"):
        with raises(SensorFault, "range"):
            ina226.decode(shunt + register("bus"))
    with raises(SensorFault, "range"):
        ina226.decode(register("shunt") + register("bus"), 2000, 5)
    assert ina226.decode(register("shunt") + register("bus"), 100000)["i_ma"] == 200


def test_the_driver_checks_who_is_there_and_reads():
    chip = chip226()
    part, machine = made(ina226.Ina226, chip, shunt_uohm=2000, imax_a=20)
    assert machine.time.run(part.read()) == {"u_mv": 11980, "i_ma": 10000, "p_mw": 119800}
    assert chip.writes == [(0, b"\x45\x27")]
    stranger, machine = made(ina226.Ina226, I2cChip(0x40, {0xFE: b"\x54\x49", 0xFF: b"\x23\x81"}))
    with raises(SensorFault, "foreign"):
        machine.time.run(stranger.read())
    nobody, machine = made(ina226.Ina226, I2cChip(0x41, {}))
    with raises(SensorFault, "silent"):
        machine.time.run(nobody.read())


def test_the_calibration_of_the_data_sheet_s_example():
    assert ina228.calibration(16200, 10) == 4050  # SLYS021, 8.2.2: 10 A over 16.2 mohm


def test_power_and_energy_follow_voltage_and_current():
    # 3.125 mV over 1 mohm = 3.125 A; 12 V; power LSB = 3.2 * 20 A / 2**19
    raw_p = round(37.5 / (3.2 * 20 / 2**19))
    raw_e = round(3600 * 5 / (51.2 * 20 / 2**19))  # 5 Wh
    chip = chip228(power=raw_p.to_bytes(3, "big"))
    chip.registers[9] = raw_e.to_bytes(5, "big")
    part, machine = made(ina228.Ina228, chip, shunt_uohm=1000, imax_a=20)
    reading = machine.time.run(part.read())
    assert reading["u_mv"] == 12000
    assert reading["i_ma"] == 3125
    assert abs(reading["p_mw"] - 37500) <= 1
    assert abs(reading["imp_mwh"] - 5000) <= 1
    assert reading["t"] == 250
    assert sorted(reading) == sorted(ina228.Ina228.QUANTITIES)
    assert chip.writes == [(2, b"\x01\xf4"), (1, b"\xfb\x6a")]


def test_energy_of_forty_bits_is_exact():
    chip = chip228()
    data = b"".join([chip.registers[n] for n in (4, 5, 6, 8)])
    counts = 2**40 - 1, 2**40 - 1 - 10**6
    full, before = [ina228.decode(data + n.to_bytes(5, "big"), 1000, 20)["imp_mwh"] for n in counts]
    assert full > 2**28
    assert 542 <= full - before <= 543  # a million counts of 51.2 * 20 A / 2**19 J


def test_backwards_current_gives_negative_power():
    chip = chip228(shunt=b"\xfd\x8f\x00")
    part, machine = made(ina228.Ina228, chip, shunt_uohm=1000, imax_a=20)
    reading = machine.time.run(part.read())
    assert reading["i_ma"] == 3125 and reading["p_mw"] < 0


def test_a_chip_that_lost_its_supply_is_told_the_shunt_again():
    chip = chip228()
    part, machine = made(ina228.Ina228, chip)
    machine.time.run(part.read())
    chip.registers[2] = b"\x10\x00"  # as after power-on
    with raises(SensorFault, "warming"):
        machine.time.run(part.read())
    machine.time.run(part.read())
    assert [register for register, _ in chip.writes] == [2, 1, 2, 1]


def test_a_shunt_that_cannot_measure_that_current_is_said():
    part, machine = made(ina228.Ina228, chip228(), shunt_uohm=100000, imax_a=200)
    with raises(SensorFault, "range"):
        machine.time.run(part.read())


def test_another_number_of_bytes_is_garbled():
    for decode, size in ((ina226.decode, 4), (ina228.decode, 16)):
        with raises(SensorFault, "silent"):
            decode(b"")
        for count in (1, size - 1, size + 1):
            with raises(SensorFault, "garbled"):
                decode(bytes(count))
