"""The simulated parts against frames captured from real ones, and against arithmetic that is not theirs."""

import csv
import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from lamplighter import paths
from lamplighter.virtual.parts import bme280, pzem004t, sps30, tfmini
from lamplighter.virtual.parts.modbus_slave import crc16
from real_frames import rows

DATA = Path(__file__).parent.parent / "data"
SECOND = 1_000_000
LATER = 10 * SECOND


def ask(twin, request: str | bytes, at: int = 0, after: int = SECOND) -> bytes:
    """Write a request, and collect what has come after that time."""
    twin.written(bytes.fromhex(request) if isinstance(request, str) else request, at)
    return twin.emitted(at + after)


# the energy meter

READ = "01040000000A700D"


@pytest.mark.parametrize("row", rows("PZEM", "response"), ids=lambda row: row["hex"][6:20])
def test_the_meter_answers_as_the_real_one_did(row):
    said = row["decoded"]
    twin = pzem004t.Twin({
        "address": said["addr"],
        "values": {
            "volts": said["voltage_V"], "amps": said["current_A"], "watts": said["power_W"], "pf": said["pf"],
            "hertz": said["frequency_Hz"], "energy_wh": said["energy_Wh"],
        },
    })  # fmt: skip
    request = bytes([said["addr"], 4, 0, 0, 0, 10])
    assert ask(twin, request + crc16(request)).hex().upper() == row["hex"]


def registers(reply: bytes) -> tuple[int, ...]:
    return struct.unpack(">10H", reply[3:23])


def test_the_meter_counts_energy_exactly_whatever_the_steps_of_time():
    """3600 W for 1000 s are 1000 Wh, asked each second or once."""
    for step in (SECOND, 100 * SECOND, 1000 * SECOND):
        twin = pzem004t.Twin({"values": {"watts": 3600}})
        twin.emitted(0)
        for now in range(0, 1000 * SECOND, step):
            twin.emitted(now)
        reply = ask(twin, READ, 1000 * SECOND)
        assert registers(reply)[5:7] == (1000, 0)


def test_the_register_outlives_a_power_cut_and_does_not_count_while_the_power_is_off():
    twin = pzem004t.Twin({"values": {"watts": 3600, "energy_wh": 70000}})
    twin.emitted(0)
    twin.emitted(10 * SECOND)
    state = json.loads(json.dumps(twin.state()))
    again = pzem004t.Twin({"values": {"watts": 3600}, "state": state})
    low, high = registers(ask(again, READ, 5000 * SECOND))[5:7]
    assert low + (high << 16) == 70010


def test_the_register_wraps_at_9999_99_kwh():
    twin = pzem004t.Twin({"values": {"watts": 3600, "energy_wh": 9999999}})
    twin.emitted(0)
    assert registers(ask(twin, READ, SECOND))[5:7] == (0, 0)


def test_the_meter_resets_its_energy_on_command():
    twin = pzem004t.Twin({"values": {"energy_wh": 500}})
    assert ask(twin, "01428011").hex() == "01428011"
    assert registers(ask(twin, READ, SECOND))[5:7] == (0, 0)


def test_without_mains_the_meter_is_silent_and_not_zero():
    twin = pzem004t.Twin({"values": {"volts": 0}})
    assert ask(twin, READ) == b""
    twin.set(volts=230)
    assert len(ask(twin, READ, LATER)) == 25


def test_the_meter_needs_its_time_and_the_bytes_come_at_9600_baud():
    twin = pzem004t.Twin({})
    twin.written(bytes.fromhex(READ), 0)
    # 8 bytes in take 8.3 ms, it thinks 40 ms, 25 bytes out take 26 ms
    assert twin.emitted(45_000) == b""
    part = twin.emitted(60_000)
    assert 5 <= len(part) <= 15
    assert len(part + twin.emitted(76_000)) == 25


@pytest.mark.parametrize(
    "request_hex",
    ["0104000000", "01040000000A700E", "02040000000A703E"],
    ids=["not yet whole", "wrong CRC", "for another meter"],
)
def test_the_meter_says_nothing_to_what_is_not_a_request_to_it(request_hex):
    assert ask(pzem004t.Twin({}), request_hex) == b""


