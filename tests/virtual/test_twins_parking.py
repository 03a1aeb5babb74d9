"""The simulated range finders, magnetometers, the radar and the pole's sensors against captures and data sheets."""

import math
import struct

import pytest
from lamplighter.virtual.parts import (
    a02yyuw,
    bh1750,
    ld2410,
    lis3dh,
    qmc5883l,
    rm3100,
    tfluna,
    tfmini,
    veml7700,
)  # fmt: skip
from real_frames import rows

SECOND = 1_000_000


def register(twin, number: int, count: int = 1, at: int = SECOND) -> bytes:
    twin.write(bytes([number]), at)
    return twin.read(count, at)


# range finders


@pytest.mark.parametrize("row", rows("A02YYUW", "frame"), ids=lambda row: row["hex"])
def test_the_ultrasonic_sensor_sends_the_captured_frame(row):
    twin = a02yyuw.Twin({"values": {"mm": row["decoded"]["distance_mm"]}, "period_ms": 100})
    twin.emitted(0)
    assert twin.emitted(110_000).hex().upper() == row["hex"]


@pytest.mark.parametrize(
    ("options", "values", "reads"),
    [
        ({}, {"mm": 10}, 30),
        ({}, {"mm": 4600}, 0),
        ({}, {"echo": 0}, 0),
        ({}, {"film": 1}, 26),
        ({}, {"mm": 3000, "celsius": -10}, 3168),  # sound is slower in the cold: it takes the wall for farther
        ({"model": "jsn-sr04t"}, {"mm": 100}, 200),
        ({"model": "jsn-sr04t"}, {"mm": 5500}, 5500),
    ],
)
def test_the_ultrasonic_sensor_is_wrong_in_its_own_ways(options, values, reads):
    twin = a02yyuw.Twin({**options, "values": values})
    twin.emitted(0)
    frame = twin.emitted(310_000)
    assert struct.unpack(">H", frame[1:3]) == (reads,) and sum(frame[:3]) & 0xFF == frame[3]


def test_the_triggered_kinds_speak_once_for_each_55_and_one_of_them_leaves_the_header_out_of_its_sum():
    twin = a02yyuw.Twin({"model": "aj-sr04m", "triggered": True, "values": {"mm": 1784}})
    assert twin.emitted(SECOND) == b""
    twin.written(b"\x55", SECOND)
    assert twin.emitted(2 * SECOND).hex() == "ff06f8fe"
    assert twin.emitted(3 * SECOND) == b""


def test_the_tf_luna_sends_the_published_frame_and_0_where_it_sees_nothing():
    (row,) = rows("TFmini-S / TF-Luna (TF02 frame)", "frame")
    twin = tfluna.Twin({"values": {"mm": 5560, "strength": 1080, "celsius": -256}})
    twin.emitted(0)
    assert twin.emitted(11_000).hex().upper() == row["hex"]
    for mm, reads in ((2400, 240), (2900, 0)):  # a black car
        twin = tfluna.Twin({"values": {"mm": mm, "reflectance": 0.1}})
        twin.emitted(0)
        assert struct.unpack("<H", twin.emitted(11_000)[2:4]) == (reads,)
    for values in ({"mm": 8100}, {"strength": 50}, {"sun": 1}):
        twin = tfluna.Twin({"values": values})
        twin.emitted(0)
        assert struct.unpack("<H", twin.emitted(11_000)[2:4]) == (0,)


def test_the_tf_luna_has_registers_on_i2c_and_a_hundredth_of_a_degree():
    twin = tfluna.Twin({"bus": "i2c", "values": {"mm": 1480, "strength": 900, "celsius": -4.5}})
    assert struct.unpack("<HHh", register(twin, 0, 6)) == (148, 900, -450)
    assert register(twin, 0x3C, 4) == b"LUNA" and register(twin, 0x22) == b"\x10"
    assert twin.emitted(SECOND) == b""
    twin.write(b"\x23\x01", SECOND)  # only when triggered
    twin.set(mm=2000)
    assert register(twin, 0, 2) == b"\x94\0"
    twin.write(b"\x24\x01", SECOND)
    assert register(twin, 0, 2) == b"\xc8\0"
    twin.write(b"\x22\x31\x00", SECOND)
    assert twin.address == 0x31
    twin.write(b"\x20\x01", SECOND)
    assert tfluna.Twin({"bus": "i2c", "state": twin.state()}).address == 0x31


