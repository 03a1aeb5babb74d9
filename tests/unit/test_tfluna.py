"""The TF-Luna driver: the frame of its family, its own limits, and its registers over I2C that change while read."""

from captured import rows
from lamppost.core.faults import SensorFault
from lamppost.drivers.tfluna import Tfluna, decode
from lamppost.ops.selftest import part_rows
from raising import raises
from registers import Registers, listening


def frame(centimetres, strength):
    plain = bytes((0x59, 0x59, centimetres & 255, centimetres >> 8, strength & 255, strength >> 8, 0xC8, 8))
    return plain + bytes((sum(plain) & 255,))


def registers(centimetres, strength, tick=7):
    return bytes((centimetres & 255, centimetres >> 8, strength & 255, strength >> 8, 0xC4, 9, tick, 0, 0, 0))


def test_every_captured_frame_reads_as_recorded():
    for row, data in rows("TFmini-S / TF-Luna", "frame"):
        told = row["decoded"]
        assert decode(data) == {"d_mm": told["distance_cm"] * 10, "strength": told["strength"]}
    for _, data in rows("TFmini-S / TF-Luna", "command"):
        with raises(SensorFault, "foreign"):
            decode(data)


def test_no_echo_a_weak_one_and_the_sun_are_no_distance():
    for centimetres, strength in ((0, 500), (0, 40), (300, 99), (300, 65535), (300, 32769), (65535, 500)):
        for data in (frame(centimetres, strength), registers(centimetres, strength)):
            with raises(SensorFault, "signal"):
                decode(data)
    assert decode(frame(300, 100))["d_mm"] == 3000
    assert decode(frame(300, 32768))["d_mm"] == 3000


def test_beyond_eight_metres_it_is_not_believed():
    assert decode(frame(816, 300))["d_mm"] == 8160
    with raises(SensorFault, "range"):
        decode(frame(817, 300))


def test_ten_registers_read_alike_and_other_numbers_of_bytes_are_none():
    assert decode(registers(250, 900)) == {"d_mm": 2500, "strength": 900}
    for size in (1, 6, 9, 11):
        with raises(SensorFault, "garbled"):
            decode((registers(250, 900) * 2)[:size])
    with raises(SensorFault, "silent"):
        decode(b"")


def test_no_cut_of_a_stream_is_taken_for_registers():
    for centimetres in (20, 89, 256, 345, 800):
        stream = frame(centimetres, 0x0163) * 4
        for start in range(9):
            for size in range(1, 27):
                try:
                    assert decode(stream[start : start + size])["d_mm"] == centimetres * 10
                except SensorFault as fault:
                    assert fault.word == "garbled" and size < 17


def test_over_the_uart_it_is_only_listened_to():
    machine, part = listening(Tfluna, [(5 * n, frame(320, 900)[: 9 if n else 4]) for n in range(40)])
    assert machine.time.run(part.read()) == {"d_mm": 3200, "strength": 900}
    assert machine.sent == [] and machine.opened[0][1]["baudrate"] == 115200


def test_over_i2c_the_registers_are_read_until_they_stand():
    chip = Registers(0x10)
    answers = [registers(255, 900), registers(256, 900), registers(256, 900, 8), registers(256, 900, 8)]
    chip.readfrom_mem = lambda address, register, count: answers.pop(0)[:count]
    assert chip.run(Tfluna(chip.bus()).read()) == {"d_mm": 2560, "strength": 900}
    assert answers == []


def test_registers_that_never_stand_are_garbled():
    chip = Registers(0x10)
    ticks = list(range(40))
    chip.readfrom_mem = lambda address, register, count: registers(250, 900, ticks.pop(0))
    with raises(SensorFault, "garbled"):
        chip.run(Tfluna(chip.bus()).read())


def test_a_part_that_was_left_waiting_for_triggers_does_not_say_its_last_distance_for_ever():
    chip = Registers(0x10, r00=registers(250, 900))
    part = Tfluna(chip.bus())
    for _ in range(10):
        assert chip.run(part.read())["d_mm"] == 2500
    with raises(SensorFault, "silent"):
        chip.run(part.read())
    chip.put(0, registers(250, 901))
    assert chip.run(part.read())["strength"] == 901


def test_nobody_at_the_address_is_silence():
    chip = Registers(0x11)
    with raises(SensorFault, "silent"):
        chip.run(Tfluna(chip.bus()).read())
    chip.put(0, registers(250, 900))
    assert chip.run(Tfluna(chip.bus(), address=0x11).read())["d_mm"] == 2500


def test_the_self_test_knows_its_blind_zone():
    chip = Registers(0x10, r00=registers(15, 900))
    rows_ = chip.run(part_rows(Tfluna(chip.bus())))
    assert [(row[0], row[5], row[6]) for row in rows_] == [("d_mm", False, "range"), ("strength", True, "")]
