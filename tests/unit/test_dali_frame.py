"""DALI frames against golden half bits both ways, and against skew, jitter and noise."""

from ground import Seed
from lamppost.buses.dali_frame import TE_US, decode, pulses

# half bits of reference frames, as level and count; the bus is idle (high) after them
GOLDEN = (
    (0xFE00, 16, "L1H1 " * 7 + "L1H2 " + "L1H1 " * 8 + "L1"),  # level 0 to all
    (0x0190, 16, "L1H2 " + "L1H1 " * 6 + "L2H1 L1H2 L1H1 L2H2 " + "L1H1 " * 3 + "L1"),  # QUERY STATUS to short 0
    (0xFF, 8, "L1H1 " * 9),
    (0x04, 8, "L1H2 " + "L1H1 " * 4 + "L2H2 L1H1 L1"),
    (0xFE, 8, "L1H1 " * 7 + "L1H2 L1"),
)


def golden(text):
    """[low, high, …] in half bits; without the high end, which is the idle bus."""
    counts = [int(text[at + 1]) for at in range(len(text) - 1) if text[at] in "LH"]
    return counts if len(counts) % 2 else counts[:-1]


def bent(lengths, skew_us, jitter_us, seed, scale=100):
    """As an opto-coupler and a clock that is off show them: each edge moved, the low lengthened by skew_us."""
    edge = last = 0
    out = []
    for number, length in enumerate(lengths):
        edge += length * scale // 100
        moved = edge + (skew_us if number % 2 == 0 else 0) + seed.below(2 * jitter_us + 1) - jitter_us
        out.append(moved - last)
        last = moved
    return out


def test_golden_frames_are_built_half_bit_for_half_bit():
    for value, bits, text in GOLDEN:
        assert [length // TE_US for length in pulses(value, bits)] == golden(text)


def test_golden_frames_are_read_half_bit_for_half_bit():
    for value, bits, text in GOLDEN:
        lengths = [count * TE_US for count in golden(text)]
        assert decode(lengths, len(lengths)) == (value, bits)


def test_every_byte_survives_the_way_there_and_back():
    for value in range(256):
        lengths = pulses(value, 8)
        assert decode(lengths, len(lengths)) == (value, 8)
    for value in (0, 0x5555, 0xAAAA, 0xFFFF, 0x0FF0):
        lengths = pulses(value, 16)
        assert decode(lengths, len(lengths)) == (value, 16)


def test_a_skew_of_20_per_cent_and_5_per_cent_jitter_change_no_byte():
    seed = Seed(7)
    for skew in (-83, -60, -28, 0, 28, 60, 83):
        for scale in (90, 100, 110):  # senders may be off by 10 %
            for value in range(256):
                lengths = bent(pulses(value, 8), skew, 21, seed, scale)
                assert decode(lengths, len(lengths)) == (value, 8), (skew, scale, value)


def test_the_pulses_of_a_traced_bus_are_read():
    # an opto-coupler on a bus of two gears: lows 388 to 391, highs 446 to 448, doubles 808 and 866
    trace = {(0, 1): 389, (1, 1): 447, (0, 2): 808, (1, 2): 866}
    for value in range(256):
        lengths = [trace[n & 1, length // TE_US] for n, length in enumerate(pulses(value, 8))]
        assert decode(lengths, len(lengths)) == (value, 8)


def test_two_answers_at_once_are_no_byte():
    seed = Seed(3)
    read = 0
    for _ in range(500):
        one, other = seed.below(256), seed.below(256)
        shift = TE_US // 2 + seed.below(3000)
        lengths = both(pulses(one, 8), pulses(other, 8), shift)
        found = decode(lengths, len(lengths))
        read += found is not None
    assert read == 0


def both(one, other, shift):
    """The bus with two senders, the second later: low wins."""
    lows = []
    for lengths, at in ((one, 0), (other, shift)):
        for number, length in enumerate(lengths):
            if number % 2 == 0:
                lows.append([at, at + length])
            at += length
    lows.sort()
    merged = [lows[0]]
    for low in lows[1:]:
        if low[0] <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], low[1])
        else:
            merged.append(low)
    out = []
    for number, low in enumerate(merged):
        if number:
            out.append(low[0] - merged[number - 1][1])
        out.append(low[1] - low[0])
    return out


def test_noise_is_no_frame_and_raises_nothing():
    seed = Seed(11)
    for _ in range(3000):
        lengths = [seed.below(2000) for _ in range(seed.below(40))]
        found = decode(lengths, len(lengths))
        assert found is None or found[1] in (8, 16, 24)


def test_a_cut_frame_is_no_frame():
    lengths = pulses(0xA5, 8)
    for count in range(len(lengths)):
        assert decode(lengths, count) is None