def test_the_tfmini_answers_commands_on_i2c_and_sends_nothing_by_itself():
    twin = tfmini.Twin({"bus": "i2c", "values": {"mm": 1234, "strength": 900}})
    twin.emitted(0)
    twin.write(bytes.fromhex("5A05000160"), SECOND)
    frame = twin.read(9, SECOND)
    assert frame[:2] == b"YY" and struct.unpack("<HH", frame[2:6]) == (123, 900) and sum(frame[:8]) & 0xFF == frame[8]
    twin.write(bytes.fromhex("5A05000665"), SECOND)
    assert struct.unpack("<H", twin.read(9, SECOND)[2:4]) == (1234,)
    assert twin.emitted(2 * SECOND) == b""
    twin.fault("silence")
    with pytest.raises(OSError) as refusal:
        twin.read(9, SECOND)
    assert refusal.value.errno == 19


# the radar


REPORTS = rows("HLK-LD2410", "report")


@pytest.mark.parametrize("row", [row for row in REPORTS if row["computed"]["type"] == "basic"],
                         ids=lambda row: row["hex"][16:36])  # fmt: skip
def test_the_radar_reports_as_captured(row):
    raw = row["computed"]
    twin = ld2410.Twin({})
    # what it saw last stays in the frame, whoever is there now
    twin.set(moving_mm=raw["moving_cm"] * 10, still_mm=raw["static_cm"] * 10, detect_mm=raw["detect_cm"] * 10)
    twin.set(moving_energy=raw["moving_energy"], still_energy=raw["static_energy"])
    twin.emitted(0)
    twin.emitted(790_000)
    twin.set(moving_mm=raw["moving_cm"] * 10 if raw["state"] & 1 else -1)
    twin.set(still_mm=raw["static_cm"] * 10 if raw["state"] & 2 else -1)
    assert twin.emitted(805_000).hex().upper() == row["hex"]


def test_the_radar_keeps_its_last_distance_when_all_are_gone():
    twin = ld2410.Twin({"values": {"moving_mm": 1500}})
    twin.emitted(0)
    twin.emitted(SECOND)
    twin.set(moving_mm=-1)
    frame = twin.emitted(1_205_000)[-23:]
    assert frame[8] == 0 and struct.unpack("<H", frame[9:11]) == (150,)


def test_the_radar_tells_each_gate_in_engineering_mode():
    (theirs,) = [bytes.fromhex(row["hex"]) for row in REPORTS if row["computed"]["type"] == "engineering"]
    twin = ld2410.Twin({"values": {"moving_mm": 300, "moving_energy": 60, "still_mm": 1600, "still_energy": 57}})
    twin.emitted(0)
    twin.emitted(790_000)
    for body in ("0400FF000100", "02006200", "0200FE00"):
        twin.written(bytes.fromhex("FDFCFBFA" + body + "04030201"), 790_000)
    ours = twin.emitted(805_000)[-len(theirs) :]
    assert (ours[:12], ours[17:19], ours[-6:]) == (theirs[:12], theirs[17:19], theirs[-6:])
    assert ours[19] == theirs[19] == 60 and ours[30] == theirs[30] == 57  # moving at gate 0, still at gate 2


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("FF000100", "FF01000001004000"),
        ("A000", "A001000000000201" + "16240622"),
        ("A5000100", "A50100008F272EB80F65"),
        ("6200", "62010000"),
        ("6000000008000000010008000000020005000000", "60010000"),
    ],
)
def test_the_radar_acknowledges_as_its_protocol_prints(command, answer):
    assert any(answer in row["hex"] for row in rows("HLK-LD2410", "ack"))
    twin = ld2410.Twin({})
    twin.emitted(0)
    twin.emitted(SECOND)

    def say(body: str, at: int) -> bytes:
        data = bytes.fromhex(body)
        twin.written(b"\xfd\xfc\xfb\xfa" + struct.pack("<H", len(data)) + data + b"\4\3\2\1", at)
        return twin.emitted(at + 50_000)

    if command[:2] != "FF":
        assert say(command, SECOND)[:1] != b"\xfd"  # not before it is enabled
        say("FF000100", 2 * SECOND)
    body = bytes.fromhex(answer)
    whole = b"\xfd\xfc\xfb\xfa" + struct.pack("<H", len(body)) + body + b"\4\3\2\1"
    assert say(command, 3 * SECOND).endswith(whole)
    say("FE00", 4 * SECOND)
    assert b"\xf4\xf3\xf2\xf1" in twin.emitted(5 * SECOND)


