"""The TFmini-S driver against captured frames, a recorded loss of signal, and a stream cut anywhere."""

from binascii import unhexlify

from captured import lines, rows
from lamppost.core.faults import SensorFault
from lamppost.drivers import registry
from lamppost.drivers.tfmini import decode
from raising import raises
from registers import listening


def frame(centimetres, strength):
    plain = bytes((0x59, 0x59, centimetres & 255, centimetres >> 8, strength & 255, strength >> 8, 0, 8))
    return plain + bytes((sum(plain) & 255,))


def lidar(bus):
    return registry.build("tfmini", bus, {"id": "bay-1"})


def test_every_captured_frame_reads_as_recorded():
    for row, data in rows("TFmini-S", "frame"):
        told = row["decoded"]
        assert decode(data) == {"d_mm": told["distance_cm"] * 10, "strength": told["strength"]}


def test_a_command_of_ours_is_no_reading():
    for _, data in rows("TFmini-S", "command"):
        with raises(SensorFault, "foreign"):
            decode(data)


def test_a_real_loss_of_signal_never_gives_a_distance():
    dropouts = [line.strip().split(",") for line in lines("tfmini_low_signal_dropout.csv")][1:]
    assert len(dropouts) == 29
    for _, _, _, text in dropouts:  # all weaker than 100, most of them 65535 cm
        with raises(SensorFault, "signal"):
            decode(unhexlify(text))


def test_zero_distance_is_no_signal_and_never_near():
    for centimetres, strength in ((0, 40), (0, 500), (65535, 500), (65532, 500), (320, 99), (320, 65535)):
        with raises(SensorFault, "signal"):
            decode(frame(centimetres, strength))


def test_farther_than_the_part_can_see_is_out_of_range():
    assert decode(frame(1200, 300))["d_mm"] == 12000
    with raises(SensorFault, "range"):
        decode(frame(1300, 300))


def test_a_stream_cut_anywhere_gives_the_newest_whole_frame():
    stream = frame(100, 200) + frame(200, 200) + frame(300, 200)
    for start in range(9):
        for end in range(start + 17, len(stream) + 1):
            assert decode(stream[start:end])["d_mm"] == end // 9 * 1000


def test_headers_inside_the_data_do_not_lose_the_frame():
    tricky = frame(0x59, 0x5959)
    assert decode(b"\x59" + tricky + b"\x59\x59")["strength"] == 0x5959


def test_noise_and_silence_have_their_words():
    with raises(SensorFault, "silent"):
        decode(b"")
    with raises(SensorFault, "garbled"):
        decode(frame(320, 900)[:-1] + b"\x00")


def test_the_driver_listens_and_reads_without_asking():
    machine, part = listening(lidar, [(5 * n, frame(320, 900)[: 9 if n else 4]) for n in range(40)])
    assert machine.time.run(part.read()) == {"d_mm": 3200, "strength": 900}
    assert machine.sent == []
    assert machine.opened[0][1]["baudrate"] == 115200


def test_what_was_heard_before_the_question_is_stale():
    machine, part = listening(lidar, [(0, frame(320, 900) * 50)] + [(5, frame(150, 900) * 2)])
    assert machine.time.run(part.read())["d_mm"] == 1500


def test_a_single_frame_among_noise_is_not_believed():
    machine, part = listening(lidar, [(n, bytes((n & 255, 0x59))) for n in range(1, 60)] + [(60, frame(50, 900))])
    with raises(SensorFault, "garbled"):
        machine.time.run(part.read())


def test_a_silent_lidar_is_silent_in_bounded_time():
    machine, part = listening(lidar, [])
    with raises(SensorFault, "silent"):
        machine.time.run(part.read())
    assert machine.time.now < 150
