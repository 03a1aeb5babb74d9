"""`lamplighter decode` reads captured frames with the node's own decoders."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from lamplighter import cli, paths
from lamplighter.commands import decode
from lamplighter.parts import catalogue, units
from lamplighter.problems import Problem, ReadingFault, UnknownPart
from watching import LAMPLIGHTER

PZEM = "01 04 14 08 2C 07 49 00 00 0E F5 00 00 4A E6 00 03 01 F4 00 62 00 00 1B DD"
TFMINI = "59 59 2C 02 38 04 00 00 1C"
READING = {
    "voltage_v": 209.2, "current_a": 1.865, "power_w": 382.9, "energy_wh": 215782, "frequency_hz": 50,
    "power_factor": 0.98,
}  # fmt: skip
DISTANCE = {"distance_mm": 5560, "strength": 1080}


def run(*arguments, stdin=None):
    return subprocess.run([LAMPLIGHTER, "decode", *arguments], capture_output=True, text=True, input=stdin, timeout=60)


def test_a_frame_becomes_a_table():
    done = run("pzem004t", PZEM)
    assert done.returncode == 0
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["voltage_v", "209.200", "V"] in rows
    assert ["power_factor", "0.98"] in rows


def test_a_frame_becomes_an_object_with_decimals_applied():
    assert json.loads(run("pzem004t", PZEM, "--json").stdout) == READING


def test_a_garbled_frame_is_exit_code_40_with_its_word():
    done = run("pzem004t", "01109429000000", "--json")
    assert done.returncode == 40
    answer = json.loads(done.stdout)
    assert answer["fault"] == "garbled"
    words = run("pzem004t", "01109429000000")
    assert words.returncode == 40
    assert "garbled: these bytes contain no complete frame" in words.stderr
    assert "docs/reference/faults.md" in words.stderr


def test_the_frame_may_come_from_standard_input():
    assert json.loads(run("tfmini", "-", "--json", stdin=TFMINI + "\n").stdout) == DISTANCE


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
        "0x59,0x59,0x2C,0x02,0x38,0x04,0x00,0x00,0x1C",
        "{0x59, 0x59, 0x2C, 0x2, 0x38, 0x4, 0x0, 0x0, 0x1C}",
        "\ufeff59.59.2C.02.38.04.00.00.1C (9)",
        "[59.59.2c.02.38.04.00.00.1c]",
        r"\x59\x59\x2C\x02\x38\x04\x00\x00\x1C",
        r"b'YY,\x028\x04\x00\x00\x1c'",
        "59h 59h 2Ch 02h 38h 04h 00h 00h 1Ch",
    ],
)
def test_blanks_colons_prefixes_and_noise_do_not_matter(ask, text):
    assert json.loads(ask("TFmini", text, "--json").stdout) == DISTANCE


def test_a_part_nobody_knows_is_told_with_the_nearest():
    with pytest.raises(UnknownPart, match="Did you mean tfmini"):
        decode.command.main(["tfmimi", "00"], standalone_mode=False)


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("5", "a group of one digit, 5;"),
        ("255 3 157 159", "a group of 3 digits, 255;"),
        ("03 157", "a group of 3 digits, 157;"),
        ("0x595", "a group of 3 digits, 595;"),
        ("5G", "'G', which is not a hexadecimal digit"),
        ("59.59 (3)", "HEX says 3 bytes and has 2"),
        (r"b'\xg'", "not a valid Python bytes literal"),
    ],
)
def test_what_is_no_hex_is_wrong_usage(ask, text, sentence):
    done = ask("tfmini", text)
    assert done.exit_code == 2
    assert sentence in done.output


@pytest.mark.parametrize(
    "part, options, reading, used",
    [
        ("ina226", [], {"voltage_v": 12.0, "current_a": 1.25, "power_w": 15.0}, "shunt_uohm=2000"),
        ("ina226", ["shunt_mohm=0.1"], {"voltage_v": 12.0, "current_a": 25.0, "power_w": 300.0}, "shunt_uohm=100"),
        ("ina226", ["shunt_uohm=0x64", "imax_a=30"], {"voltage_v": 12.0, "current_a": 25.0, "power_w": 300.0},
         "shunt_uohm=100, imax_a=30"),
    ],
)  # fmt: skip
def test_options_of_a_part_count_and_are_named_with_what_was_used(ask, part, options, reading, used):
    done = ask(part, "03 E8 25 80", "--json", *(word for one in options for word in ("--option", one)))
    assert json.loads(done.stdout) == reading and f"decoded with {used}\n" in done.stderr


def test_a_model_and_the_resistors_of_a_board_change_what_bytes_mean(ask):
    frame = "FF 00 FA F9"  # 250 mm: nearer than some models can hear
    assert json.loads(ask("a02yyuw", frame, "--json").stdout) == {"distance_mm": 250}
    assert json.loads(ask("a02yyuw", frame, "--option", "model=jsn_sr04t", "--json").stdout)["fault"] == "signal"
    usual = "00 00 10 00"
    assert json.loads(ask("ads1115", usual, "--option", "full_mv=256", "--option", "inputs=2,3", "--json").stdout) == {
        "input_2_v": 0, "input_3_v": 0.032}  # fmt: skip


@pytest.mark.parametrize(
    "part, option, sentence",
    [
        ("ina226", "shunt=3", "did you mean shunt_uohm?"), ("ina226", "shunt_uohm=9999999", "must be 10 to 1000000"),
        ("ina226", "shunt_uohm=two", "must be a whole number"), ("ina226", "shunt_mohm=0", "must be 10 to"),
        ("ina226", "baud=9600", "has no effect on decoding a ina226"), ("ina226", "x", "NAME=VALUE"),
        ("tfmini", "model=x", "no option changes it"),
        ("a02yyuw", "model=x", "must be one of a02yyuw"),
        ("ads1115", "inputs=1,1", "must be 1 to 4 different numbers"), ("ads1115", "inputs=", "must be a whole number"),
    ],
)  # fmt: skip
def test_an_option_that_cannot_be_is_wrong_usage(ask, part, option, sentence):
    done = ask(part, "00", "--option", option)
    assert done.exit_code == 2 and sentence in " ".join(done.output.split()), done.output


PARTS = catalogue.ids()


@pytest.mark.parametrize("part", PARTS)
def test_the_example_of_every_part_becomes_si_words(ask, part):
    answer = json.loads(ask(part, catalogue.get(part).example, "--json").stdout)
    words = {units.value(name, 1)[0] for name in catalogue.get(part).measures}
    clock = {"utc"} if part == "ds3231" else set()
    # a captured answer may be one of several that make a reading
    assert answer and set(answer) <= words | clock
    assert None not in answer.values() or part == "ld2410"


def test_every_quantity_of_the_firmware_that_a_part_gives_has_one_word():
    paths.importable()
    from lamppost.core import quantities

    measured = {name for part in catalogue.every() for name in part.measures} | {"utc_s"}
    assert set(units.WORDS) == measured - {"utc_s"} and measured <= set(quantities.QUANTITIES)
    words = [word for word, _ in units.WORDS.values()]
    assert len(set(words)) == len(words)
    for name in units.WORDS:
        decimals = quantities.decimals(name)
        # tenths of a hectopascal are tens of pascals; microvolts are shown as volts
        unit = name.split("_")[-1]
        small = 6 if unit == "uv" else 3 if unit in ("mv", "ma", "mw", "mvar", "mva", "mwh", "mhz") else 0
        assert units.WORDS[name][1] == (1 if name == "p" else -decimals - small), name


def test_a_missing_value_is_null(ask):
    nobody = "F4F3F2F10D0002AA0000000000003700005500F8F7F6F5"
    answer = json.loads(ask("ld2410", nobody, "--json").stdout)
    assert answer == {"presence": 0, "moving_distance_mm": None, "still_distance_mm": None}
    assert "null" in ask("ld2410", nobody).output


# as the file of captured frames names the parts -> ids of those that such a frame is an answer of
NAMES = {
    "PZEM-004T v3": ["pzem004t"],
    "PZEM-016 (same map as PZEM-004T v3)": ["pzem004t"],
    "Eastron SDM120/SDM630 (Modbus float)": ["sdm120", "sdm630"],
    "Chint DDSU666 (Modbus float)": ["ddsu666"],
    "generic Modbus float": ["ddsu666", "sdm120"],
    "CSE7766/CSE7759/HLW8032": ["cse7766"],
    "BL0942": ["bl0942"],
    "BL0940": ["bl0940"],
    "INA226": ["ina226"],
    "TFmini-S / TF-Luna (TF02 frame)": ["tfmini", "tfluna"],
    "A02YYUW / JSN-SR04T mode 2/3 UART": ["a02yyuw"],
    "HLK-LD2410": ["ld2410"],
    "PMS5003/PMS7003": ["pms5003"],
    "PMS5003T": ["pms5003t"],
    "PMS3003": ["pms3003"],
    "SDS011": ["sds011"],
    "SPS30 (SHDLC)": ["sps30"],
    "SHDLC (generic)": ["sps30"],
    "SCD4x": ["scd41"],
    "SHT4x": ["sht4x"],
    "SGP41": ["sgp41"],
    "BME280": ["bme280"],
    "BMP280 (same T/P formulas)": ["bmp280"],
    "ADS1115": ["ads1115"],
}
# a value of that file -> (SI word, factor, how far off its printed digits may be)
STATED = {
    "voltage_V": ("voltage_v", 1, 0.0051), "volts": ("voltage_v", 1, 0.0006), "value": ("voltage_v", 1, 0.0006),
    "current_A": ("current_a", 1, 0.00051), "power_W": ("power_w", 1, 0.0051), "energy_Wh": ("energy_wh", 1, 0),
    "frequency_Hz": ("frequency_hz", 1, 0.001), "pf": ("power_factor", 1, 0), "distance_cm": ("distance_mm", 10, 0),
    "distance_mm": ("distance_mm", 1, 0), "strength": ("strength", 1, 0), "moving_cm": ("moving_distance_mm", 10, 0),
    "pm01": ("pm1_ug_m3", 1, 0.0501), "pm1": ("pm1_ug_m3", 1, 0.0501), "pm25": ("pm2_5_ug_m3", 1, 0.0501),
    "pm2.5": ("pm2_5_ug_m3", 1, 0.0501), "pm04": ("pm4_ug_m3", 1, 0.0501), "pm4": ("pm4_ug_m3", 1, 0.0501),
    "pm10": ("pm10_ug_m3", 1, 0.0501), "temp_C": ("temperature_c", 1, 0.0501), "temp": ("temperature_c", 1, 0),
    "rh": ("humidity_percent", 1, 0.0501), "rhum": ("humidity_percent", 1, 0), "co2_ppm": ("co2_ppm", 1, 0),
    "pressure_Pa": ("pressure_pa", 1, 5), "volts_at_4.096FS": ("input_0_v", 1, 0.000001),
}  # fmt: skip
# raw counts of the BL094x -> SI, by the formulas of their data sheets with the resistors of the decoder's defaults
COUNTS = {
    "bl0942": {"v_rms": ("voltage_v", 1 / 15883.34116), "i_rms": ("current_a", 1 / 251065.6814),
               "watt": ("power_w", 1 / 623.0270705)},
    "bl0940": {"v_rms": ("voltage_v", 1.218 / 79931 * 1950.981 / 0.981 / 1000),
               "i_rms": ("current_a", 1.218 / 324004 / 1.034)},
}  # fmt: skip
SAID = {  # in words there
    "moving and stationary target": {"presence": 1},
    "stationary target": {"presence": 1},
    "no target": {"presence": 0},
    "starts and ends mid-frame: three frames of 1784 mm inside": {"distance_mm": 1784},
    "tail byte of a lost frame, one good frame 1779 mm, then FF 06 F3 08 with a WRONG checksum (should be F8)": {
        "distance_mm": 1779
    },
    "VOC raw 28000, NOx raw 16000 (a simulator's golden bytes, not a real device)": {
        "voc_raw": 28000, "nox_raw": 16000,
    },
    "ok, all valid": {"voltage_v": 194400 / 939},
    "power cycle exceeds range: no load": {"power_w": 0},
    "ok voltage": {"voltage_v": 187200 / 805},
}
# what asks a meter of address 1 for its voltage
VOLTAGE_QUESTION = {
    "sdm120": "01 04 00 00 00 02 71 CB", "sdm630": "01 04 00 00 00 02 71 CB", "ddsu666": "01 04 20 00 00 02 7A 0B",
}  # fmt: skip
NO_READING = ("foreign", "refused", "warming", "signal", "range", "garbled")
MARKED = "anywhere|checksum|answers|noise"  # what is decoded has a mark or checksum of its own
ONE_REGISTER = ("INA226", "config register", "register words")  # pieces of an answer


def captures():
    """(part, row) of what parts said; commands to them and single registers are nobody's answer."""
    rows = json.loads((Path(__file__).parents[1] / "data/sensor_frames.json").read_text(encoding="utf-8"))
    return [
        (part, row)
        for row in rows
        for part in NAMES.get(row["part"], ())
        if not re.search("request|command|write|word", row["direction"])
        and row["part"] not in ONE_REGISTER and row["direction"] not in ONE_REGISTER
    ]  # fmt: skip