def test_the_radar_babbles_after_a_restart_and_speaks_its_new_speed():
    twin = ld2410.Twin({})
    twin.emitted(0)
    assert b"\xf4\xf3\xf2\xf1" not in twin.emitted(600_000)
    assert b"\xf4\xf3\xf2\xf1" in twin.emitted(900_000)
    for body in ("0400FF000100", "0400A1000100", "0200A300"):
        twin.written(bytes.fromhex("FDFCFBFA" + body + "04030201"), SECOND)
    assert twin.baud == 9600
    assert twin.emitted(1_500_000) and b"\xf4\xf3\xf2\xf1" not in twin.emitted(1_600_000)
    assert b"\xf4\xf3\xf2\xf1" in twin.emitted(4 * SECOND)


# magnetometers


def test_the_rm3100_counts_75_a_microtesla_and_more_with_more_cycles():
    twin = rm3100.Twin({"values": {"x_ut": 20, "y_ut": -0.5, "z_ut": -43}})
    assert register(twin, 0x36) == b"\x22" and register(twin, 4, 6).hex() == "00c800c800c8"
    for cycles, gain in ((200, 74.92), (400, 148.34)):
        twin.write(b"\x04" + struct.pack(">HHH", cycles, cycles, cycles), SECOND)
        twin.write(b"\x00\x70", SECOND)
        assert register(twin, 0x34, at=SECOND + 1000) == b"\0"
        assert register(twin, 0x34, at=SECOND + 20_000) == b"\x80"
        result = register(twin, 0x24, 9, SECOND + 20_000)
        counts = [int.from_bytes(result[at : at + 3], "big", signed=True) for at in (0, 3, 6)]
        assert counts == [round(20 * gain), -round(0.5 * gain), -round(43 * gain)]
        assert register(twin, 0x34, at=SECOND + 20_000) == b"\0"


def test_the_rm3100_finds_its_own_broken_coil():
    for kind, axes in (("none", 0x70), ("coil", 0x60)):
        twin = rm3100.Twin({})
        twin.fault(kind)
        twin.write(b"\x33\x8f", 0)
        twin.write(b"\x00\x70", 0)
        assert register(twin, 0x33)[0] & 0x70 == axes


def test_the_qmc5883l_runs_by_the_published_setting_and_says_when_the_field_is_too_strong():
    (row,) = rows("QMC5883L", "control register 09")
    twin = qmc5883l.Twin({"values": {"x_ut": 30, "y_ut": -20, "z_ut": 500}})
    assert register(twin, 0x0D) == b"\xff" and register(twin, 6) == b"\0"
    twin.write(b"\x0b\x01", 0)
    twin.write(b"\x09" + bytes.fromhex(row["hex"]), 0)  # 200 Hz, 8 G: 3000 a gauss
    assert register(twin, 6, at=6_000) == b"\x01"
    assert struct.unpack("<hhh", register(twin, 0, 6, 6_000)) == (900, -600, 15000)
    assert register(twin, 6, at=7_000) == b"\0"
    twin.write(b"\x09\x0d", SECOND)  # 2 G: 12000 a gauss
    assert register(twin, 6, at=2 * SECOND)[0] & 3 == 3
    assert struct.unpack("<hhh", register(twin, 0, 6, 2 * SECOND)) == (3600, -2400, 32767)
    twin.write(b"\x0a\x80", 3 * SECOND)
    assert register(twin, 9, at=3 * SECOND) == b"\0"


