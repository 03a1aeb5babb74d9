"""The TFmini-S over I2C: it is asked for a frame, and one with a wrong sum is not believed."""

from lamppost.core.faults import SensorFault
from lamppost.drivers.tfmini import Tfmini
from raising import raises
from registers import Registers
from test_tfmini import frame


def test_it_is_asked_in_centimetres_and_answers_with_its_frame():
    chip = Registers(0x10)
    chip.plain = frame(743, 900)
    assert chip.run(Tfmini(chip.bus()).read()) == {"d_mm": 7430, "strength": 900}
    assert chip.written == [bytes((0x5A, 0x05, 0x00, 0x01, 0x60))]


def test_a_wrong_sum_and_an_empty_answer_are_garbled():
    chip = Registers(0x10)
    for answer in (frame(743, 900)[:8] + b"\x00", b"\xff" * 9, bytes(9)):
        chip.plain = answer
        with raises(SensorFault, "garbled"):
            chip.run(Tfmini(chip.bus()).read())


def test_no_signal_is_no_distance_here_too():
    chip = Registers(0x10)
    chip.plain = frame(0, 40)
    with raises(SensorFault, "signal"):
        chip.run(Tfmini(chip.bus()).read())
