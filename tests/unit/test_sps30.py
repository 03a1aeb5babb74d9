"""The SPS30 driver against frames of real parts, and through its states: idle, warming, measuring, lost power."""

from captured import rows
from lamppost.buses.shdlc import request
from lamppost.buses.wiring import Wiring
from lamppost.core.faults import SensorFault
from lamppost.drivers import registry
from lamppost.drivers.sps30 import decode
from lamppost.ops.selftest import part_rows
from raising import raises
from wire import Machine

BOARD = {"air": {"kind": "uart", "uart": 2, "tx": 25, "rx": 26}}
EMPTY = bytes.fromhex("7E00030000FC7E")
STARTED = bytes.fromhex("7E00000000FF7E")
NOT_NOW = bytes.fromhex("7E00034300B97E")  # a read in the wrong state
MEASURED = [frame for row, frame in rows("SPS30", "response") if "pm01" in row["decoded"]][0]
WELL = [frame for row, frame in rows("SPS30", "response") if row["decoded"] == "device status register 0"][0]
START, READ = request(0, 0, b"\x01\x03"), request(0, 3)


def dust(machine, **options):
    options["id"] = "dust"
    return registry.build("sps30", Wiring(BOARD, machine, machine.time).bus("air"), options)


def test_every_captured_measurement_reads_as_recorded():
    seen = 0
    for row, frame in rows("SPS30", "response"):
        told = row["decoded"]
        if not isinstance(told, dict):
            continue
        exact = row.get("computed", told)
        reading = decode(b"\x7e\x13" + frame + b"\x00")
        for name, key in (("pm1", "pm1"), ("pm2_5", "pm2.5"), ("pm4", "pm4"), ("pm10", "pm10")):
            assert abs(reading[name] - 10 * float(exact[key])) <= 0.51, (name, reading, exact)
        seen += 1
    assert seen == 7


def test_every_other_captured_answer_is_no_measurement():
    words = []
    for row, frame in rows("SPS30", "response"):
        if isinstance(row["decoded"], dict):
            continue
        with raises(SensorFault) as caught:
            decode(frame)
        words.append(caught.error.word)
    assert sorted(words) == ["foreign", "foreign", "foreign", "refused"]


def test_an_empty_read_is_warming_not_zero():
    with raises(SensorFault, "warming"):
        decode(EMPTY)


def test_numbers_that_are_none_are_out_of_range():
    for first in (b"\x7f\xc0\x00\x00", b"\x7f\x80\x00\x00", b"\xbf\x80\x00\x00"):  # NaN, infinity, -1
        plain = b"\x00\x03\x00\x28" + first + bytes(36)
        with raises(SensorFault, "range"):
            decode(b"\x7e" + plain.replace(b"\x7d", b"\x7d\x5d") + bytes((~sum(plain) & 255,)) + b"\x7e")


def test_another_output_format_is_foreign():
    plain = b"\x00\x03\x00\x14" + bytes(20)
    with raises(SensorFault, "foreign"):
        decode(b"\x7e" + plain + bytes((~sum(plain) & 255,)) + b"\x7e")


def test_the_first_read_starts_the_fan_and_values_count_after_the_warm_up():
    machine = Machine(lambda request, setting: [(10, STARTED if request == START else MEASURED)])
    part = dust(machine)
    with raises(SensorFault, "warming"):
        machine.time.run(part.read())
    assert machine.sent == [START, READ]
    machine.time.now += 31000
    assert machine.time.run(part.read()) == decode(MEASURED)
    assert machine.sent == [START, READ, READ]
    assert machine.opened[0][1]["baudrate"] == 115200


def test_a_part_that_runs_already_is_taken_over():
    refused = bytes.fromhex("7E00004300BC7E")
    machine = Machine(lambda request, setting: [(10, refused if request == START else MEASURED)])
    part = dust(machine, warm_s=0)
    assert machine.time.run(part.read()) == decode(MEASURED)


def test_a_part_that_lost_its_power_is_started_again():
    answers = {START: STARTED, READ: MEASURED}
    machine = Machine(lambda request, setting: [(10, answers[request])])
    part = dust(machine)
    with raises(SensorFault, "warming"):
        machine.time.run(part.read())
    machine.time.now += 31000
    machine.time.run(part.read())
    answers[READ] = NOT_NOW
    with raises(SensorFault, "warming"):
        machine.time.run(part.read())
    answers[READ] = MEASURED
    with raises(SensorFault, "warming"):  # started, and warming from the beginning
        machine.time.run(part.read())
    assert machine.sent[-2:] == [START, READ]
    machine.time.now += 31000
    assert machine.time.run(part.read()) == decode(MEASURED)


def test_a_value_that_was_read_already_is_waited_for_and_not_repeated():
    replies = [EMPTY, EMPTY, MEASURED]
    machine = Machine(lambda request, setting: [(10, STARTED if request == START else replies.pop(0))])
    part = dust(machine, warm_s=0)
    with raises(SensorFault, "warming"):
        machine.time.run(part.read())  # just started: nothing measured yet
    replies[:] = [MEASURED, EMPTY, EMPTY, MEASURED]
    machine.time.run(part.read())
    assert machine.time.run(part.read()) == decode(MEASURED)
    assert replies == []


def test_a_silent_part_is_silent_and_asked_to_start_each_time():
    machine = Machine()
    part = dust(machine)
    for _ in range(2):
        with raises(SensorFault, "silent"):
            machine.time.run(part.read())
    assert machine.sent == [START, START]


def test_the_self_test_waits_for_the_first_measurement_and_not_for_the_warm_up():
    replies = [STARTED, EMPTY, EMPTY, MEASURED, WELL]
    machine = Machine(lambda request, setting: [(10, replies.pop(0))])
    verdict = machine.time.run(part_rows(dust(machine)))
    assert [row[5] for row in verdict] == [True, True]
    assert machine.time.now < 5000


def test_the_self_test_of_a_part_that_never_measures_says_warming():
    machine = Machine(lambda request, setting: [(10, STARTED if request == START else EMPTY)])
    verdict = machine.time.run(part_rows(dust(machine)))
    assert {row[5:] for row in verdict} == {(False, "warming")}
    assert machine.time.now < 15000


def test_the_self_test_of_a_part_that_is_not_there_is_soon_over():
    machine = Machine()
    verdict = machine.time.run(part_rows(dust(machine)))
    assert {row[5:] for row in verdict} == {(False, "silent")}
    assert machine.time.now < 5000


def sending(status):
    """A machine with a part that measures, and answers this when its status is asked."""
    return Machine(lambda sent, setting: [(5, status if sent[2] == 0xD2 else MEASURED if sent == READ else STARTED)])


def read_often(machine):
    """The fault's word of each of 130 readings, "" for a good one."""
    part, words = dust(machine, warm_s=0), []
    for _ in range(130):
        try:
            machine.time.run(part.read())
            words.append("")
        except SensorFault as fault:
            words.append(fault.word)
    return words


def test_a_fan_or_laser_that_fails_in_operation_is_found_within_a_minute_of_readings():
    blown = bytes((0, 0xD2, 0, 5, 0, 0, 0, 0x20, 0))
    blown = b"\x7e" + blown + bytes((~sum(blown) & 0xFF,)) + b"\x7e"
    words = read_often(sending(blown))
    assert words[:59] == [""] * 59 and set(words[59:]) == {"refused"}


def test_a_part_without_a_register_of_errors_or_with_a_clear_one_goes_on():
    for status in (WELL, b"\x7e\x00\xd2\x02\x00\x2b\x7e"):
        assert set(read_often(sending(status))) == {""}