def stated(part, row):
    """{SI word: (number, tolerance)} that the file states for a frame; {} where it holds no reading."""
    said = row["decoded"]
    if isinstance(said, str):
        return {word: (number, 0.0005) for word, number in SAID.get(said, {}).items()}
    found = {}
    signed = {name: row.get("computed", {})[name] for name in ("watt",) if name in row.get("computed", {})}
    for name, number in {**signed, **said}.items():
        if number is None:
            continue
        if name in COUNTS.get(part, {}):
            word, factor = COUNTS[part][name]
            found[word] = (number * factor, abs(number * factor) * 0.002 + 0.0006)
        elif name in STATED:
            word, factor, off = STATED[name]
            found[word] = (float(number) * factor, off * factor)
    if part == "sdm630":
        found = {word.replace("voltage_v", "voltage_l1_v"): number for word, number in found.items()}
    return found


@pytest.mark.parametrize("part, row", captures(), ids=lambda one: one if isinstance(one, str) else one["hex"][:16])
def test_captured_frames_mean_what_was_written_beside_them(ask, part, row):
    raw = row["hex"]
    if part == "bl0942" and row["checksum_ok"] is None:  # recorded without its last byte
        raw += f"{~(0x58 + sum(bytes.fromhex(raw))) & 0xFF:02x}"
    done = ask(part, raw, "--json")
    answer = json.loads(done.stdout)
    wanted = stated(part, row)
    if wanted and part in VOLTAGE_QUESTION:  # an answer of two registers has no name of its own
        assert (answer["fault"], "its question says which" in answer["detail"]) == ("foreign", True)
        done = ask(part, VOLTAGE_QUESTION[part], raw, "--json")
        answer = json.loads(done.stdout)
    if part == "scd41" and str(row["decoded"]).startswith("serial"):
        # nine bytes like those of a measurement, with a CO2 that no cell measures: as if that cell were dead
        assert (done.exit_code, answer["co2_ppm"]) == (0, None)
    elif (row["checksum_ok"] is False or "must be refused" in str(row["decoded"])) and not wanted:
        assert (done.exit_code, answer["fault"]) == (40, "garbled")
    elif wanted:
        assert done.exit_code == 0, answer
        for word, (number, off) in wanted.items():
            assert answer[word] == pytest.approx(number, abs=off or 1e-9), word
    else:  # a good frame that holds no reading: version, status, refusal
        assert done.exit_code == 40 and answer["fault"] in NO_READING, answer


