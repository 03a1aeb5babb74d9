"""Modbus RTU against captured frames, noise, and answers that belong to somebody else."""

from captured import rows
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
    with raises(SensorFault, "garbled"):
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