def test_the_meter_refuses_registers_and_functions_that_it_does_not_have():
    def refused(body: str, code: int, function: int) -> None:
        request = bytes.fromhex(body)
        reply = ask(pzem004t.Twin({}), request + crc16(request))
        assert reply[:3] == bytes([1, function | 0x80, code])
        assert reply[3:] == crc16(reply[:3])

    refused("01040005000A", 2, 4)
    refused("010400000000", 3, 4)
    refused("011000000001", 1, 0x10)


def test_the_crc_of_a_refusal_is_that_of_the_published_one():
    request = bytes.fromhex("01040005000A")
    assert ask(pzem004t.Twin({}), request + crc16(request)).hex().upper() == "018402C2C1"


def test_the_meter_takes_a_new_address_and_keeps_it():
    twin = pzem004t.Twin({})
    request = bytes.fromhex("010600020007")
    request += crc16(request)
    assert ask(twin, request) == request
    assert ask(twin, READ, LATER) == b""
    assert twin.state()["address"] == 7


def test_a_load_below_the_starting_power_reads_zero():
    watts = registers(ask(pzem004t.Twin({"values": {"watts": 0.3}}), READ))[3]
    assert watts == 0


# the lidar


def frames(data: bytes) -> list[tuple[int, int, int]]:
    """(distance, strength, temperature) of the frames, each with its sum checked."""
    assert len(data) % 9 == 0
    out = []
    for at in range(0, len(data), 9):
        frame = data[at : at + 9]
        assert frame[:2] == b"YY" and sum(frame[:8]) % 256 == frame[8]
        out.append(struct.unpack("<HHH", frame[2:8]))
    return out


def test_the_lidar_sends_the_frames_of_a_real_one_as_its_signal_fades():
    rows = list(csv.DictReader((DATA / "tfmini_low_signal_dropout.csv").read_text().splitlines()))
    assert len(rows) > 20
    twin = tfmini.Twin({"weak_below": 20, "values": {"celsius": -256}})  # the first TFmini: no temperature
    now, distance = 0, 216
    twin.emitted(0)
    for row in rows:
        distance = int(row["distance_cm"]) if row["distance_cm"] != "65535" else distance
        twin.set(mm=distance * 10, strength=int(row["strength"]))
        now += 10_000
        sent = twin.emitted(now) + twin.emitted(now + 5_000)
        assert sent.hex().upper() == row["frame_hex"]


def test_the_lidar_streams_a_hundred_frames_a_second():
    twin = tfmini.Twin({"values": {"mm": 5560, "strength": 1080}})
    twin.emitted(0)
    got = b"".join(twin.emitted(now) for now in range(0, SECOND + 2000, 2000))
    assert 99 <= len(frames(got)) <= 100
    assert frames(got)[0][:2] == (556, 1080)


def test_a_leap_in_time_leaves_a_bounded_number_of_frames():
    twin = tfmini.Twin({})
    twin.emitted(0)
    assert 5 <= len(frames(twin.emitted(86_400 * SECOND))) <= 16


@pytest.mark.parametrize(
    ("values", "options", "distance"),
    [
        ({"mm": 1500, "strength": 99}, {}, 65535),
        ({"mm": 1500, "strength": 99}, {"weak_reads": 0}, 0),
        ({"mm": 1500, "strength": 65535}, {}, 65534),
        ({"mm": 1500, "sun": 1}, {}, 65532),
        ({"mm": 12500}, {}, 65535),
        ({"mm": 1504}, {}, 150),
    ],
)
def test_the_lidar_has_a_word_for_each_way_of_not_seeing(values, options, distance):
    twin = tfmini.Twin({**options, "values": values})
    twin.emitted(0)
    assert frames(twin.emitted(15_000))[0][0] == distance


def test_the_lidar_obeys_and_echoes_commands():
    twin = tfmini.Twin({})
    twin.emitted(0)
    twin.written(bytes.fromhex("5A05070066"), 0)  # output off
    twin.emitted(5_000)
    assert ask(twin, "5A04015F", 20_000).startswith(bytes.fromhex("5A0701"))
    assert ask(twin, "5A06036400C7", 2 * SECOND).hex().upper() == "5A06036400C7"
    assert twin.emitted(LATER) == b""
    assert frames(ask(twin, "5A040462", LATER, 100_000))  # one frame on demand


def test_a_new_speed_of_the_line_counts_at_once_and_lasts_only_if_saved():
    twin = tfmini.Twin({})
    twin.written(bytes.fromhex("5A0806802500000D"), 0)  # 9600
    assert twin.baud == 9600
    assert tfmini.Twin({"state": twin.state()}).baud == 115200
    twin.written(bytes.fromhex("5A04116F"), SECOND)
    assert tfmini.Twin({"state": twin.state()}).baud == 9600


