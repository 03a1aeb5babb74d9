"""`lamplighter decode` reads captured frames with the node's own decoders."""

import json
import random
import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from lamplighter import cli
from lamplighter.commands import decode
from lamplighter.problems import Problem, ReadingFault, UnknownPart
from watching import LAMPLIGHTER

PZEM = "01 04 14 08 2C 07 49 00 00 0E F5 00 00 4A E6 00 03 01 F4 00 62 00 00 1B DD"
TFMINI = "59 59 2C 02 38 04 00 00 1C"
READING = {"u_mv": 209200, "i_ma": 1865, "p_mw": 382900, "imp_mwh": 215782000, "f_mhz": 50000, "pf": 0.98}


def run(*arguments, stdin=None):
    return subprocess.run([LAMPLIGHTER, "decode", *arguments], capture_output=True, text=True, input=stdin, timeout=60)


def test_a_frame_becomes_a_table():
    done = run("pzem004t", PZEM)
    assert done.returncode == 0
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["u_mv", "209200", "mV"] in rows
    assert ["pf", "0.98"] in rows


def test_a_frame_becomes_an_object_with_decimals_applied():
    assert json.loads(run("pzem004t", PZEM, "--json").stdout) == READING


def test_a_garbled_frame_is_exit_code_40_with_its_word():
    done = run("pzem004t", "01109429000000", "--json")
    assert done.returncode == 40
    answer = json.loads(done.stdout)
    assert answer["fault"] == "garbled"
    words = run("pzem004t", "01109429000000")
    assert words.returncode == 40
    assert "garbled: no frame among these bytes is whole" in words.stderr
    assert "docs/reference/faults.md" in words.stderr


def test_the_frame_may_come_from_standard_input():
    assert json.loads(run("tfmini", "-", "--json", stdin=TFMINI + "\n").stdout) == {"d_mm": 5560, "strength": 1080}


@pytest.fixture
def ask():
    """decode within this process: (exit code or problem, output)."""

    def _ask(*arguments):
        done = CliRunner().invoke(cli.lamplighter, ["decode", *arguments])
        if done.exception is not None and not isinstance(done.exception, SystemExit | Problem):
            raise done.exception
        return done

    return _ask


@pytest.mark.parametrize(
    "text",
    [
        TFMINI.replace(" ", ""),
        TFMINI.replace(" ", ":").lower(),
        " ".join("0x" + byte for byte in TFMINI.split()),
        "ff 00 59 " + TFMINI + " aa 59",
        "59592c02 38040000 1c",
    ],
)
def test_blanks_colons_prefixes_and_noise_do_not_matter(ask, text):
    assert json.loads(ask("TFmini", text, "--json").output) == {"d_mm": 5560, "strength": 1080}


def test_a_part_nobody_knows_is_told_with_the_nearest():
    with pytest.raises(UnknownPart, match="Did you mean tfmini"):
        decode.command.main(["tfmimi", "00"], standalone_mode=False)


@pytest.mark.parametrize(
    "text, sentence", [("5", "half a byte is missing"), ("5G", "'G', which is no hexadecimal digit")]
)
def test_what_is_no_hex_is_wrong_usage(ask, text, sentence):
    done = ask("tfmini", text)
    assert done.exit_code == 2
    assert sentence in done.output


NAMES = {
    "PZEM-004T v3": "pzem004t",
    "PZEM-016 (same map as PZEM-004T v3)": "pzem004t",
    "TFmini-S / TF-Luna (TF02 frame)": "tfmini",
    "SPS30 (SHDLC)": "sps30",
    "BME280": "bme280",
}
CONTRACT = {"voltage_V": ("u_mv", 1000), "current_A": ("i_ma", 1000), "power_W": ("p_mw", 1000), "pf": ("pf", 1),
            "energy_Wh": ("imp_mwh", 1000), "frequency_Hz": ("f_mhz", 1000), "distance_cm": ("d_mm", 10),
            "strength": ("strength", 1), "pm01": ("pm1", 1), "pm25": ("pm2_5", 1), "pm04": ("pm4", 1),
            "pm10": ("pm10", 1), "temp_C": ("t", 1), "rh": ("rh", 1)}  # fmt: skip


def captures():
    rows = json.loads((Path(__file__).parents[1] / "data/sensor_frames.json").read_text(encoding="utf-8"))
    # what a part said; commands to it are nobody's answer
    return [row for row in rows if row["part"] in NAMES and not re.search("request|command|write", row["direction"])]


@pytest.mark.parametrize("row", captures(), ids=lambda row: f"{row['part'][:8]}-{row['hex'][:12]}")
def test_captured_frames_mean_what_was_written_beside_them(ask, row):
    done = ask(NAMES[row["part"]], row["hex"], "--json")
    answer = json.loads(done.output)
    if row["checksum_ok"] is False:
        assert (done.exit_code, answer["fault"]) == (40, "garbled")
    elif isinstance(row["decoded"], dict) and (known := row["decoded"].keys() & CONTRACT):
        for name in known:
            ours, factor = CONTRACT[name]
            # printed with one decimal by whoever captured it
            assert answer[ours] == pytest.approx(float(row["decoded"][name]) * factor, abs=0.051), name
    else:  # a good frame that holds no reading: version, status, refusal
        assert answer["fault"] in ("foreign", "refused", "warming", "signal", "range")


@pytest.mark.parametrize("part", ["pzem004t", "tfmini", "sps30", "bme280"])
def test_any_bytes_at_all_give_a_reading_or_a_fault_word(part):
    from lamplighter import firmware

    firmware.importable()
    from lamppost.core.faults import SensorFault
    from lamppost.drivers import shelf

    chance = random.Random(part)
    frames = [bytes.fromhex(row["hex"]) for row in captures() if NAMES[row["part"]] == part]
    words = set()
    for _ in range(2000):
        raw = bytearray(chance.choice([*frames, b""]))
        for _ in range(chance.randrange(4)):
            raw.insert(chance.randrange(len(raw) + 1), chance.randrange(256))
        del raw[chance.randrange(len(raw) + 1) :]
        try:
            shelf.decode(part, bytes(raw))
        except SensorFault as fault:
            words.add(fault.word)
    assert words
    assert words <= decode.MEANING.keys()


def test_a_problem_is_an_object_too_with_json():
    done = run("bmp280", "00", "--json")
    assert done.returncode == 41
    assert json.loads(done.stdout)["error"] == "unknown-part"
    assert ReadingFault.exit_code == 40
