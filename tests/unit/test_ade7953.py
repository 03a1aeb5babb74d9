"""ADE7953 over a scripted I2C bus of 16-bit register addresses."""

from struct import pack

from i2c_chip import I2cChip
from lamppost.buses.wiring import Wiring
from lamppost.core.faults import SensorFault
from lamppost.drivers.ade7953 import Ade7953, decode
from lamppost.ops.selftest import part_rows
from raising import raises
from wire import Machine

BOARD = {"i2c0": {"kind": "i2c", "i2c": 0, "scl": 22, "sda": 21}}


def registers(volts=230.0, amps=0.5, watts=100.0, factor=0.87, flow=0):
    return {
        0x31C: pack(">I", int(volts * 26000)),
        0x31A: pack(">I", int(amps * 100000)),
        0x312: pack(">i", int(watts * 154)),
        0x10E: pack(">H", 4474),  # 50.0 Hz
        0x10A: pack(">h", int(factor * 0x7FFF)),
        0x31E: pack(">i", flow),
        0x102: b"\x80\x04",
    }


def made(chip, **options):
    machine = Machine(i2c=chip)
    return Ade7953(Wiring(BOARD, machine, machine.time).bus("i2c0"), "meter", **options), machine


def chip(**values):
    made = I2cChip(0x38, registers(**values), wide=True)
    made.cleared = (0x31E,)
    return made


def test_the_chip_is_set_up_before_it_is_read():
    there = chip()
    part, machine = made(there, i_gain=0x3F0000)
    reading = machine.time.run(part.read())
    assert (reading["u_mv"], reading["i_ma"], reading["p_mw"]) == (230000, 500, 100000)
    assert (reading["f_mhz"], reading["pf"]) == (50000, 87)
    assert sorted(reading) == sorted(Ade7953.QUANTITIES)
    assert there.writes == [
        (0x102, b"\x00\x04"), (0xFE, b"\xad"), (0x120, b"\x00\x30"),
        (0x381, b"\x00\x40\x00\x00"), (0x380, b"\x00\x3f\x00\x00"), (0x382, b"\x00\x40\x00\x00"),
    ]  # fmt: skip
    assert machine.time.now >= 100


def test_a_register_that_each_read_empties_is_summed_in_both_directions():
    there = chip()
    part, machine = made(there)
    sums = []
    for flow in (23716, 23716, -23716, 0, 12):
        there.registers[0x31E] = pack(">i", flow)
        reading = machine.time.run(part.read())
        sums.append((reading["imp_mwh"], reading["exp_mwh"]))
    assert sums == [(1000, 0), (2000, 0), (2000, 1000), (2000, 1000), (2000, 1000)]


def test_energy_is_kept_when_the_rest_of_a_reading_is_absurd():
    there = chip()
    part, machine = made(there)
    machine.time.run(part.read())
    there.registers[0x31E] = pack(">i", 23716)
    there.registers[0x31C] = b"\xff\xff\xff\xff"
    with raises(SensorFault, "range"):
        machine.time.run(part.read())
    there.registers[0x31C] = pack(">I", 230 * 26000)
    assert machine.time.run(part.read())["imp_mwh"] == 1000


def test_a_chip_that_lost_its_supply_is_set_up_again():
    there = chip()
    part, machine = made(there)
    machine.time.run(part.read())
    there.registers.update(registers())
    with raises(SensorFault, "warming"):
        machine.time.run(part.read())
    assert machine.time.run(part.read())["u_mv"] == 230000
    assert len(there.writes) == 12


def test_a_meter_wired_backwards_says_so():
    part, machine = made(chip(watts=-100.0, factor=-0.87))
    assert machine.time.run(part.read())["p_mw"] == -100000
    verdict = {row[0]: row[5:] for row in machine.time.run(part_rows(part))}
    assert verdict["p_mw"] == (False, "backwards")


def test_the_board_s_counts_per_unit_are_options():
    part, machine = made(chip(), u_per_v=13000, p_per_w=77)
    reading = machine.time.run(part.read())
    assert (reading["u_mv"], reading["p_mw"]) == (460000, 200000)


def test_nobody_and_another_length_are_named():
    part, machine = made(I2cChip(0x39, {}, wide=True))
    with raises(SensorFault, "silent"):
        machine.time.run(part.read())
    with raises(SensorFault, "silent"):
        decode(b"")
    with raises(SensorFault, "garbled"):
        decode(bytes(19))
