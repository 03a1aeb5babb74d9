"""Modbus RTU against captured frames, noise, and answers that belong to somebody else."""

from captured import rows
from float_answers import answer
from lamppost.buses import modbus
from lamppost.core.faults import SensorFault
from raising import raises

ANSWER = bytes.fromhex("010404424800006FEA")  # a dust meter's 50.0 as a float
EXCEPTION = bytes.fromhex("018402C2C1")


def test_every_captured_question_is_built_byte_for_byte():
    asked = rows("PZEM-004T", "request") + rows("Eastron", "request") + rows("Chint", "request")
    for _, frame in asked:
        built = modbus.request(frame[0], frame[1], frame[2] << 8 | frame[3], frame[4] << 8 | frame[5])
        assert built == frame


def test_every_captured_float_answer_gives_its_data():
    for row, frame in rows("Eastron", "response") + rows("generic Modbus float"):
        assert row["checksum_ok"]
        assert modbus.check(frame, 1, 4, 4) == frame[3:7]


def test_the_answer_is_found_among_noise():
    for before, after in ((b"\x00", b"\x00"), (b"\x01\x04\x04", b""), (b"\xff" * 30, b"\x01\x84"), (b"", b"\x00")):
        assert modbus.check(before + ANSWER + after, 1, 4, 4) == b"\x42\x48\x00\x00"


def test_the_echo_of_the_own_question_is_no_answer():
    assert modbus.check(modbus.request(1, 4, 0, 2) + ANSWER, 1, 4, 4) == b"\x42\x48\x00\x00"
    with raises(SensorFault, "foreign"):
        modbus.check(modbus.request(1, 4, 0, 2), 1, 4, 4)


def test_another_ones_answer_does_not_hide_the_right_one():
    stranger = bytes.fromhex("020404") + b"\x00\x00\x00\x00"
    from lamppost.core import crc

    check = crc.modbus(stranger)
    stranger += bytes((check & 255, check >> 8))
    with raises(SensorFault, "foreign"):
        modbus.check(stranger, 1, 4, 4)
    assert modbus.check(stranger + ANSWER, 1, 4, 4) == b"\x42\x48\x00\x00"
    assert modbus.check(stranger, None, 4, 4) == bytes(4)


def test_an_exception_is_a_refusal_with_its_code():
    with raises(SensorFault, "refused") as caught:
        modbus.check(b"\x00" + EXCEPTION, 1, 4, 20)
    assert "2" in caught.error.detail


def test_nothing_is_silence():
    with raises(SensorFault, "silent"):
        modbus.check(b"", 1, 4, 4)


def test_every_cut_and_every_flipped_bit_is_garbled():
    for end in range(1, len(ANSWER)):
        with raises(SensorFault, "garbled"):
            modbus.check(ANSWER[:end], 1, 4, 4)
    for bit in range(8 * len(ANSWER)):
        broken = bytearray(ANSWER)
        broken[bit // 8] ^= 1 << bit % 8
        with raises(SensorFault, "garbled"):
            modbus.check(broken, 1, 4, 4)


def test_a_question_names_the_register_of_its_answer():
    assert modbus.answers(modbus.request(1, 4, 0x48, 2) + ANSWER) == [(0x48, ANSWER[3:7])]
    assert modbus.answers(b"\x00" + ANSWER + b"\x00") == [(None, ANSWER[3:7])]
    for other in (modbus.request(2, 4, 0x48, 2), modbus.request(1, 3, 0x48, 2), modbus.request(1, 4, 0x48, 4)):
        assert modbus.answers(other + ANSWER) == [(None, ANSWER[3:7])]


def test_answers_of_two_addresses_are_not_one_reading():
    with raises(SensorFault, "foreign") as caught:
        modbus.answers(ANSWER + answer(modbus.request(2, 4, 0, 2), {}))
    assert "1 and 2" in caught.error.detail


def test_a_whole_answer_of_another_size_is_foreign():
    block = answer(modbus.request(1, 4, 0, 80), {})
    assert len(block) == 165
    with raises(SensorFault, "foreign"):
        modbus.check(block, 1, 4, 4)
