"""SDM120, SDM630 and DDSU666 against captured frames, and over a scripted RS-485 bus."""

from binascii import unhexlify

from captured import rows
from float_answers import answer, image, sealed, street
from lamppost.buses import modbus
from lamppost.buses.wiring import Wiring
from lamppost.core.faults import SensorFault
from lamppost.drivers import ddsu666, sdm120, sdm630
from lamppost.drivers.float_meter import scaled
from lamppost.ops.selftest import part_rows
from raising import raises
from wire import Machine

BOARD = {"meters": {"kind": "rs485", "uart": 2, "tx": 17, "rx": 16, "de": 4}}
ONE = image({0: 230.25, 6: 1.5, 12: -196.5, 18: 345.25, 0x46: 49.96875, 0x48: 478.5, 0x4A: 6.25})
THREE = image(
    {0: 230.0, 2: 231.0, 4: 229.5, 6: 0.5, 8: 0.25, 10: 0.0, 12: 100.0, 14: -50.0, 16: 0.0, 0x34: 50.0, 0x38: 172.75,
     0x46: 50.0, 0x48: 1234.5, 0x4A: 0.125}
)  # fmt: skip
CHINT = image(
    {0x2000: 230.5, 0x2002: 1.25, 0x2004: 0.25, 0x2006: -0.125, 0x200A: 0.875, 0x200E: 50.0, 0x4000: 12.5, 0x400A: 0.5}
)
KINDS = ((sdm120, sdm120.Sdm120, ONE), (sdm630, sdm630.Sdm630, THREE), (ddsu666, ddsu666.Ddsu666, CHINT))


def meter(kind, machine, **options):
    return kind(Wiring(BOARD, machine, machine.time).bus("meters"), "meter", **options)


def read(kind, words, **options):
    machine = Machine(street({1: words}))
    return machine.time.run(meter(kind, machine, **options).read()), machine


def test_a_captured_answer_is_read_by_the_question_before_it():
    volts = modbus.request(1, 4, 0, 2)
    for row, frame in rows("Eastron", "response"):
        told = round(row["decoded"]["volts"] * 1000)
        for noise in (b"", b"\x00", b"\x01\x04\x04", b"\xff" * 9):
            assert sdm120.decode(noise + volts + noise + frame + noise) == {"u_mv": told}
            assert sdm630.decode(noise + volts + noise + frame + noise) == {"u1_mv": told}
    for row, frame in rows("generic Modbus float"):
        told = round(row["decoded"]["value"] * 1000)
        assert ddsu666.decode(modbus.request(1, 4, 0x2000, 2) + frame) == {"u_mv": told}
    assert sdm120.decode(unhexlify("010400480002f1dd010404437080008e1b")) == {"imp_mwh": 240500000}


def test_an_answer_of_two_registers_alone_has_no_name():
    for module, _, _ in KINDS:
        for _, frame in rows("Eastron", "response"):
            with raises(SensorFault, "foreign") as caught:
                module.decode(frame)
            assert "question" in caught.error.detail


def test_a_question_for_all_registers_at_once_gives_all_that_are_known():
    for module, start in ((sdm120, 0), (sdm630, 0), (ddsu666, 0x2000)):
        words = {sdm120: ONE, sdm630: THREE, ddsu666: CHINT}[module]
        asked = modbus.request(1, 4, start, 80)
        block = answer(asked, words)
        with raises(SensorFault, "foreign"):
            module.decode(block)
        reading = module.decode(asked + block)
        assert {"u_mv", "u1_mv"} & set(reading) and len(reading) >= 6
    assert sdm120.decode(modbus.request(1, 4, 0, 80) + answer(modbus.request(1, 4, 0, 80), ONE)) == read(
        sdm120.Sdm120, ONE
    )[0]


def test_answers_of_two_meters_are_not_mixed():
    for module, _, words in KINDS:
        start, count, _ = module.BLOCKS[0]
        one, other = modbus.request(1, 4, start, count), modbus.request(2, 4, start, count)
        with raises(SensorFault, "foreign"):
            module.decode(answer(one, words) + answer(other, words))