# the particle sensor

START, STOP, READ_AIR = "7E0000020103F97E", "7E000100FE7E", "7E000300FC7E"
NOT_NOW = "43"


def floats(reply: bytes) -> tuple[float, ...]:
    raw = bytes(reply[1:-1])
    for code, byte in ((b"\x7d\x5e", b"\x7e"), (b"\x7d\x31", b"\x11"), (b"\x7d\x33", b"\x13"), (b"\x7d\x5d", b"\x7d")):
        raw = raw.replace(code, byte)
    assert (~sum(raw[:-1])) & 0xFF == raw[-1] and raw[:4] == bytes.fromhex("00030028")
    return struct.unpack(">10f", raw[4:44])


@pytest.mark.parametrize("row", rows("SPS30 (SHDLC)", "response"), ids=lambda row: row["hex"][:24])
def test_the_particle_sensor_frames_as_the_real_one_does(row):
    """Take a captured answer apart by hand, let the twin frame its body again: the same bytes."""
    body, escaped = bytearray(), False
    for byte in bytes.fromhex(row["hex"])[1:-1]:
        if escaped or byte != 0x7D:
            body.append(byte ^ 0x20 if escaped else byte)
        escaped = byte == 0x7D and not escaped
    assert sps30.framed(body[0], body[1], bytes(body[2:-1])).hex().upper() == row["hex"]


def test_the_particle_sensor_answers_questions_about_itself_as_captured():
    twin = sps30.Twin({})
    assert ask(twin, "7E00D1002E7E").hex().upper() == "7E00D1000702030007000200197E"
    assert ask(twin, "7E00D201002C7E", SECOND).hex().upper() == "7E00D200050000000000287E"
    assert ask(twin, "7E007D3100EE7E", LATER).hex().upper() == "7E007D314300AB7E"  # awake already


def test_the_particle_sensor_measures_only_when_started_and_once_a_second():
    twin = sps30.Twin({"values": {"pm1": 8, "pm2_5": 10, "pm4": 11, "pm10": 12}})
    assert ask(twin, READ_AIR)[3] == 0x43
    assert ask(twin, START, SECOND)[3] == 0
    assert ask(twin, START, 2 * SECOND)[3] == 0x43
    first = floats(ask(twin, READ_AIR, 3 * SECOND))
    assert 3 < first[1] < 9  # still settling
    settled = floats(ask(twin, READ_AIR, 12 * SECOND))
    assert settled[:4] == (8, 10, 11, 12)
    assert ask(twin, READ_AIR, 12 * SECOND + 500_000, 200_000).hex() == "7e00030000fc7e"  # nothing new yet
    assert ask(twin, STOP, 14 * SECOND)[3] == 0
    assert ask(twin, READ_AIR, 15 * SECOND)[3] == 0x43


def test_the_particle_sensor_sleeps_until_a_byte_and_then_the_wake_command_come():
    twin = sps30.Twin({})
    assert ask(twin, "7E001000EF7E")[3] == 0
    assert ask(twin, "7E00D1002E7E", SECOND) == b""
    assert ask(twin, b"\xff", 5 * SECOND, 20_000) == b""
    assert ask(twin, "7E007D3100EE7E", 5 * SECOND + 50_000)[4] == 0
    assert ask(twin, "7E00D1002E7E", 8 * SECOND) != b""


def test_the_particle_sensor_refuses_wrong_lengths_commands_and_arguments():
    twin = sps30.Twin({})
    assert ask(twin, "7E0000010103FA7E")[3] == 0x01
    assert ask(twin, "7E000500FA7E", SECOND)[3] == 0x02
    assert ask(twin, "7E0000020104F87E", 2 * SECOND)[3] == 0x04
    assert ask(twin, "7E0000020103F87E", 3 * SECOND) == b""  # wrong checksum: silence


# the climate sensor


