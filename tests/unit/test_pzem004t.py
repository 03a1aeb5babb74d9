"""The PZEM-004T driver against captured frames, and over a scripted wire."""

from captured import rows
from lamppost.buses import modbus
from lamppost.buses.wiring import Wiring
from lamppost.core import crc
from lamppost.core.faults import SensorFault
from lamppost.drivers import registry
from lamppost.drivers.pzem004t import Pzem004t, decode
from lamppost.ops.selftest import part_rows
from raising import raises
from wire import Machine

MANUAL = bytes.fromhex("010414082C0749 00000EF5 00004AE6 0003 01F4 0062 0000 1BDD".replace(" ", ""))
BOARD = {"meter": {"kind": "uart", "uart": 2, "tx": 17, "rx": 16}}


def sealed(frame):
    check = crc.modbus(frame)
    return frame + bytes((check & 255, check >> 8))


def meter(machine, **options):
    options["id"] = "meter"
    return registry.build("pzem004t", Wiring(BOARD, machine, machine.time).bus("meter"), options)


def test_every_captured_answer_reads_as_recorded():
    seen = 0
    for row, frame in rows("PZEM", "response"):
        if not row["checksum_ok"]:
            with raises(SensorFault, "garbled"):
                decode(frame)
            continue
        told = row["decoded"]
        assert decode(frame, told["addr"]) == {
            "u_mv": round(told["voltage_V"] * 1000),
            "i_ma": round(told["current_A"] * 1000),
            "p_mw": round(told["power_W"] * 1000),
            "imp_mwh": told["energy_Wh"] * 1000,
            "f_mhz": round(told["frequency_Hz"] * 1000),
            "pf": round(told["pf"] * 100),
        }
        assert registry.decode("pzem004t", b"\x00\x01\x04" + frame + b"\x00") == decode(frame)
        seen += 1
    assert seen == 4


def test_the_registers_are_low_word_first():
    reading = decode(MANUAL)
    assert (reading["i_ma"], reading["p_mw"], reading["imp_mwh"]) == (1865, 382900, 215782000)


def test_the_energy_register_needs_more_than_32_bits_in_mwh():
    frame = bytearray(MANUAL[:-2])
    frame[13:17] = bytes.fromhex("967F0098")  # 0x0098967F Wh = 9999.999 kWh, low word first
    assert decode(sealed(bytes(frame)))["imp_mwh"] == 9999999000


def test_an_absurd_voltage_with_a_good_checksum_is_out_of_range():
    for volts in (b"\x00\x00", b"\xff\xff"):
        frame = bytearray(MANUAL[:-2])
        frame[3:5] = volts
        with raises(SensorFault, "range"):
            decode(sealed(bytes(frame)))


def test_a_reading_takes_one_question_and_one_answer():
    machine = Machine(lambda request, setting: [(40, MANUAL)])
    part = meter(machine)
    reading = machine.time.run(part.read())
    assert machine.sent == [bytes.fromhex("01040000000A700D")]
    assert machine.opened[0][1]["baudrate"] == 9600
    assert reading == decode(MANUAL)
    assert sorted(reading) == sorted(Pzem004t.QUANTITIES)


def test_a_silent_meter_is_silent_in_bounded_time():
    machine = Machine()
    part = meter(machine)
    with raises(SensorFault, "silent"):
        machine.time.run(part.read())
    assert machine.time.now < 300


def test_the_time_out_grows_until_a_slow_meter_is_heard_and_shrinks_again():
    slow = {"ms": 500}
    machine = Machine(lambda request, setting: [(slow["ms"], MANUAL)])
    part = meter(machine)
    missed = 0
    for _ in range(4):
        try:
            machine.time.run(part.read())
        except SensorFault as fault:
            assert fault.word == "silent"
            missed += 1
        machine.time.now += 1000
    assert 1 <= missed <= 2
    assert part.timeout.answers == 4 - missed
    slow["ms"] = 40
    for _ in range(40):
        machine.time.run(part.read())
    assert part.timeout.ms == 150


def test_a_late_answer_is_not_taken_for_the_next_one():
    machine = Machine(lambda request, setting: [(600, MANUAL)])
    part = meter(machine)
    with raises(SensorFault, "silent"):
        machine.time.run(part.read())
    machine.time.now += 1000  # the late answer has come meanwhile
    machine.script = lambda request, setting: [(40, sealed(b"\x01\x04\x14" + bytes.fromhex("08FC") + MANUAL[5:-2]))]
    assert machine.time.run(part.read())["u_mv"] == 230000


def test_another_address_on_the_line_is_foreign_but_the_universal_one_takes_any():
    machine = Machine(lambda request, setting: [(40, MANUAL)])
    with raises(SensorFault, "foreign"):
        machine.time.run(meter(machine, address=2).read())
    assert machine.time.run(meter(machine, address=0xF8).read())["u_mv"] == 209200


def test_an_exception_of_the_meter_is_a_refusal():
    machine = Machine(lambda request, setting: [(40, bytes.fromhex("018402C2C1"))])
    with raises(SensorFault, "refused"):
        machine.time.run(meter(machine).read())


def test_the_self_test_names_value_limits_and_verdict():
    machine = Machine(lambda request, setting: [(40, MANUAL)])
    verdict = machine.time.run(part_rows(meter(machine)))
    assert verdict[0] == ("u_mv", 209200, "mV", 195500, 253000, True, "")
    low = sealed(b"\x01\x04\x14" + bytes.fromhex("06A4") + MANUAL[5:-2])  # 170.0 V
    machine.script = lambda request, setting: [(40, low)]
    assert machine.time.run(part_rows(meter(machine)))[0][5:] == (False, "range")


def test_the_self_test_of_a_silent_meter_says_so():
    machine = Machine()
    assert {row[5:] for row in machine.time.run(part_rows(meter(machine)))} == {(False, "silent")}


def test_the_question_is_the_captured_one():
    assert [frame for _, frame in rows("PZEM-004T", "request")] == [modbus.request(1, 4, 0, 10)]
