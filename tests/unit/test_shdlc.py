"""SHDLC against Sensirion's own frames: stuffing, sums, and lengths that lie."""

from captured import rows
from lamppost.buses import shdlc
from lamppost.buses.shdlc import request
from lamppost.core.faults import SensorFault
from raising import raises


def test_every_documented_command_is_built_byte_for_byte():
    plain = {"7E0000020103F97E": (0x00, b"\x01\x03"), "7E001000EF7E": (0x10, b""), "7E00D3002C7E": (0xD3, b"")}
    for row, frame in rows("SPS30", "command"):
        command, data = plain[row["hex"]]
        assert request(0, command, data) == frame


def test_a_command_byte_that_needs_stuffing_is_stuffed():
    assert request(0, 0x11) == bytes.fromhex("7E007D3100EE7E")  # wake-up, Sensirion's datasheet


def test_a_frame_where_every_field_is_stuffed_is_read():
    row, frame = [pair for pair in rows("SHDLC") if pair[0]["hex"].startswith("7E7D5E")][0]
    assert [bytes(found) for found in shdlc.frames(frame)] == [bytes.fromhex("7E7D1103121314B7")]
    with raises(SensorFault, "refused"):  # its state byte is 0x11
        shdlc.check(frame, 0x7D, 0x7E)


def test_wrong_sums_and_lengths_are_garbled():
    wrong = [frame for row, frame in rows("SHDLC") if "must be refused" in row["decoded"]]
    assert len(wrong) == 2
    for frame in wrong:
        with raises(SensorFault, "garbled"):
            shdlc.check(frame, 0)


def test_the_version_of_a_real_part_is_read_with_and_without_stuffing():
    versions = [frame for row, frame in rows("SPS30") if "version" in str(row["decoded"])]
    assert [shdlc.check(frame, 0xD1)[:2] for frame in versions] == [b"\x02\x03", b"\x02\x11"]


def test_the_answer_is_found_among_noise_and_shared_flags():
    frame = rows("SPS30", "response")[2][1]
    data = shdlc.check(frame, 0xD1)
    for before, after in ((b"\x7e", b"\x7e"), (b"\x00\x7d", b"\x11"), (b"\x7e\x00\x03", b"\x7e\x7e"), (frame[:5], b"")):
        assert shdlc.check(before + frame + after, 0xD1) == data


def test_the_newest_of_two_answers_counts():
    old = bytes.fromhex("7E0003000100FB7E")
    new = bytes.fromhex("7E0003000101FA7E")
    assert shdlc.check(old + new, 3) == b"\x01"
    assert shdlc.check(old[:-1] + new, 3) == b"\x01"  # one flag between them


def test_an_error_state_is_a_refusal_whatever_was_asked():
    frame = [frame for row, frame in rows("SPS30") if "refused" in str(row["decoded"])][0]
    for command in (0x11, 0x03):
        with raises(SensorFault, "refused") as caught:
            shdlc.check(frame, command)
        assert "state 0x43" in caught.error.detail


def test_an_answer_to_another_command_is_foreign_and_nothing_is_silence():
    with raises(SensorFault, "foreign"):
        shdlc.check(bytes.fromhex("7E00D1000702030007000200197E"), 3)
    with raises(SensorFault, "silent"):
        shdlc.check(b"", 3)
