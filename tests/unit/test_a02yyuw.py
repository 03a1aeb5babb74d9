"""The ultrasonic range finders against captured streams, their sums with and without header, and their triggers."""

from captured import rows
from ground import Seed
from lamppost.buses.wiring import Wiring
from lamppost.core.faults import SensorFault
from lamppost.drivers.a02yyuw import A02yyuw, decode
from raising import raises
from registers import BOARD, listening
from wire import Machine, stream


def frame(mm, headless=False):
    return bytes((255, mm >> 8, mm & 255, (mm >> 8) + mm + (0 if headless else 255) & 255))


def test_every_captured_frame_reads_as_recorded():
    for row, data in rows("A02YYUW", "frame"):
        assert decode(data) == {"d_mm": row["decoded"]["distance_mm"]}


def test_the_captured_fragments_give_their_newest_whole_frame():
    fragments = rows("A02YYUW", "stream fragment")
    assert [decode(data)["d_mm"] for _, data in fragments] == [row["computed"]["frames_mm"][-1] for row, _ in fragments]


def test_the_captured_frame_with_a_wrong_sum_is_garbled_by_itself():
    for row, _ in rows("A02YYUW", "stream fragment"):
        for bad in row["computed"].get("bad", ()):
            with raises(SensorFault, "garbled"):
                decode(bytes([int(bad[n : n + 2], 16) for n in range(0, len(bad), 2)]))


def test_a_stream_cut_anywhere_gives_a_whole_frame_or_none():
    data = frame(1784) + frame(1783) + frame(1953)
    for start in range(4):
        for end in range(start + 7, len(data) + 1):
            assert decode(data[start:end])["d_mm"] == (1784, 1783, 1953)[end // 4 - 1]
    for cut in range(1, 4):
        with raises(SensorFault, "garbled"):
            decode(frame(1784)[:cut])
    with raises(SensorFault, "silent"):
        decode(b"")


def test_no_echo_and_the_blind_zone_are_no_distance():
    for mm in (0, 29, 30):
        with raises(SensorFault, "signal"):
            decode(frame(mm))
    assert decode(frame(31))["d_mm"] == 31
    with raises(SensorFault, "signal"):
        decode(frame(250), "jsn_sr04t")
    assert decode(frame(251), "jsn_sr04t")["d_mm"] == 251


def test_each_model_has_its_farthest():
    for model, mm in (("a02yyuw", 4500), ("jsn_sr04t", 6000), ("aj_sr04m", 8000)):
        assert decode(frame(mm), model)["d_mm"] == mm
        with raises(SensorFault, "range"):
            decode(frame(mm + 1), model)


def test_only_the_aj_sr04m_may_leave_the_header_out_of_its_sum():
    assert decode(frame(1953, True), "aj_sr04m")["d_mm"] == 1953
    assert decode(frame(1953), "aj_sr04m")["d_mm"] == 1953
    for model in ("a02yyuw", "jsn_sr04t"):
        with raises(SensorFault, "garbled"):
            decode(frame(1953, True), model)


def test_it_is_listened_to_and_its_input_stays_high_for_the_filtered_value():
    machine, part = listening(A02yyuw, [(250, frame(1784)), (500, frame(1800))])
    assert machine.time.run(part.read()) == {"d_mm": 1784}
    assert machine.sent == [] and machine.pins[27] == ("out", 1)
    assert machine.opened[0][1]["baudrate"] == 9600


def test_a_board_that_waits_is_asked_in_its_own_word():
    for model, word in (("jsn_sr04t", b"\x55"), ("aj_sr04m", b"\x01")):
        machine = Machine(stream(frame(1500)))
        bus = Wiring(BOARD, machine, machine.time).bus("uart")
        assert machine.time.run(A02yyuw(bus, model=model, asked=True).read())["d_mm"] == 1500
        assert machine.sent == [word]


def test_a_model_that_nobody_knows_is_named():
    with raises(SensorFault, "foreign"):
        A02yyuw(None, model="hc_sr04")


def test_a_silent_part_is_silent_in_bounded_time_and_is_waited_for_longer():
    machine, part = listening(A02yyuw, [])
    for _ in range(3):
        before = machine.time.now
        with raises(SensorFault, "silent"):
            machine.time.run(part.read())
        assert machine.time.now - before < 1100
    assert part.timeout.ms == 1000 and part.timeout.silent == 3


def test_it_is_in_step_with_the_first_whole_frame_after_noise():
    seed = Seed(4)
    hits = 0
    for _ in range(500):
        hits += decode(seed.bytes(seed.below(60)) + frame(1784) + frame(1785))["d_mm"] == 1785
    assert hits >= 499  # noise that ends in a header may swallow two frames