def compensated(calibration: bytes, humidity: bytes, raw: bytes) -> tuple[float, float, float]:
    """Bosch's integer formulas (data sheet 4.2.3): other arithmetic than the twin's."""
    t1, t2, t3, p1, p2, p3, p4, p5, p6, p7, p8, p9 = struct.unpack_from("<Hhh Hhhhhhhhh", calibration)
    h1, (h2, h3) = calibration[25], struct.unpack_from("<hB", humidity)
    h4 = (struct.unpack_from("b", humidity, 3)[0] << 4) | (humidity[4] & 15)
    h5 = (struct.unpack_from("b", humidity, 5)[0] << 4) | (humidity[4] >> 4)
    h6 = struct.unpack_from("b", humidity, 6)[0]
    ap = int.from_bytes(raw[0:3], "big") >> 4
    at = int.from_bytes(raw[3:6], "big") >> 4
    ah = int.from_bytes(raw[6:8], "big")
    v1 = (((at >> 3) - (t1 << 1)) * t2) >> 11
    v2 = ((((at >> 4) - t1) * ((at >> 4) - t1) >> 12) * t3) >> 14
    fine = v1 + v2
    v1 = fine - 128000
    v2 = v1 * v1 * p6 + ((v1 * p5) << 17) + (p4 << 35)
    v1 = ((v1 * v1 * p3) >> 8) + ((v1 * p2) << 12)
    v1 = (((1 << 47) + v1) * p1) >> 33
    p = (((1048576 - ap) << 31) - v2) * 3125 // v1
    p = ((p + ((p9 * (p >> 13) * (p >> 13)) >> 25) + ((p8 * p) >> 19)) >> 8) + (p7 << 4)
    v = fine - 76800
    v = ((((ah << 14) - (h4 << 20) - (h5 * v)) + 16384) >> 15) * (
        ((((((v * h6) >> 10) * (((v * h3) >> 11) + 32768)) >> 10) + 2097152) * h2 + 8192) >> 14
    )
    v -= ((((v >> 15) * (v >> 15)) >> 7) * h1) >> 4
    return ((fine * 5 + 128) >> 8) / 100, max(0, min(v, 419430400)) / 4194304, p / 25600


def register(twin, number: int, count: int = 1, at: int = 0) -> bytes:
    twin.write(bytes([number]), at)
    return twin.read(count, at)


def measured(twin, at: int = SECOND) -> tuple[float, float, float]:
    twin.write(b"\xf2\x01", at)
    twin.write(b"\xf4\x25", at)
    return compensated(register(twin, 0x88, 26), register(twin, 0xE1, 7), register(twin, 0xF7, 8, at + 10_000))


def test_the_climate_sensor_reads_the_raw_values_of_the_published_chip_in_its_weather():
    row = rows("BME280")[0]
    block = bytes.fromhex(row["hex"])
    twin = bme280.Twin({"values": {"celsius": 27.3785, "hpa": 1012.2228, "humidity": 32.9043}})
    assert register(twin, 0x88, 26) == block[:26] and register(twin, 0xE1, 7) == block[26:33]
    assert compensated(block[:26], block[26:33], block[33:41]) == pytest.approx((27.38, 32.899, 1012.2225), abs=0.02)
    measured(twin)
    raw = register(twin, 0xF7, 8, LATER)
    for first, end, step in ((0, 3, 16), (3, 6, 16), (6, 8, 1)):  # one step of the converter, no more
        ours, theirs = raw[first:end], block[33 + first : 33 + end]
        assert abs(int.from_bytes(ours, "big") - int.from_bytes(theirs, "big")) <= step


@pytest.mark.parametrize("celsius", [-38, -5, 0, 21.7, 45, 80])
@pytest.mark.parametrize(("percent", "hpa"), [(3, 400), (55.5, 1013.25), (97, 1085)])
def test_what_stands_around_the_climate_sensor_comes_out_by_boschs_formulas(celsius, percent, hpa):
    twin = bme280.Twin({"values": {"celsius": celsius, "humidity": percent, "hpa": hpa}})
    assert measured(twin) == pytest.approx((celsius, percent, hpa), abs=0.05)


def test_the_formulas_hold_for_another_real_chip():
    row = rows("BMP280")[0]
    block = bytes.fromhex(row["hex"])
    formulas = bme280.Compensation(block[:24] + bytes(2), bytes(7))
    fine = formulas.fine(int.from_bytes(block[27:30], "big") >> 4)
    assert fine / 5120 == pytest.approx(25.08, abs=0.01)
    assert formulas.pascal(int.from_bytes(block[24:27], "big") >> 4, fine) == pytest.approx(100653.3, abs=1)