def test_a_single_phase_meter_is_read_whole_and_power_keeps_its_sign():
    reading, machine = read(sdm120.Sdm120, ONE)
    assert reading == {
        "u_mv": 230250, "i_ma": 1500, "p_mw": -196500, "s_mva": 345250, "pf": -57,
        "f_mhz": 49969, "imp_mwh": 478500000, "exp_mwh": 6250000,
    }  # fmt: skip
    assert sorted(reading) == sorted(sdm120.Sdm120.QUANTITIES)
    assert machine.opened[0][1]["baudrate"] == 2400


def test_a_three_phase_meter_gives_every_phase_and_the_sum():
    reading, machine = read(sdm630.Sdm630, THREE)
    assert [reading["u%d_mv" % n] for n in (1, 2, 3)] == [230000, 231000, 229500]
    assert [reading["i%d_ma" % n] for n in (1, 2, 3)] == [500, 250, 0]
    assert [reading["p%d_mw" % n] for n in (1, 2, 3)] == [100000, -50000, 0]
    assert (reading["p_mw"], reading["pf"]) == (50000, 29)
    assert (reading["imp_mwh"], reading["exp_mwh"], reading["f_mhz"]) == (1234500000, 125000, 50000)
    assert sorted(reading) == sorted(sdm630.Sdm630.QUANTITIES)
    assert machine.opened[0][1]["baudrate"] == 9600


def test_chint_counts_power_in_kilowatts():
    reading, _ = read(ddsu666.Ddsu666, CHINT)
    assert reading == {
        "u_mv": 230500, "i_ma": 1250, "p_mw": 250000, "q_mvar": -125000, "pf": 88,
        "f_mhz": 50000, "imp_mwh": 12500000, "exp_mwh": 500000,
    }  # fmt: skip
    assert sorted(reading) == sorted(ddsu666.Ddsu666.QUANTITIES)


def test_no_question_asks_for_more_than_ten_registers():
    for module, kind, words in KINDS:
        _, machine = read(kind, words)
        assert max(frame[5] for frame in machine.sent) <= 10
        assert len(machine.sent) == len(module.BLOCKS)


def test_the_voltage_question_of_the_manual_is_the_driver_s_first():
    asked = rows("Chint", "request")[0][1]
    _, machine = read(ddsu666.Ddsu666, CHINT)
    assert machine.sent[0][:4] == asked[:4]
    _, machine = read(sdm120.Sdm120, ONE)
    assert machine.sent[0][:4] == rows("Eastron", "request")[0][1][:4]


def test_all_answers_of_a_reading_decode_at_once_among_noise():
    for module, kind, words in KINDS:
        reading, machine = read(kind, words)
        data = b"\x00\x01".join([b""] + [answer(request, words) for request in machine.sent] + [b"\x04"])
        assert module.decode(data) == reading


def test_an_energy_is_as_exact_as_its_float_at_any_size():
    # 4 CBE BC20 = 99999999 kWh as the nearest float, 100000000; 47C34FF0 = 99999.875; 44F47BE7 = 1955.8719482421875
    for raw, mwh in (
        ("4CBEBC20", 100000000000000),
        ("47C34FF0", 99999875000),
        ("44F47BE7", 1955871948),
        ("3F800000", 1000000),
        ("358637BD", 1),
        ("00000001", 0),
        ("80000000", 0),
        ("C0200000", -2500000),
    ):
        assert scaled(unhexlify(raw), 0, 1000000) == mwh
    for raw in ("7F800000", "FF800000", "7FC00000"):
        assert scaled(unhexlify(raw), 0, 1000) is None


def test_two_floats_that_differ_in_their_last_bit_give_two_energies():
    seen = {scaled((0x47C34FF0 + step).to_bytes(4, "big"), 0, 1000000) for step in range(100)}
    assert len(seen) == 100


def test_an_exception_is_a_refusal_with_its_code():
    for code in (1, 2, 3, 5):
        machine = Machine(lambda request, setting: [(40, sealed(bytes((1, 0x84, code))))])  # noqa: B023
        with raises(SensorFault, "refused") as caught:
            machine.time.run(meter(sdm120.Sdm120, machine).read())
        assert str(code) in caught.error.detail


