"""The LD2410 driver against captured reports, headers inside the data, stale distances, and a stream cut anywhere."""

from captured import rows
from ground import Seed
from lamppost.buses.wiring import Wiring
from lamppost.core.faults import SensorFault
from lamppost.drivers.ld2410 import Ld2410, decode
from lamppost.ops.selftest import part_rows
from raising import raises
from registers import BOARD, listening
from wire import Machine

HEAD, TAIL = b"\xf4\xf3\xf2\xf1", b"\xf8\xf7\xf6\xf5"


def report(state, moving, still, energy=60):
    cm = bytes((moving & 255, moving >> 8, energy, still & 255, still >> 8, energy, 0, 0))
    return HEAD + bytes((13, 0, 2, 0xAA, state)) + cm + b"\x55\x00" + TAIL


def test_every_captured_report_reads_as_recorded():
    for row, data in rows("HLK-LD2410", "report"):
        told = row["computed"]
        reading = decode(data)
        assert reading["presence"] == (1 if told["state"] else 0)
        if told["state"]:
            assert reading["d_moving_mm"] == told["moving_cm"] * 10
            assert reading["d_still_mm"] == told["static_cm"] * 10


def test_commands_and_their_answers_are_no_readings():
    for direction in ("command", "ack"):
        for row, data in rows("HLK-LD2410", direction):
            with raises(SensorFault, "foreign" if row["checksum_ok"] else "garbled"):
                decode(data)


def test_the_text_of_an_ld2410d_and_the_report_of_an_ld2450_are_foreign():
    for data in (b"ON\r\nRange 123\r\n", b"e 45\r\nOFF\r\nOF", b"\xaa\xff\x03\x00" + bytes(24) + b"\x55\xcc"):
        with raises(SensorFault, "foreign"):
            decode(data)


def test_without_a_target_the_stale_distance_is_not_said():
    assert decode(report(0, 244, 150)) == {"presence": 0, "d_moving_mm": None, "d_still_mm": None}


def test_a_kind_of_target_that_is_not_seen_now_has_no_distance():
    assert decode(report(1, 244, 150)) == {"presence": 1, "d_moving_mm": 2440, "d_still_mm": None}
    assert decode(report(2, 244, 150)) == {"presence": 1, "d_moving_mm": None, "d_still_mm": 1500}
    assert decode(report(3, 244, 150)) == {"presence": 1, "d_moving_mm": 2440, "d_still_mm": 1500}


def test_a_header_inside_the_data_does_not_lose_the_report():
    # 244 cm is F4; a whole header may stand in moving energy and still distance
    tricky = HEAD + bytes((13, 0, 2, 0xAA, 3, 244, 0)) + HEAD + bytes((0, 0)) + b"\x55\x00" + TAIL
    with raises(SensorFault, "range"):  # F2F3 cm: understood as one report, and not believed
        decode(tricky)
    assert decode(HEAD + report(1, 244, 0))["d_moving_mm"] == 2440
    assert decode(report(1, 244, 0) + HEAD)["d_moving_mm"] == 2440


def test_both_tails_and_the_length_must_be_right():
    good = report(1, 244, 0)
    for at in (0, 4, 5, 6, 7, 17, 18, 19, 22):
        bad = bytearray(good)
        bad[at] ^= 0x10
        with raises(SensorFault, "garbled"):
            decode(bytes(bad))


def test_states_and_distances_beyond_the_protocol_are_no_reading():
    with raises(SensorFault, "warming"):
        decode(report(4, 100, 100))
    with raises(SensorFault, "range"):
        decode(report(1, 1001, 0))


def test_a_stream_cut_anywhere_gives_the_newest_whole_report():
    stream = report(1, 100, 0) + rows("HLK-LD2410", "report")[0][1] + report(1, 300, 0)
    for end in range(1, len(stream) + 1):
        if end < 23:
            with raises(SensorFault, "garbled"):
                decode(stream[:end])
        else:
            assert decode(stream[:end])["d_moving_mm"] == (1000, 420, 3000)[end // 23 - 1]
    with raises(SensorFault, "silent"):
        decode(b"")


def test_it_is_in_step_with_the_first_report_after_noise():
    seed = Seed(9)
    for _ in range(300):
        assert decode(seed.bytes(seed.below(80)) + report(1, 244, 0))["d_moving_mm"] == 2440


def test_noise_alone_is_never_a_report():
    seed = Seed(10)
    for _ in range(500):
        try:
            decode(seed.bytes(1 + seed.below(200)))
            raise AssertionError("noise was read")
        except SensorFault as fault:
            assert fault.word == "garbled"


def test_it_is_listened_to_at_its_own_speed():
    machine, part = listening(Ld2410, [(n * 100, report(2, 0, 150)) for n in range(5)])
    machine.time.now = 1
    assert machine.time.run(part.read()) == {"presence": 1, "d_moving_mm": None, "d_still_mm": 1500}
    assert machine.sent == [] and machine.opened[0][1]["baudrate"] == 256000


def test_a_radar_that_was_left_in_configuration_is_brought_back():
    end = [data for row, data in rows("HLK-LD2410", "command") if row["decoded"] == "end configuration"]
    machine = Machine(lambda request, setting: [(20, report(1, 244, 0))] if request == end[0] else [])
    part = Ld2410(Wiring(BOARD, machine, machine.time).bus("uart"))
    with raises(SensorFault, "silent"):
        machine.time.run(part.read())
    assert machine.time.run(part.read())["presence"] == 1
    assert machine.sent == end


def test_the_self_test_passes_without_anybody_there():
    machine, part = listening(Ld2410, [(n * 100, report(0, 77, 77)) for n in range(9)])
    assert [(row[0], row[1], row[5]) for row in machine.time.run(part_rows(part))] == [("presence", 0, True)]