def test_a_forced_measurement_takes_its_time_and_sleeps_again():
    twin = bme280.Twin({})
    assert register(twin, 0xD0) == b"\x60"
    twin.write(b"\xf2\x01", 0)
    twin.write(b"\xf4\x25", 0)
    # 1250 + 2300 + (2300 + 575) + (2300 + 575) us
    assert register(twin, 0xF3, at=9_000)[0] & 8
    assert register(twin, 0xF7, 8, 9_000).hex() == "8000008000008000"
    assert register(twin, 0xF3, at=9_300) == b"\0"
    assert register(twin, 0xF4, at=9_300)[0] & 3 == 0
    assert register(twin, 0xF7, 8, 9_300).hex() != "8000008000008000"


def test_humidity_counts_only_from_the_next_write_of_ctrl_meas():
    twin = bme280.Twin({})
    twin.write(b"\xf4\x25", 0)
    twin.write(b"\xf2\x01", 0)
    assert register(twin, 0xF7, 8, SECOND)[6:].hex() == "8000"


def test_normal_mode_follows_the_weather_without_being_asked():
    twin = bme280.Twin({"values": {"celsius": 10}})
    twin.write(b"\xf2\x01", 0)
    twin.write(b"\xf4\x27", 0)
    before = register(twin, 0xF7, 8, SECOND)
    twin.set(celsius=30)
    after = register(twin, 0xF7, 8, 5 * SECOND)
    assert before != after and register(twin, 0xF4, at=5 * SECOND)[0] & 3 == 3


def test_a_soft_reset_forgets_the_settings():
    twin = bme280.Twin({})
    twin.write(b"\xf4\x27", 0)
    twin.write(b"\xe0\xb6", SECOND)
    assert register(twin, 0xF3, at=SECOND + 100) == b"\x01"
    assert register(twin, 0xF4, at=2 * SECOND) == b"\0"


# faults

UART = {
    "pzem004t": (pzem004t.Twin, [READ]),
    "sps30": (sps30.Twin, [START, READ_AIR]),
    "tfmini": (tfmini.Twin, [""]),
}


def answers(kind, part, **options):
    """What comes in three seconds, after the requests, with a fault from the start."""
    make, requests = UART[part]
    twin = make({})
    if part == "sps30":
        ask(twin, requests[0])
    twin.emitted(SECOND)
    twin.fault(kind, **options)
    return ask(twin, requests[-1], 2 * SECOND, 20_000 if part == "tfmini" else 200_000)


@pytest.mark.parametrize("part", UART)
def test_silence_slow_noise_and_checksum_look_as_they_do_on_a_line(part):
    good = answers("none", part)
    assert good
    assert answers("silence", part) == b""
    assert answers("slow", part, ms=900) == b""
    noisy = answers("noise", part)
    assert noisy and good not in noisy
    spoilt = answers("checksum", part)
    assert spoilt != good and abs(len(spoilt) - len(good)) <= 1


@pytest.mark.parametrize("part", ["pzem004t", "sps30"])
def test_each_third_frame_spoilt_leaves_the_others_whole(part):
    make, requests = UART[part]
    twin = make({})
    ask(twin, requests[0])
    twin.fault("checksum", every=3)
    got = [ask(twin, "7E00D1002E7E" if part == "sps30" else READ, n * SECOND, 200_000) for n in range(2, 11)]
    whole = [reply == got[0] if part == "sps30" else crc16(reply[:-2]) == reply[-2:] for reply in got]
    assert whole == [True, True, False] * 3


def test_a_stuck_part_repeats_its_last_values_whatever_happens_around_it():
    twin = pzem004t.Twin({"values": {"watts": 50}})
    first = ask(twin, READ)
    twin.fault("stuck")
    twin.set(watts=500)
    assert ask(twin, READ, LATER) == first
    twin.fault("none")
    assert registers(ask(twin, READ, 2 * LATER))[3] == 5000


def test_a_silent_climate_sensor_acknowledges_nothing_and_a_slow_one_stays_busy():
    twin = bme280.Twin({})
    twin.fault("silence")
    with pytest.raises(OSError) as refusal:
        twin.write(b"\xd0", 0)
    assert refusal.value.errno == 19
    twin.fault("slow", ms=500)
    twin.write(b"\xf4\x25", 0)
    assert register(twin, 0xF3, at=400_000)[0] & 8
    twin.fault("noise")
    assert register(twin, 0x88, 26, SECOND) != bme280.CALIBRATION_1


