"""The simulated parts of the air against captured and published frames, against their rhythms and their refusals."""

import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from lamplighter.virtual.parts import (
    ads1115,
    bme280,
    bmp280,
    pms3003,
    pms5003,
    pms5003t,
    scd41,
    sds011,
    sgp41,
    sht4x,
    sps30,
)  # fmt: skip
from lamplighter.virtual.parts.sensirion import crc8
from real_frames import rows

SECOND = 1_000_000
SETTLED = 60 * SECOND


def refused(call, *arguments) -> bool:
    try:
        call(*arguments)
    except OSError as error:
        return error.errno == 19
    return False


def asked(twin, command: str, at: int, n: int, after: int = 60_000) -> bytes:
    """Write a command, and read its answer some time later."""
    twin.write(bytes.fromhex(command), at)
    return twin.read(n, at + after)


def values(data: bytes) -> list[int]:
    """The words of an answer, each with its checksum, which is counted here anew."""
    assert len(data) % 3 == 0
    for at in range(0, len(data), 3):
        crc = 0xFF
        for byte in data[at : at + 2]:
            crc ^= byte
            for _ in range(8):
                crc = (crc << 1) ^ 0x131 if crc & 0x80 else crc << 1
        assert crc == data[at + 2]
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 3)]


# Plantower

NAMES = {
    "pm1": "pm01", "pm2_5": "pm25", "pm10": "pm10", "cf1_pm1": "raw01", "cf1_pm2_5": "raw25", "cf1_pm10": "raw10",
}  # fmt: skip
COUNTS = {"n0_3": "n0_3", "n0_5": "n0_5", "n1": "n1_0", "n2_5": "n2_5", "n5": "n5_0", "n10": "n10_0"}
PLANTOWER = {"PMS5003/PMS7003": pms5003, "PMS5003T": pms5003t, "PMS3003": pms3003}
READ, SLEEP, WAKE = "424DE200000171", "424DE400000173", "424DE400010174"
PASSIVE = "424DE100000170"


def around(row: dict, part: str) -> dict[str, float]:
    """The quantities that a captured frame was made of, as its recorder printed them."""
    said = {name: float(text) for name, text in row["decoded"].items()}
    found = {ours: said[theirs] for ours, theirs in NAMES.items()}
    found.update({ours: said[theirs] * 100 for ours, theirs in COUNTS.items() if theirs in said})
    if part == "PMS5003T":
        found.update(celsius=said["temp"], percent=said["rhum"])
    return found


def frame(twin, at: int = SETTLED) -> bytes:
    """The last whole frame that has come by then."""
    twin.emitted(0)
    got = twin.emitted(at)
    assert got
    return got[got.rindex(b"BM") :]


@pytest.mark.parametrize("part", PLANTOWER)
def test_plantowers_send_the_captured_frames_in_the_air_of_the_capture(part):
    captured = rows(part, "frame")
    assert len(captured) >= 6
    for row in captured:
        twin = PLANTOWER[part].Twin({"values": around(row, part)})
        assert frame(twin).hex().upper() == row["hex"]


def test_without_counts_and_factory_values_they_follow_from_the_mass():
    words = struct.unpack(">13H", frame(pms5003.Twin({"values": {"pm2_5": 35}}))[4:30])
    assert words[1] in (38, 39) and words[4] == 35  # as the captured frames have it
    assert list(words[6:12]) == sorted(words[6:12], reverse=True)


def test_a_plantower_sends_by_itself_until_it_is_made_passive_and_then_on_request():
    twin = pms5003.Twin({})
    twin.emitted(0)
    assert 3 <= len(twin.emitted(10 * SECOND)) / 32 <= 5
    twin.written(bytes.fromhex(PASSIVE), 10 * SECOND)
    assert twin.emitted(11 * SECOND).hex() == "424d0004e1000174"
    assert twin.emitted(20 * SECOND) == b""
    twin.written(bytes.fromhex(READ), 20 * SECOND)
    assert len(twin.emitted(21 * SECOND)) == 32