def test_no_captured_answer_is_left_out_and_most_state_values():
    found = captures()
    heard = {part for part, _ in found}
    assert len(found) > 100 and heard == {part for each in NAMES.values() for part in each} - {"ina226"}
    with_values = [1 for part, row in found if stated(part, row)]
    assert len(with_values) > 80


def test_the_registers_of_a_data_sheet_s_example_make_its_reading(ask):
    rows = {row["decoded"].get("reg", "")[:4]: row for row in json.loads(
        (Path(__file__).parents[1] / "data/sensor_frames.json").read_text(encoding="utf-8")
    ) if row["part"] == "INA226" and isinstance(row["decoded"], dict)}  # fmt: skip
    answer = json.loads(ask("ina226", rows["0x01"]["hex"] + rows["0x02"]["hex"], "--json").stdout)
    assert answer == {"voltage_v": rows["0x02"]["decoded"]["volts"], "current_a": rows["0x04"]["decoded"]["amps"],
                      "power_w": pytest.approx(rows["0x03"]["decoded"]["watts"])}  # fmt: skip


@pytest.mark.parametrize("noise", [("00 F0 01 E8 00", ""), ("", "00 F0"), ("FF 55 7E 01 03 00", "59 AA 7E 01 00")])
@pytest.mark.parametrize("part", [part.id for part in catalogue.every() if re.search(MARKED, part.decode)])
def test_noise_around_a_frame_does_not_matter(ask, part, noise):
    frame = catalogue.get(part).example
    clean = ask(part, frame, "--json").stdout
    assert json.loads(ask(part, noise[0], frame, noise[1], "--json").stdout) == json.loads(clean)


def test_a_problem_is_an_object_too_with_json():
    done = run("bmp380", "00", "--json")
    assert done.returncode == 41
    assert json.loads(done.stdout)["error"] == "unknown-part"
    assert ReadingFault.exit_code == 40