def test_a_wrong_name_is_refused_with_the_right_ones():
    for twin in (pzem004t.Twin({}), tfmini.Twin({}), sps30.Twin({}), bme280.Twin({})):
        with pytest.raises(ValueError, match="there are"):
            twin.set(lumen=1)
        with pytest.raises(ValueError, match="silence"):
            twin.fault("silent")


def test_a_value_given_back_is_the_one_that_was_there_before():
    twin = pzem004t.Twin({"values": {"watts": 70}})
    twin.set(watts=20)
    twin.set(watts=None)
    assert registers(ask(twin, READ))[3] == 700


# the node's own drivers, written from other pages


def test_the_drivers_read_what_stands_around_the_parts():
    paths.importable()
    from lamppost.drivers import bme280 as climate_driver
    from lamppost.drivers import pzem004t as meter_driver
    from lamppost.drivers import sps30 as dust_driver
    from lamppost.drivers import tfmini as lidar_driver

    meter = pzem004t.Twin({"values": {"volts": 231.4, "watts": 115.5, "pf": 0.91, "hertz": 49.9, "energy_wh": 70001}})
    assert meter_driver.decode(ask(meter, READ)) == {
        "u_mv": 231400, "i_ma": 549, "p_mw": 115500, "imp_mwh": 70001000, "f_mhz": 49900, "pf": 91,
    }  # fmt: skip
    lidar = tfmini.Twin({"values": {"mm": 2470, "strength": 900}})
    lidar.emitted(0)
    assert lidar_driver.decode(lidar.emitted(50_000)) == {"d_mm": 2470, "strength": 900}
    dust = sps30.Twin({"values": {"pm1": 8.25, "pm2_5": 10, "pm4": 11.5, "pm10": 12.5}})
    ask(dust, START)
    reading = dust_driver.decode(ask(dust, READ_AIR, 30 * SECOND))
    assert (reading["pm2_5"], reading["pm4"], reading["pm10"]) == (100, 115, 125) and reading["pm1"] in (82, 83)
    climate = bme280.Twin({"values": {"celsius": -7.3, "humidity": 81.5, "hpa": 987.6}})
    measured(climate)
    block = register(climate, 0x88, 26) + register(climate, 0xE1, 7) + register(climate, 0xF7, 8)
    assert climate_driver.decode(block) == {"t": -73, "rh": 815, "p": 9876}


# the same under MicroPython, with the heap of an ESP32

CONVERSATION = """
from binascii import hexlify, unhexlify
from parts import bme280, pzem004t, sps30, tfmini
SERIES
DAY = 86400 * 1000000
meter, lidar, dust, climate = pzem004t.Twin(OPTIONS), tfmini.Twin({}), sps30.Twin({}), bme280.Twin({})
dust.written(unhexlify("7E0000020103F97E"), DAY)
for step in range(600):
    now = DAY + step * 7300000
    meter.written(unhexlify("01040000000A700D"), now)
    dust.written(unhexlify("7E000300FC7E"), now)
    climate.set(celsius=step / 10 - 20)
    climate.write(b"\\xf2\\x01\\xf4\\x25", now)
    climate.write(b"\\xf7", now + 10000)
    said = meter.emitted(now + 200000), lidar.emitted(now + 1), dust.emitted(now + 200000), climate.read(8, now + 20000)
    if step % 20 == 0:
        print([hexlify(each).decode() for each in said])
"""


def test_the_twins_say_the_same_under_micropython_in_a_small_heap(tmp_path):
    rows = b"".join(struct.pack("<ii", 230000 + n, n * 10) for n in range(20000))
    (tmp_path / "day.series").write_bytes(rows)
    series = {"file": str(tmp_path / "day.series"), "columns": ["volts", "watts"], "step_us": SECOND, "smooth": True}
    folder = Path(pzem004t.__file__).parent.parent
    script = tmp_path / "conversation.py"
    options = json.dumps({"series": [series]}).replace("true", "True")
    text = CONVERSATION.replace("SERIES", f"OPTIONS = {options}")
    script.write_text(f"import sys\nsys.path.insert(0, {str(folder)!r})\n{text}")
    said = []
    for command in ([sys.executable], [str(Path(sys.executable).parent / "micropython"), "-X", "heapsize=110wK"]):
        done = subprocess.run([*command, str(script)], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr + done.stdout
        said.append(done.stdout.splitlines())
    assert len(said[0]) == 30
    assert said[0] == said[1]