def test_a_sleeping_plantower_hears_only_that_it_shall_wake_and_needs_its_time_then():
    twin = pms5003.Twin({"values": {"pm2_5": 90}})
    twin.emitted(0)
    twin.emitted(SETTLED)
    twin.written(bytes.fromhex(SLEEP), SETTLED)
    assert twin.emitted(SETTLED + SECOND).hex() == "424d0004e4000177"
    twin.written(bytes.fromhex(READ), 2 * SETTLED)
    assert twin.emitted(3 * SETTLED) == b""
    twin.written(bytes.fromhex(WAKE), 3 * SETTLED)
    first = twin.emitted(3 * SETTLED + 2 * SECOND)
    assert len(first) == 32 and 30 <= first[13] <= 40  # a third at first
    assert twin.emitted(4 * SETTLED)[-32:][13] == 90


def test_a_pms3003_takes_no_commands():
    twin = pms3003.Twin({})
    twin.emitted(0)
    twin.written(bytes.fromhex(SLEEP), 0)
    assert len(twin.emitted(10 * SECOND)) % 24 == 0 and twin.emitted(20 * SECOND)


def test_particles_swell_in_damp_air_and_a_standing_fan_draws_a_flat_line():
    def plantower(data):
        return int.from_bytes(data[-20:-18], "big")

    def nova(data):
        return int.from_bytes(data[-8:-6], "little") / 10

    for module, pm in ((pms5003, plantower), (sds011, nova)):
        twin = module.Twin({"values": {"pm2_5": 20, "pm10": 30}})
        twin.emitted(0)
        assert pm(twin.emitted(SETTLED)) == 20
        twin.set(humidity=95)
        damp = pm(twin.emitted(2 * SETTLED))
        assert 60 <= damp <= 120
        twin.set(fan=0, pm2_5=500, humidity=None)
        assert pm(twin.emitted(3 * SETTLED)) == damp
        twin.set(fan=1)
        assert pm(twin.emitted(4 * SETTLED)) == 500


# SDS011


@pytest.mark.parametrize("row", rows("SDS011", "data"), ids=lambda row: row["decoded"]["time"])
def test_the_sds011_sends_the_captured_frames(row):
    twin = sds011.Twin({"values": {"pm2_5": float(row["decoded"]["pm25"]), "pm10": float(row["decoded"]["pm10"])}})
    twin.emitted(0)
    assert twin.emitted(SETTLED)[-10:].hex().upper() == row["hex"]


