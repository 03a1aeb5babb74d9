"""Seeded noise through the decoder of every part: only SensorFaults, plausible readings, good frames found in noise.

The stream readers, and a million cases, are in tests/fuzz. FUZZ_ROUNDS in the environment asks for more than the short
form that runs with all tests:
    FUZZ_ROUNDS=20000 pytest tests/unit/test_decode_fuzz.py
"""

import os

import speaking
from ground import Seed
from lamppost.core.faults import SensorFault
from lamppost.core.quantities import plausible
from lamppost.drivers import registry
from slow import long

ROUNDS = int(os.getenv("FUZZ_ROUNDS") or 100)
WORDS = ("silent", "garbled", "refused", "foreign", "range", "signal", "warming", "unset")
LINES = [part for part in speaking.parts() if speaking.on_a_line(part)]


def spoiled(seed, data):
    """`data` cut, flipped, doubled, stuffed with noise or its own pieces: what a bad line makes of it."""
    data = bytearray(data)
    for _ in range(1 + seed.below(4)):
        at = seed.below(len(data) + 1)
        how = seed.below(6)
        if how == 0:
            data = data[:at]
        elif how == 1:
            data = data[at:]
        elif how == 2 and at < len(data):
            data[at] ^= 1 << seed.below(8)
        elif how == 3:
            data = data[:at] + bytearray(seed.bytes(seed.below(20))) + data[at:]
        elif how == 4:
            data = data + data[at:]
        else:
            data = data[:at] + data[at + seed.below(9) :]
    return bytes(data[:512])


def decoded(part_id, data):
    """The reading, or the fault's word; anything else fails the test."""
    try:
        reading = registry.decode(part_id, data)
    except SensorFault as fault:
        assert fault.word in WORDS, part_id
        return fault.word
    for name, value in reading.items():
        assert value is None or isinstance(value, int), (part_id, name)
        assert value is None or plausible(name, value) or name.startswith("pm"), (part_id, name, value)
    return reading


@long
def test_pure_noise_on_a_line_is_a_fault_and_nearly_never_a_reading():
    for part_id in LINES:
        seed = Seed(11)
        readings = [1 for _ in range(ROUNDS) if isinstance(decoded(part_id, seed.bytes(seed.below(200))), dict)]
        assert len(readings) <= ROUNDS // 100, part_id


@long
def test_any_registers_at_all_are_a_reading_or_a_fault():
    for part_id in speaking.parts():
        seed = Seed(14)
        count = len(speaking.example(part_id))
        for _ in range(ROUNDS):
            decoded(part_id, seed.bytes(count))


@long
def test_spoiled_answers_are_read_right_or_refused_with_a_word():
    for part_id in speaking.parts():
        seed = Seed(12)
        good = speaking.captures(part_id)
        for _ in range(ROUNDS):
            decoded(part_id, spoiled(seed, good[seed.below(len(good))]))


@long
def test_a_good_answer_on_a_line_survives_noise_before_and_after():
    for part_id in LINES:
        seed = Seed(13)
        good = [data for data in speaking.captures(part_id) if isinstance(decoded(part_id, data), dict)]
        hits = 0
        for _ in range(ROUNDS):
            data = good[seed.below(len(good))]
            noisy = seed.bytes(seed.below(40)) + data + seed.bytes(seed.below(9))
            hits += decoded(part_id, noisy) == decoded(part_id, data)
        # a piece of noise may swallow a frame now and then, or look like one
        assert hits >= ROUNDS * 99 // 100, (part_id, hits)