def test_wrong_checksum_is_garbled_and_another_address_is_foreign():
    machine = Machine(lambda request, setting: [(40, answer(request, ONE)[:-1] + b"\x00")])
    with raises(SensorFault, "garbled"):
        machine.time.run(meter(sdm120.Sdm120, machine).read())
    machine = Machine(lambda request, setting: [(40, answer(b"\x02" + request[1:], ONE))])
    with raises(SensorFault, "foreign"):
        machine.time.run(meter(sdm120.Sdm120, machine).read())


def test_noise_before_and_after_an_answer_is_no_hindrance():
    machine = Machine(lambda request, setting: [(20, b"\x00\xff"), (30, answer(request, ONE) + b"\x00\x01\x04")])
    assert machine.time.run(meter(sdm120.Sdm120, machine).read())["u_mv"] == 230250


def test_a_late_answer_is_not_taken_for_that_of_another_question():
    missed = 0
    for late_ms in range(250, 900, 10):
        late = {"ms": late_ms}

        def script(request, setting):
            return [(late["ms"] if request[3] == 0x0C else 90, answer(request, ONE))]  # noqa: B023

        machine = Machine(script)
        part = meter(sdm120.Sdm120, machine)
        for _ in range(4):
            try:
                reading = machine.time.run(part.read())
            except SensorFault:
                late["ms"] = 90
                continue
            assert (reading["u_mv"], reading["p_mw"]) == (230250, -196500), late_ms
        missed += late["ms"] == 90
        assert machine.time.run(part.read())["u_mv"] == 230250
    assert missed > 40


def test_a_meter_without_load_has_no_power_factor_and_no_fault():
    reading, _ = read(sdm120.Sdm120, image({0: 230.0, 0x46: 50.0, 0x48: 1.0}))
    assert (reading["p_mw"], reading["pf"]) == (0, 0)


def test_an_absurd_voltage_is_out_of_range_and_so_is_an_energy_that_is_no_number():
    for volts in (9000.0, -230.0):
        with raises(SensorFault, "range"):
            read(sdm120.Sdm120, image({0: volts, 0x46: 50.0}))
    with raises(SensorFault, "range"):
        read(sdm120.Sdm120, image({0: 230.0, 0x46: 50.0, 0x48: float("nan")}))


def test_a_phase_that_is_no_number_costs_its_own_values_only():
    words = dict(THREE)
    words.update(image({2: float("nan"), 8: float("nan")}))
    reading, _ = read(sdm630.Sdm630, words)
    assert (reading["u2_mv"], reading["i2_ma"]) == (None, None)
    assert (reading["u1_mv"], reading["p_mw"], reading["imp_mwh"]) == (230000, 50000, 1234500000)


def test_a_chint_meter_is_heard_whichever_function_it_knows():
    machine = Machine(street({1: CHINT}, functions=(3,)))
    part = meter(ddsu666.Ddsu666, machine)
    with raises(SensorFault, "refused"):
        machine.time.run(part.read())
    assert machine.time.run(part.read())["u_mv"] == 230500
    machine.script = street({})  # a cut does not make it ask otherwise
    for _ in range(3):
        with raises(SensorFault, "silent"):
            machine.time.run(part.read())
    machine.script = street({1: CHINT}, functions=(3,))
    assert machine.time.run(part.read())["u_mv"] == 230500
    requests = [modbus.request(1, 3, start, count) for start, count, _ in ddsu666.BLOCKS]
    data = b"".join([answer(request, CHINT, (3,)) for request in requests])
    assert ddsu666.decode(data)["p_mw"] == 250000


def test_the_self_test_says_which_phase_is_wired_backwards():
    machine = Machine(street({1: THREE}))
    rows = {row[0]: row[5:] for row in machine.time.run(part_rows(meter(sdm630.Sdm630, machine)))}
    assert rows["p2_mw"] == (False, "backwards")
    assert rows["p1_mw"] == (True, "") and rows["p3_mw"] == (True, "")


def test_the_noise_of_a_meter_without_load_is_not_backwards():
    words = image({0: 230.0, 12: -0.5, 0x46: 50.0})
    machine = Machine(street({1: words}))
    assert {row[5:] for row in machine.time.run(part_rows(meter(sdm120.Sdm120, machine)))} == {(True, "")}