def test_the_sds011_answers_commands_as_published():
    twin = sds011.Twin({"ident": 0xA160})
    replies = {row["decoded"]: row["hex"].lower() for row in rows("SDS011", "reply")}
    commands = {row["decoded"]: row["hex"] for row in rows("SDS011", "command")}
    conversation = [
        ("set query mode, id A160", "query mode set"),
        ("firmware version", "firmware 15-7-10"),
        ("work", "working"),
        ("set id A160 -> A001", "id is A001"),
    ]
    for number, (said, heard) in enumerate(conversation):
        twin.written(bytes.fromhex(commands[said]), number * SECOND)
        expected = replies[heard] if heard != "query mode set" else "aac502010100a16005ab"
        assert twin.emitted(number * SECOND + SECOND // 2).hex() == expected
    twin.written(bytes.fromhex(commands["firmware version"]), 10 * SECOND)
    assert twin.emitted(11 * SECOND) == b""  # for the id that it had
    twin.written(bytes.fromhex(commands["query data"]), 12 * SECOND)
    assert twin.emitted(13 * SECOND).startswith(b"\xaa\xc0")


def test_the_sds011_sleeps_until_it_is_told_to_work_and_keeps_its_modes_over_a_cut():
    twin = sds011.Twin({"ident": 0xA160})
    commands = {row["decoded"]: bytes.fromhex(row["hex"]) for row in rows("SDS011", "command")}
    twin.emitted(0)
    assert sum(len(twin.emitted(second * SECOND)) for second in range(1, 11)) // 10 in (9, 10)
    twin.emitted(10 * SECOND + SECOND // 2)
    twin.written(commands["sleep"], 10 * SECOND + SECOND // 2)
    assert twin.emitted(11 * SECOND)[1] == 0xC5
    twin.written(commands["query data"], 12 * SECOND)
    assert twin.emitted(20 * SECOND) == b""
    twin.written(commands["work"], 20 * SECOND)
    assert b"\xaa\xc0" in twin.emitted(25 * SECOND)
    twin.written(commands["period 1 min"], 25 * SECOND)
    again = sds011.Twin({"state": json.loads(json.dumps(twin.state()))})
    again.emitted(0)
    sent = [len(again.emitted(second * SECOND)) for second in range(1, 120)]
    assert sum(1 for each in sent if each) in range(56, 62)  # half of each minute
    assert not any(sent[35:58])


# SCD41

START, STOP, READY, MEASUREMENT = "21B1", "3F86", "E4B8", "EC05"


def test_the_scd41_says_what_its_data_sheet_prints():
    said = {row["direction"]: row["hex"] for row in rows("SCD4x", "response")}
    twin = scd41.Twin({"values": {"ppm": 500, "celsius": 25.003, "humidity": 37.002}})
    assert asked(twin, "3682", 0, 9).hex().upper() == said["response to 3682"]
    twin.write(bytes.fromhex(START), SECOND)
    assert asked(twin, MEASUREMENT, 7 * SECOND, 9).hex().upper() == said["response to EC05"]
    # forced recalibration to 480 ppm of what reads 530: - 50 ppm, after three minutes of measuring
    twin.set(ppm=530)
    twin.write(bytes.fromhex(STOP), 200 * SECOND)
    command = next(row["hex"] for row in rows("SCD4x", "write") if row["decoded"].startswith("forced"))
    assert asked(twin, command, 201 * SECOND, 3, 400_000).hex().upper() == said["response to 362F"]


def test_the_scd41_has_a_measurement_each_five_seconds_and_gives_it_once():
    twin = scd41.Twin({"values": {"ppm": 612}})
    twin.write(bytes.fromhex(START), 0)
    assert values(asked(twin, READY, 4 * SECOND, 3))[0] & 0x7FF == 0
    twin.write(bytes.fromhex(MEASUREMENT), 4 * SECOND + 100_000)
    assert refused(twin.read, 9, 4 * SECOND + 200_000)
    assert values(asked(twin, READY, 5 * SECOND, 3))[0] & 0x7FF
    assert values(asked(twin, MEASUREMENT, 6 * SECOND, 9))[0] == 612
    twin.write(bytes.fromhex(MEASUREMENT), 7 * SECOND)
    assert refused(twin.read, 9, 8 * SECOND)
    twin.set(ppm=700)
    assert values(asked(twin, MEASUREMENT, 10 * SECOND, 9))[0] == 700


def test_the_scd41_acknowledges_nothing_while_it_is_busy_measures_or_sleeps():
    twin = scd41.Twin({})
    twin.write(bytes.fromhex(START), 0)
    assert refused(twin.write, bytes.fromhex("3682"), SECOND)  # not while it measures
    assert refused(twin.write, bytes.fromhex(START), SECOND)
    twin.write(bytes.fromhex(STOP), 2 * SECOND)
    assert refused(twin.write, b"", 2 * SECOND + 400_000)  # half a second long
    twin.write(bytes.fromhex("219D"), 3 * SECOND)
    assert refused(twin.write, bytes.fromhex(READY), 7 * SECOND)
    assert len(values(asked(twin, MEASUREMENT, 8 * SECOND, 9))) == 3
    twin.write(bytes.fromhex("36E0"), 9 * SECOND)
    assert refused(twin.write, bytes.fromhex("3682"), 10 * SECOND)
    assert refused(twin.write, bytes.fromhex("36F6"), 11 * SECOND)  # wakes without a word
    assert len(asked(twin, "3682", 12 * SECOND, 9)) == 9


def test_the_scd41_sees_less_in_thin_air_until_it_is_told_so_and_keeps_what_it_is_told_to_keep():
    twin = scd41.Twin({"values": {"ppm": 1000, "hpa": 987}})
    twin.write(bytes.fromhex(START), 0)
    assert values(asked(twin, MEASUREMENT, 6 * SECOND, 9))[0] == 974
    command = next(row["hex"] for row in rows("SCD4x", "write") if "pressure" in row["decoded"])
    twin.write(bytes.fromhex(command), 7 * SECOND)
    assert values(asked(twin, MEASUREMENT, 11 * SECOND, 9))[0] == 1000
    twin.write(bytes.fromhex(STOP), 12 * SECOND)
    altitude = next(row["hex"] for row in rows("SCD4x", "write") if "altitude" in row["decoded"])
    twin.write(bytes.fromhex(altitude), 13 * SECOND)
    assert values(asked(scd41.Twin({"state": twin.state()}), "2322", 0, 3)) == [0]
    twin.write(bytes.fromhex("3615"), 14 * SECOND)
    assert values(asked(scd41.Twin({"state": json.loads(json.dumps(twin.state()))}), "2322", 0, 3)) == [1950]


def test_an_scd41_that_is_never_ready_still_answers():
    twin = scd41.Twin({})
    twin.write(bytes.fromhex(START), 0)
    twin.fault("unready")
    assert values(asked(twin, READY, 60 * SECOND, 3))[0] & 0x7FF == 0


# SGP41

MEASURE = next(row["hex"] for row in rows("SGP41", "write"))
CONDITION = MEASURE.replace("2619", "2612")


def test_the_sgp41_measures_when_it_is_told_temperature_and_humidity():
    twin = sgp41.Twin({"values": {"voc_raw": 28000, "nox_raw": 16000}})
    assert asked(twin, MEASURE, 0, 6).hex().upper() == rows("SGP41", "response")[0]["hex"]
    twin.write(bytes.fromhex(MEASURE), SECOND)
    assert refused(twin.read, 6, SECOND + 40_000)  # 50 ms
    twin.write(bytes.fromhex(MEASURE[:-2] + "00"), 2 * SECOND)
    assert refused(twin.read, 6, 3 * SECOND)  # wrong checksum: nothing measured
    assert asked(twin, "280E", 4 * SECOND, 3, 320_000).hex().upper()[:4] == "D400"


def test_the_sgp41s_ticks_follow_the_gases_and_the_damp_that_it_was_not_told_of():
    twin = sgp41.Twin({})
    voc, nox = values(asked(twin, MEASURE, 0, 6))
    twin.set(voc_ppb=2000, nox_ppb=200)
    more = values(asked(twin, MEASURE, SECOND, 6))
    assert more[0] < voc - 1000 and more[1] > nox + 500
    twin.set(voc_ppb=None, nox_ppb=None, humidity=90)
    damp = values(asked(twin, MEASURE, 2 * SECOND, 6))
    assert damp[0] < voc - 100
    told = "2619" + "".join(struct.pack(">HB", v, crc8(struct.pack(">H", v))).hex() for v in (58982, 26214))
    assert abs(values(asked(twin, told, 3 * SECOND, 6))[0] - voc) <= 1


def test_more_than_ten_seconds_of_conditioning_break_the_sgp41_for_good():
    twin = sgp41.Twin({})
    for second in range(10):
        assert len(values(asked(twin, CONDITION, second * SECOND, 3))) == 1
    asked(twin, MEASURE, 10 * SECOND, 6)
    assert not twin.state()["harmed"]
    for second in range(20, 35):
        asked(twin, CONDITION, second * SECOND, 3)
    again = sgp41.Twin({"state": json.loads(json.dumps(twin.state()))})
    assert values(asked(again, "280E", 0, 3, 320_000))[0] & 3 == 2
    assert values(asked(again, MEASURE, SECOND, 6))[1] == 0xFFFF


# SHT4x, BMP280


def test_the_sht4x_measures_as_published_and_only_when_asked():
    row = rows("SHT4x", "response to FD")[0]
    twin = sht4x.Twin({"values": {"celsius": row["decoded"]["temp_C"], "humidity": row["decoded"]["rh"]}})
    assert refused(twin.read, 6, 0)
    twin.write(b"\xfd", 0)
    assert refused(twin.read, 6, 8_000) and refused(twin.write, b"\xfd", 8_000)
    assert twin.read(6, 10_000).hex().upper() == row["hex"]
    assert refused(twin.read, 6, 20_000)
    dry, warm = values(asked(twin, "39", SECOND, 6, 1_200_000))
    assert dry > 0x5F16 and warm < 0x5E35  # the heater warms it: drier
    assert crc8(b"\xbe\xef") == 0x92


def test_the_bmp280_reads_the_raw_values_of_the_published_example_and_knows_no_humidity():
    block = bytes.fromhex(rows("BMP280 (same T/P formulas)")[0]["hex"])
    twin = bmp280.Twin({"values": {"celsius": 25.0825, "hpa": 1006.5327}})
    twin.write(b"\xd0", 0)
    assert twin.read(1, 0) == b"\x58"
    twin.write(b"\xf2\x01\xf4\xff", 0)  # sixteen measurements of each, normal mode
    twin.write(b"\xf7", SECOND)
    pressure, temperature = (block[24:27], block[27:30])
    raw = twin.read(8, SECOND)
    assert abs(int.from_bytes(raw[:3], "big") - int.from_bytes(pressure, "big")) <= 16
    assert abs(int.from_bytes(raw[3:6], "big") - int.from_bytes(temperature, "big")) <= 16 and raw[6:] == b"\0\0"
    twin.write(b"\x88", SECOND)
    assert twin.read(24, SECOND) == block[:24]
    twin.write(b"\xf2", SECOND)
    assert twin.read(1, SECOND) == b"\0"


# ADS1115 and the cells


def converted(twin, config: int, at: int) -> int:
    twin.write(struct.pack(">BH", 1, config), at)
    twin.write(b"\x00", at + 20_000)
    return struct.unpack(">h", twin.read(2, at + 20_000))[0]


def test_the_ads1115_holds_the_published_words():
    words = rows("ADS1115", "conversion")
    config = int(rows("ADS1115", "config")[0]["hex"], 16)
    for at, row in enumerate(words):
        twin = ads1115.Twin({"values": {"a0": row["decoded"]["volts_at_4.096FS"]}})
        assert converted(twin, config, at * SECOND) == row["decoded"]["code"]
        twin.write(b"\x01", at * SECOND + 30_000)
        assert twin.read(2, at * SECOND + 30_000) == config.to_bytes(2, "big")
    twin = ads1115.Twin({})
    twin.write(b"\x01", 0)
    assert twin.read(2, 0).hex() == "8583"


def test_the_ads1115_takes_its_time_says_so_and_ends_at_its_scale_and_its_supply():
    twin = ads1115.Twin({"values": {"a0": 1.0, "a1": 3.0, "a2": 5.0}})
    twin.write(bytes.fromhex("01C583"), 0)  # input 0, 2.048 V, 128 a second
    assert not twin.read(1, 5_000)[0] & 0x80
    twin.write(b"\x00", 5_000)
    assert twin.read(2, 5_000) == b"\0\0"
    assert struct.unpack(">h", twin.read(2, 10_000))[0] == 16000
    assert converted(twin, 0xD583, SECOND) == 32767  # 3 V at 2.048
    assert abs(converted(twin, 0xE1E3, 2 * SECOND) * 6.144 / 32768 - 3.3) < 0.001  # 5 V where 3.3 feed it
    assert converted(twin, 0x81E3, 3 * SECOND) == -10667  # between 0 and 1: - 2 V


@pytest.mark.parametrize("celsius", [-30, 4, 20, 37, 50])
def test_the_makers_algorithm_finds_the_gas_in_the_cells_voltages(celsius):
    twin = ads1115.Twin({"values": {"no2": 43, "o3": 61, "celsius": celsius}})
    volts = [converted(twin, 0x83E3 | mux << 12, mux * SECOND) * 4.096 / 32768 * 1000 for mux in (4, 5, 6, 7)]
    # published at ten-degree steps; straight lines between them
    no2_n = {-30: 1.3, 4: 1.18, 20: 0.6, 37: 0.26, 50: -1.5}[celsius]
    ox_n = {-30: 0.9, 4: 1.38, 20: 1.7, 37: 2.35, 50: 3.7}[celsius]
    no2 = (volts[0] - 225 - no2_n * (volts[1] - 240)) / 0.31
    o3 = (volts[2] - 230 - ox_n * (volts[3] - 235) - no2 * 0.33) / 0.38
    assert (no2, o3) == pytest.approx((43, 61), abs=1.5)


def test_other_cells_at_other_inputs():
    cells = [{"gas": "co", "we": 3, "ae": 2, "we_e_mv": 300, "mv_per_ppb": 0.5}]
    twin = ads1115.Twin({"cells": cells, "values": {"co": 1000}})
    assert converted(twin, 0xF3E3, 0) * 4.096 / 32768 == pytest.approx(0.3 + 3 * 0.005 + 0.5, abs=0.0002)
    assert converted(twin, 0xC3E3, SECOND) == 0


# SPS30 over I2C


def test_the_sps30_over_i2c_gives_the_latest_values_again_and_says_when_there_are_new_ones():
    twin = sps30.Twin({"values": {"pm1": 8, "pm2_5": 10, "pm4": 11, "pm10": 12}})
    twin.write(bytes.fromhex("0300"), 0)
    assert refused(twin.read, 60, 0)  # it does not measure
    twin.write(bytes.fromhex("00100300AC"), SECOND)
    assert refused(twin.write, b"\x02\x02", SECOND + 10_000)  # 20 ms
    twin.write(bytes.fromhex("0202"), 20 * SECOND)
    assert [values(twin.read(3, 20 * SECOND)) for _ in (1, 2)] == [[1], [1]]
    twin.write(bytes.fromhex("0300"), 20 * SECOND)
    first = values(twin.read(60, 20 * SECOND))
    assert struct.unpack(">10f", struct.pack(">20H", *first))[:4] == (8, 10, 11, 12)
    assert values(twin.read(60, 20 * SECOND + 500_000)) == first
    assert values(asked(twin, "0202", 20 * SECOND + 600_000, 3)) == [0]
    assert values(asked(twin, "0202", 21 * SECOND, 3)) == [1]


def test_the_sps30_over_i2c_tells_integers_and_about_itself():
    start = rows("SPS30 (I2C)")[0]["hex"]
    twin = sps30.Twin({"values": {"pm2_5": 10, "status": 0x200000}})
    assert bytes(values(asked(twin, "D002", 0, 12))[0].to_bytes(2, "big")) == b"00"
    assert values(asked(twin, "D100", SECOND, 3)) == [0x0203]
    assert values(asked(twin, "D206", 2 * SECOND, 6)) == [0x20, 0]
    assert values(asked(twin, "8004", 3 * SECOND, 6)) == [9, 0x3A80]
    twin.write(bytes.fromhex("0010" + start), 4 * SECOND)
    assert values(asked(twin, "0300", 30 * SECOND, 30))[1] == 10


def test_the_sps30_over_i2c_wakes_at_the_second_call():
    twin = sps30.Twin({})
    twin.write(bytes.fromhex("1001"), 0)
    assert refused(twin.write, bytes.fromhex("D100"), SECOND)
    assert refused(twin.write, bytes.fromhex("1103"), 2 * SECOND)
    twin.write(bytes.fromhex("1103"), 2 * SECOND + 20_000)
    assert values(asked(twin, "D100", 3 * SECOND, 3)) == [0x0203]


# faults

I2C = {
    "scd41": (scd41, "3682", 9), "sgp41": (sgp41, MEASURE, 6), "sht4x": (sht4x, "FD", 6), "sps30": (sps30, "D206", 6),
    "bmp280": (bmp280, "88", 24), "ads1115": (ads1115, "01", 2),
}  # fmt: skip


@pytest.mark.parametrize("part", I2C)
def test_i2c_parts_fall_silent_garble_and_come_back(part):
    module, command, n = I2C[part]
    twin = module.Twin({})
    good = asked(twin, command, 0, n)
    for at, kind in ((10 * SECOND, "noise"), (15 * SECOND, "checksum")):
        twin.fault(kind)
        assert asked(twin, command, at, n) != good
    if part in ("scd41", "sgp41", "sht4x", "sps30"):
        spoilt = asked(twin, command, 20 * SECOND, n)
        assert spoilt[:2] == good[:2] and spoilt[2] != good[2]
        twin.fault("slow", ms=500)
        twin.write(bytes.fromhex(command), 30 * SECOND)
        assert refused(twin.read, n, 30 * SECOND + 400_000)
    twin.fault("silence")
    assert refused(twin.write, b"", 40 * SECOND) and refused(twin.read, n, 40 * SECOND)
    twin.fault("none")
    assert asked(twin, command, 50 * SECOND, n) == good


@pytest.mark.parametrize("module", [pms5003, pms5003t, pms3003, sds011])
def test_uart_parts_fall_silent_garble_stick_and_come_back(module):
    twin = module.Twin({"values": {"pm2_5": 12, "pm10": 20}})
    twin.emitted(0)
    length = {pms3003: 24, sds011: 10}.get(module, 32)
    good = twin.emitted(SETTLED)[-length:]
    twin.fault("checksum")
    spoilt = twin.emitted(2 * SETTLED)[-length:]
    assert spoilt[: length - 2] == good[: length - 2] and spoilt != good
    twin.fault("silence")
    assert twin.emitted(3 * SETTLED) == b""
    twin.fault("stuck")
    twin.set(pm2_5=300)
    assert twin.emitted(4 * SETTLED)[-length:] == good
    twin.fault("none")
    assert twin.emitted(5 * SETTLED)[-length:] not in (good, b"")


def resumed(twin, make):
    """The part after a reset of the chip alone."""
    again = make({"state": json.loads(json.dumps(twin.state()))})
    again.resume(json.loads(json.dumps(twin.running())))
    return again


def test_parts_go_on_when_only_the_chip_is_reset():
    twin = scd41.Twin({"values": {"ppm": 612}})
    twin.write(bytes.fromhex(START), 0)
    again = resumed(twin, scd41.Twin)
    assert refused(again.write, bytes.fromhex(START), 3 * SECOND)
    assert len(values(asked(again, MEASUREMENT, 6 * SECOND, 9))) == 3
    dust = sps30.Twin({})
    dust.write(bytes.fromhex("00100300AC"), 0)
    assert len(asked(resumed(dust, sps30.Twin), "0300", 20 * SECOND, 60)) == 60
    sleep = next(row["hex"] for row in rows("SDS011") if row["decoded"] == "sleep")
    for module, command in ((pms5003, SLEEP), (sds011, sleep)):
        sleeper = module.Twin({"ident": 0xA160})
        sleeper.emitted(0)
        sleeper.written(bytes.fromhex(command), SECOND // 2)
        again = resumed(sleeper, module.Twin)
        assert again.emitted(SETTLED) == again.emitted(2 * SETTLED) == b""


def test_each_part_names_its_quantities_and_refuses_others():
    for module in (ads1115, bme280, bmp280, pms3003, pms5003, pms5003t, scd41, sds011, sgp41, sht4x, sps30):
        twin = module.Twin({"values": dict.fromkeys(module.Twin.QUANTITIES, 1)})
        with pytest.raises(ValueError, match="there are"):
            twin.set(lumen=1)
        with pytest.raises(ValueError, match="silence"):
            twin.fault("silent")


# the same under MicroPython, through the chip's own I2C

CONVERSATION = """
from binascii import hexlify, unhexlify
from parts import ads1115, bmp280, pms5003, pms5003t, pms3003, scd41, sds011, sgp41, sht4x, sps30
DAY = 86400 * 1000000
uart = [pms5003.Twin({}), pms5003t.Twin({}), pms3003.Twin({}), sds011.Twin({})]
CHIP
climate = Bus(sht4x.Twin({}), bmp280.Twin({}), scd41.Twin({}), sgp41.Twin({}), ads1115.Twin({}), sps30.Twin({}))
climate.writeto(0x62, unhexlify("21b1"))
climate.writeto(0x69, unhexlify("00100300ac"))
climate.writeto_mem(0x76, 0xf4, b"\\x27")
for step in range(100):
    said = []
    climate.now = now = DAY + step * 7300000
    for twin in climate.twins.values():
        twin.set(**({"celsius": step / 4 - 5} if "celsius" in twin.QUANTITIES else {"pm2_5": step}))
    for twin in uart:
        twin.set(pm2_5=step, humidity=step)
        said.append(twin.emitted(now))
    climate.writeto(0x44, b"\\xfd")
    climate.writeto(0x59, unhexlify("26198000a2666693"))
    climate.writeto_mem(0x48, 1, b"\\xc3\\xe3")
    climate.writeto(0x62, unhexlify("ec05"))
    climate.writeto(0x69, unhexlify("0300"))
    climate.now += 60000
    for address, size in ((0x44, 6), (0x59, 6), (0x62, 9), (0x69, 60)):
        try:
            buffer = bytearray(size)
            climate.readfrom_into(address, buffer)
            said.append(bytes(buffer))
        except OSError as error:
            said.append(str(error.errno).encode())
    said.append(climate.readfrom_mem(0x48, 0, 2))
    said.append(climate.readfrom_mem(0x76, 0xf7, 6))
    print([hexlify(each).decode() for each in said])
print([hex(address) for address in climate.scan()])
"""
PLAIN = """
class Bus:
    def __init__(self, *twins):
        self.twins = {twin.address: twin for twin in twins}
        self.now = 0

    def writeto(self, address, data):
        self.twins[address].write(data, self.now)

    def readfrom_into(self, address, buffer):
        buffer[:] = self.twins[address].read(len(buffer), self.now)

    def writeto_mem(self, address, register, data):
        self.writeto(address, bytes([register]) + data)

    def readfrom_mem(self, address, register, size):
        self.writeto(address, bytes([register]))
        return self.twins[address].read(size, self.now)

    def scan(self):
        return sorted(self.twins)
"""
# the virtual lamppost's machine.I2C, in a world that consists of a clock
CHIP = """
class Module:
    pass
clock = Module()
clock.world = Module()
clock.world.facts = {"cause": 1, "machine": "ESP32", "input_only": [], "pins": list(range(40)), "buses": {}}
clock.world.fast = True
for name in ("say", "receive", "sleep_us", "end", "at", "us", "ms"):
    setattr(clock.world, name, lambda *arguments: 0)
sys.modules["_world"] = clock
sys.modules["_parts"] = Module()
sys.path.insert(0, MICROPYTHON)
import machine
class Bus(machine.I2C):
    def __init__(self, *twins):
        self.twins = {twin.address: twin for twin in twins}
        self.now = 0
        fittings = []
        for twin in twins:
            fitting = Module()
            fitting.twin, fitting.remember = twin, lambda: None
            fittings.append(fitting)
        sys.modules["_parts"].on_i2c = lambda scl, sda: fittings
        clock.world.world_us = lambda: self.now
        super().__init__(0)
"""


def test_the_parts_say_the_same_under_micropython_through_the_chips_own_i2c(tmp_path):
    virtual = Path(sps30.__file__).parent.parent
    said = []
    for interpreter, chip in (("python", PLAIN), ("micropython", CHIP)):
        script = tmp_path / f"{interpreter}.py"
        text = CONVERSATION.replace("CHIP", chip).replace("MICROPYTHON", repr(str(virtual / "chip_modules")))
        script.write_text(f"import sys\nsys.path.insert(0, {str(virtual)!r})\n{text}")
        command = [str(Path(sys.executable).parent / interpreter)]
        done = subprocess.run([*command, str(script)], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr + done.stdout
        said.append(done.stdout.splitlines())
    assert len(said[0]) == 101
    assert said[0] == said[1]
