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


def chip228(shunt=b"\x02\x71\x00"):
    """12 V; the shunt at 10000 counts of 312.5 nV = 3.125 mV."""
    return I2cChip(
        0x40,
        {0x3E: b"\x54\x49", 0x3F: b"\x22\x81", 1: b"\xfb\x68", 4: shunt, 5: b"\x0f\x00\x00", 6: b"\x0c\x80"},
    )


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


def test_power_is_voltage_times_current_also_at_light_load():
    # 12 V, 40 mA over 15 mohm: the chip's own register of power said 4.5 W
    data = (1920 << 4).to_bytes(3, "big") + b"\x0f\x00\x00\x0c\x80"
    assert ina228.decode(data) == {"u_mv": 12000, "i_ma": 40, "p_mw": 480, "t": 250}
    assert ina228.decode(data + b"\x00\x98\x96" + bytes(5)) == ina228.decode(data)
    assert ina228.decode(bytes(8))["p_mw"] == 0


def test_an_ina228_is_let_average_and_read():
    chip = chip228()
    part, machine = made(ina228.Ina228, chip, shunt_uohm=1000, imax_a=20)
    assert machine.time.run(part.read()) == {"u_mv": 12000, "i_ma": 3125, "p_mw": 37500, "t": 250}
    assert sorted(ina228.Ina228.QUANTITIES) == ["i_ma", "p_mw", "t", "u_mv"]
    assert chip.writes == [(1, b"\xfb\x6d")]


def test_backwards_current_gives_negative_power():
    chip = chip228(shunt=b"\xfd\x8f\x00")
    part, machine = made(ina228.Ina228, chip, shunt_uohm=1000, imax_a=20)
    reading = machine.time.run(part.read())
    assert reading["i_ma"] == 3125 and reading["p_mw"] == -37500


def test_a_chip_that_lost_its_supply_is_set_up_again():
    chip = chip228()
    part, machine = made(ina228.Ina228, chip)
    machine.time.run(part.read())
    chip.registers[1] = b"\xfb\x68"  # as after power-on
    with raises(SensorFault, "warming"):
        machine.time.run(part.read())
    machine.time.run(part.read())
    assert [register for register, _ in chip.writes] == [1, 1]


def test_a_shunt_that_cannot_measure_that_current_is_said():
    part, machine = made(ina228.Ina228, chip228(), shunt_uohm=100000, imax_a=200)
    with raises(SensorFault, "range"):
        machine.time.run(part.read())


def test_another_number_of_bytes_is_garbled():
    for decode, size in ((ina226.decode, 4), (ina228.decode, 8)):
        with raises(SensorFault, "silent"):
            decode(b"")
        for count in (1, size - 1, size + 1):
            with raises(SensorFault, "garbled"):
                decode(bytes(count))
