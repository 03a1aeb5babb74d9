"""Seeded noise through every decoder and the stream reader: only SensorFaults, in bounded time, soon in step again.

FUZZ_ROUNDS in the environment asks for more rounds than the short form that runs with all tests:
    FUZZ_ROUNDS=20000 pytest tests/unit/test_decode_fuzz.py
"""

import os

from captured import rows
from ground import Seed
from lamppost.buses.wiring import Wiring
from lamppost.core.faults import SensorFault
from lamppost.core.quantity import plausible
from lamppost.drivers import shelf
from test_tfmini import frame
from wire import Machine

ROUNDS = int(os.getenv("FUZZ_ROUNDS") or 1000)
GOOD = {
    "pzem004t": [data for row, data in rows("PZEM", "response") if row["checksum_ok"]],
    "tfmini": [frame(320, 900) * 3, frame(150, 400) * 2],
    "sps30": [data for row, data in rows("SPS30", "response") if isinstance(row["decoded"], dict)],
    "bme280": [data for _, data in rows("BME280")],
}
WORDS = ("silent", "garbled", "refused", "foreign", "range", "signal", "warming")


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
        reading = shelf.decode(part_id, data)
    except SensorFault as fault:
        assert fault.word in WORDS
        return fault.word
    for name, value in reading.items():
        assert isinstance(value, int)
        assert plausible(name, value) or name.startswith("pm"), (name, value)
    return reading


def test_pure_noise_is_a_fault_and_nearly_never_a_reading():
    for part_id in GOOD:
        if part_id == "bme280":
            continue  # registers carry no checksum: any 41 bytes may be weather
        seed = Seed(11)
        readings = [1 for _ in range(ROUNDS) if isinstance(decoded(part_id, seed.bytes(seed.below(200))), dict)]
        assert len(readings) <= ROUNDS // 1000, part_id


def test_spoiled_answers_are_read_right_or_refused_with_a_word():
    for part_id, good in GOOD.items():
        seed = Seed(12)
        for _ in range(ROUNDS):
            decoded(part_id, spoiled(seed, good[seed.below(len(good))]))


def test_a_good_answer_survives_noise_before_and_after():
    for part_id, good in GOOD.items():
        if part_id == "bme280":
            continue
        seed = Seed(13)
        hits = 0
        for _ in range(ROUNDS):
            data = good[seed.below(len(good))]
            noisy = seed.bytes(seed.below(40)) + data + seed.bytes(seed.below(9))
            hits += decoded(part_id, noisy) == decoded(part_id, data)
        # a piece of noise may swallow a frame now and then (an escape before a flag), or look like one
        assert hits >= ROUNDS * 99 // 100, (part_id, hits)


def test_a_bme280_of_random_registers_is_weather_or_a_fault():
    seed = Seed(14)
    for _ in range(ROUNDS):
        decoded("bme280", seed.bytes(41))


def test_the_stream_reader_is_in_step_within_two_good_frames_after_noise():
    board = {"air": {"kind": "uart", "uart": 2, "tx": 25, "rx": 26}}
    seed = Seed(15)
    for part_id in ("pzem004t", "sps30"):
        good = GOOD[part_id][0]
        wanted = decoded(part_id, good)
        for _ in range(max(1, ROUNDS // 20)):
            state = {"noise": 3}

            def answer(request, setting):
                if request[:4] == b"\x7e\x00\x00\x02":  # noqa: B023 -- start of the SPS30
                    return [(5, bytes.fromhex("7E00000000FF7E"))]
                if state["noise"]:  # noqa: B023
                    state["noise"] -= 1  # noqa: B023
                    return [(5 * n, seed.bytes(seed.below(60))) for n in range(seed.below(30))]
                return [(40, good)]  # noqa: B023

            machine = Machine(answer)
            options = {"address": good[0]} if part_id == "pzem004t" else {"warm_s": 0}
            part = shelf.build(part_id, Wiring(board, machine, machine.time).bus("air"), options)
            seen = []
            for _ in range(6):
                before = machine.time.now
                try:
                    seen.append(machine.time.run(part.read()))
                except SensorFault as fault:
                    assert fault.word in WORDS
                    seen.append(None)
                assert machine.time.now - before < 2500  # two questions at the longest patience
                machine.time.now += 1000
            assert wanted in seen[3:5], (part_id, seen)


def test_the_lidar_is_in_step_within_two_frames_after_noise():
    seed = Seed(16)
    for _ in range(ROUNDS):
        stream = seed.bytes(seed.below(60)) + frame(320, 900) * 2
        assert decoded("tfmini", stream) == {"d_mm": 3200, "strength": 900}