# light, tilt


@pytest.mark.parametrize("lux", [0.5, 55, 900, 4000, 60_000])
def test_the_light_that_the_veml7700_counts_comes_back_by_the_application_note(lux):
    twin = veml7700.Twin({"values": {"lux": lux}})
    assert register(twin, 4, 2) == b"\0\0" and register(twin, 7, 2) == b"\x81\xc4"
    gain, setting = (2, 0x0800 | 0x00C0) if lux < 100 else (1 / 8, 0x1000)
    milliseconds = 800 if lux < 100 else 100
    twin.write(b"\0" + struct.pack("<H", setting), 0)
    assert register(twin, 4, 2, 50_000) == b"\0\0"
    (count,) = struct.unpack("<H", register(twin, 4, 2))
    x = count * 0.0042 * 2 / gain * 800 / milliseconds
    if x > 1000:
        x = 6.0135e-13 * x**4 - 9.3924e-9 * x**3 + 8.1488e-5 * x**2 + 1.0023 * x
    assert x == pytest.approx(lux, rel=0.01, abs=0.6)


def test_the_bh1750_looks_once_as_long_as_it_is_told_and_goes_to_sleep():
    twin = bh1750.Twin({"values": {"lux": 100}})
    twin.write(b"\x01", 0)
    twin.write(b"\x20", 0)
    assert twin.read(2, 100_000) == b"\0\0"
    assert struct.unpack(">H", twin.read(2, 125_000)) == (120,)
    twin.set(lux=200)
    assert struct.unpack(">H", twin.read(2, SECOND)) == (120,)  # asleep
    for command in (0x44, 0x6A, 0x11):  # 138: twice as long, at twice the resolution, again and again
        twin.write(bytes([command]), SECOND)
    assert struct.unpack(">H", twin.read(2, 1_230_000)) == (120,)
    assert struct.unpack(">H", twin.read(2, 1_250_000)) == (960,)


@pytest.mark.parametrize("tilt", [0, 5, 30, 90])
def test_the_tilt_of_the_pole_comes_out_of_the_lis3dh_by_trigonometry(tilt):
    twin = lis3dh.Twin({"values": {"tilt": tilt, "toward": 60}})
    assert register(twin, 0x0F) == b"\x33"
    twin.write(b"\x20\x27", 0)
    twin.write(b"\x23\x88", 0)  # high resolution, 2 g
    x, y, z = (value / 16 for value in struct.unpack("<hhh", register(twin, 0x28 | 0x80, 6)))
    assert math.degrees(math.atan2(math.hypot(x, y), z)) == pytest.approx(tilt, abs=0.1)
    assert math.hypot(x, y, z) == pytest.approx(1000, abs=2)
    first = register(twin, 0x29)
    assert register(twin, 0x29, 3) == first * 3  # without the highest bit the place stays


def test_the_lis3dh_remembers_a_blow_that_is_over():
    twin = lis3dh.Twin({})
    twin.write(b"\xa0\x27", 0)
    twin.write(b"\xa3\x88\x08", 0)
    twin.write(b"\xb0\x0a\x00\x20\x00", 0)  # x or y above 512 mg
    assert register(twin, 0x31, at=SECOND)[0] & 0x40 == 0
    twin.set(shake_mg=900)
    twin.set(shake_mg=None)
    assert register(twin, 0x31, at=2 * SECOND)[0] & 0x42 == 0x42
    assert register(twin, 0x31, at=3 * SECOND)[0] & 0x40 == 0
