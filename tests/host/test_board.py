"""Boards: the three in the repository are right, and a wrong one is refused with file, line, key and remedy."""

import hashlib
import struct
from pathlib import Path

import pytest
from lamplighter.boards import board_file, partitions
from lamplighter.paths import folder
from lamplighter.problems import BoardInvalid

ESP32 = (folder("boards") / "lamppost-esp32" / "board.toml").read_text()


def spoilt(tmp_path: Path, *changes: tuple[str, str], text: str = ESP32, name: str = "lamppost-esp32") -> list[str]:
    """What is said about a board file with these changes."""
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (tmp_path / name).mkdir()
    (tmp_path / name / "board.toml").write_text(text)
    with pytest.raises(BoardInvalid) as refusal:
        board_file.load(name, tmp_path)
    return refusal.value.details


@pytest.mark.parametrize("name", board_file.names())
def test_every_board_that_comes_along_loads_without_a_warning(name):
    board = board_file.load(name)
    assert board.name == name
    assert board.warnings == ()
    assert {part.part for part in board.fitted} == {"pzem004t", "tfmini", "sps30", "bme280"}


def test_there_are_the_three_boards_and_all_have_psram():
    assert board_file.names() == ["lamppost-esp32", "lamppost-esp32s3", "lamppost-esp32s3-n8r2"]
    loaded = [board_file.load(name) for name in board_file.names()]
    assert [board.flash_size >> 20 for board in loaded] == [8, 8, 8]
    assert [(board.psram, board.psram_size >> 20) for board in loaded] == [("quad", 4), ("octal", 8), ("quad", 2)]
    assert all(board.micropython.versions == ("1.26", "1.29") for board in loaded)


@pytest.mark.parametrize("name", board_file.names())
def test_the_table_has_two_slots_a_journal_of_1_mb_and_fills_the_flash(name):
    board = board_file.load(name)
    journal, vfs = board.partition("journal"), board.partition("vfs")
    assert [board.partition(slot).size for slot in ("ota_0", "ota_1")] == [0x1C0000, 0x1C0000]
    assert (journal.type, journal.subtype, journal.size) == (1, 0x40, 1 << 20)
    assert (vfs.type, vfs.subtype, vfs.size, vfs.end) == (1, 0x81, 0x370000, board.flash_size)


@pytest.mark.parametrize("name", board_file.names())
def test_the_table_in_flash_carries_the_md5_that_the_boot_loader_checks(name):
    rows = board_file.load(name).partitions
    table = partitions.encode(rows)
    end = 32 * len(rows)
    assert len(table) == 0xC00
    assert table[:4] == b"\xaa\x50" + bytes([rows[0].type, rows[0].subtype])
    assert struct.unpack_from("<II", table, 4) == (0x9000, rows[0].size)
    assert table[end : end + 16] == b"\xeb\xeb" + b"\xff" * 14
    assert table[end + 16 : end + 32] == hashlib.md5(table[:end]).digest()
    assert set(table[end + 32 :]) == {0xFF}
    assert partitions.decode(table) == list(rows)


def test_a_damaged_table_is_no_table():
    table = bytearray(partitions.encode(board_file.load("lamppost-esp32").partitions))
    table[8] ^= 1
    with pytest.raises(ValueError, match="MD5"):
        partitions.decode(bytes(table))


def test_several_faults_are_all_said_at_once_in_the_order_of_the_file(tmp_path):
    details = spoilt(
        tmp_path,
        ("lamp_pwm = 18", "lamp_pwm = 34\nlamp_pwn = 18"),
        ("rx = 33", "rx = 6"),
        ("offset = 0x1D0000", "offset = 0x150000"),
        ('part = "tfmini"', 'part = "tfminy"'),
    )
    assert len(details) == 6  # GPIO 34 is taken twice: wrong direction, and presence has it too
    lines = [int(detail.split(":")[1]) for detail in details]
    assert lines == sorted(lines)
    text = "\n".join(details)
    assert "overlaps ota_0" in text and "start it at 0x1D0000" in text
    assert "GPIO 6 belongs to the flash chip" in text
    assert "pins.lamp_pwn: there is no such key; known are lamp_pwm, lamp_relay" in text
    assert "did you mean tfmini?" in text


def test_the_line_that_is_named_is_the_line_that_is_wrong(tmp_path):
    details = spoilt(tmp_path, ("status_led = 23", "status_led = 38"))
    number = next(n for n, line in enumerate(ESP32.splitlines(), 1) if line.startswith("status_led"))
    assert details == [
        f"boards/lamppost-esp32/board.toml:{number}: pins.status_led: GPIO 38 is input only and this is an output; "
        "use a free pin: 4, 23."
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("lamp_relay = 19", "lamp_relay = 18", "GPIO 18 is used by pins.lamp_pwm already"),
        ("lamp_relay = 19", "lamp_relay = 20", "the ESP32 has no GPIO 20"),
        ("lamp_relay = 19", "lamp_relay = 3", "GPIO 3 belongs to the console (UART 0)"),
        ("uart = 1\n", "uart = 0\n", "the ESP32 has no free UART 0; use 1 or 2"),
        ("tx = 27", "tx = 36", "buses.parking.tx: GPIO 36 is input only and this is an output"),
        ("scl = 22", "scl = 39", "buses.i2c0.scl: GPIO 39 is input only and this is an output"),
        ('bus = "i2c0"', 'bus = "air"', "bme280 needs i2c, air is uart; use i2c0"),
        ('bus = "i2c0"', 'bus = "i2c"', "there is no bus i2c; did you mean i2c0?"),
        ('id = "dust"', 'id = "meter"', "fitted[0] (meter) has the same id"),
        ('id = "dust"', 'id = "dust"\nwarn_s = 8', "warn_s: there is no such key; did you mean warm_s?"),
        ('id = "dust"', 'id = "dust"\nwarm_s = -1', "fitted[2].warm_s: -1 is below the minimum of 0"),
        ("address = 0x76", "address = 0x78", "120 is above the maximum of 119"),
        ("offset = 0x390000", "offset = 0x390100", "0x390100 is not at a multiple of 0x1000"),
        ("offset = 0x10000, ", "offset = 0x11000, ", "0x11000 is not at a multiple of 0x10000, as an app must be"),
        ("size = 0x370000", "size = 0x371000", "vfs ends at 0x801000, the flash at 0x800000; make it 0x370000 or less"),
        ("size = 0x370000", "size = 0x36F800", "not a whole number of 4096-byte sectors"),
        ('"journal",  type = "data", subtype = "journal"', '"journal",  type = "data", subtype = "nvs"',
         "journal has type 1, subtype 0x02; use type 1, subtype 0x40"),
        ("offset = 0x9000,   size = 0x4000", "offset = 0x8000,   size = 0x4000", "lie below 0x9000"),
        ("size = 0x100000}", "size = 0x8000}", "the journal needs 64 kB at least"),
        ("offset = 0xD000,   size = 0x2000", "offset = 0xD000,   size = 0x1000", "otadata partition of 0x2000"),
        ("offset = 0x1D0000, size = 0x1C0000", "offset = 0x1D0000, size = 0x1B0000", "the same size"),
        ('chip = "esp32"', 'chip = "esp23"', "did you mean esp32?"),
        ('flash_size = "8MB"', 'flash_size = "2MB"', 'flash_size: must be one of 4MB, 8MB, 16MB, not "2MB"'),
        ("lamp_pwm = 18", 'lamp_pwm = "18"', 'pins.lamp_pwm: must be a whole number, not "18"; give a GPIO number'),
        ('title = "ESP32 (WROVER-E, 8 MB)"\n', "", "title: is missing (the board in a few words); add it"),
        ("lamp_relay = 19", "lamp_relay = 16", "GPIO 16 belongs to the module's PSRAM; use a free pin: 4"),
        ("tx = 32\nrx = 33", "tx = 17\nrx = 16", "buses.meter.tx: GPIO 17 belongs to the module's PSRAM"),
        ('psram = "quad"', 'psram = "octal"', "psram: the ESP32 has no octal PSRAM; write quad"),
        ('psram = "quad"', 'psram = "none"', 'psram: must be one of quad, octal, not "none"'),
        ('psram = "quad"\n', "", "psram: is missing"),
        ('name = "lamppost-esp32"', 'name = "lamppost"', "the folder is named lamppost-esp32"),
        ("lamp_pwm = 18", "lamp_pwm == 18", "not TOML"),
    ],
)  # fmt: skip
def test_a_board_that_cannot_work_is_refused_with_cause_and_remedy(tmp_path, old, new, said):
    details = spoilt(tmp_path, (old, new))
    assert any(said in detail for detail in details), details
    assert all(detail.startswith("boards/lamppost-esp32/board.toml:") and "; " in detail for detail in details)


RS485 = """[buses.meter]
kind = "rs485"
uart = 2
tx = 32
rx = 33
de = 4
"""
METER = """[buses.meter]
kind = "uart"
uart = 2
tx = 32
rx = 33
"""
SECOND = """[[fitted]]
id = "meter-2"
part = "pzem004t"
bus = "meter"
address = 2

[[fitted]]
id = "bay-1"
"""


def with_rs485(tmp_path: Path, text: str) -> board_file.Board:
    (tmp_path / "lamppost-esp32").mkdir()
    (tmp_path / "lamppost-esp32" / "board.toml").write_text(text)
    return board_file.load("lamppost-esp32", tmp_path)


def test_two_meters_share_an_rs485_bus_with_a_direction_pin(tmp_path):
    text = ESP32.replace(METER, RS485).replace('[[fitted]]\nid = "bay-1"\n', SECOND)
    board = with_rs485(tmp_path, text)
    assert board.warnings == ()
    assert board.node_document()["buses"]["meter"] == {"kind": "rs485", "uart": 2, "tx": 32, "rx": 33, "de": 4}
    assert [part.address for part in board.fitted if part.bus == "meter"] == [1, 2]


def test_an_adapter_that_turns_round_by_itself_takes_no_pin(tmp_path):
    board = with_rs485(tmp_path, ESP32.replace(METER, RS485.replace("de = 4\n", "")))
    assert "de" not in board.buses["meter"]


@pytest.mark.parametrize(
    ("bus", "fitted", "said"),
    [
        (RS485.replace("de = 4", "de = 32"), "", "GPIO 32 is used by buses.meter.tx already"),
        (RS485.replace("de = 4", "de = 36"), "", "GPIO 36 is input only and this is an output"),
        (RS485.replace("de = 4", "de = 6"), "", "GPIO 6 belongs to the flash chip"),
        (RS485.replace("de = 4", 'de = "4"'), "", 'buses.meter.de: must be a whole number, not "4"'),
        (RS485.replace("uart = 2", "uart = 0"), "", "the ESP32 has no free UART 0; use 1 or 2"),
        (RS485.replace("rs485", "rs-485"), "", "did you mean rs485?"),
        (METER + "de = 4\n", "", "buses.meter.de: there is no such key"),
        (RS485, 'bus = "meter"\naddress = 1\n\n[[fitted]]\nid = "m2"\npart = "pzem004t"\n', "same place on the bus"),
        (RS485, 'bus = "meter"\n\n[[fitted]]\nid = "x"\npart = "bl0942"\n', "bl0942 needs uart, meter is rs485"),
    ],
)
def test_an_rs485_bus_that_cannot_work_is_refused(tmp_path, bus, fitted, said):
    changes = [(METER, bus)]
    if fitted:
        changes.append(('bus = "meter"\n', fitted + 'bus = "meter"\n'))
    details = spoilt(tmp_path, *changes)
    assert any(said in detail for detail in details), details


@pytest.mark.parametrize(
    ("name", "pin", "said"),
    [
        ("lamppost-esp32s3", 26, "GPIO 26 belongs to the module's octal PSRAM"),
        ("lamppost-esp32s3", 30, "GPIO 30 belongs to the flash chip"),
        ("lamppost-esp32s3", 33, "GPIO 33 belongs to the module's octal PSRAM"),
        ("lamppost-esp32s3", 37, "GPIO 37 belongs to the module's octal PSRAM"),
        ("lamppost-esp32s3-n8r2", 26, "GPIO 26 belongs to the module's PSRAM"),
        ("lamppost-esp32s3-n8r2", 32, "GPIO 32 belongs to the flash chip"),
        ("lamppost-esp32s3", 20, "GPIO 20 belongs to USB"),
    ],
)
def test_a_pin_that_the_s3_module_uses_for_flash_or_psram_is_refused(tmp_path, name, pin, said):
    text = (folder("boards") / name / "board.toml").read_text()
    details = spoilt(tmp_path, ("lamp_relay = 11", f"lamp_relay = {pin}"), text=text, name=name)
    assert len(details) == 1 and f"pins.lamp_relay: {said}; use a free pin: 2, 11, 21" in details[0]


def test_pins_33_to_37_are_free_where_the_psram_is_quad(tmp_path):
    name = "lamppost-esp32s3-n8r2"
    text = (folder("boards") / name / "board.toml").read_text().replace("lamp_relay = 11", "lamp_relay = 33")
    (tmp_path / name).mkdir()
    (tmp_path / name / "board.toml").write_text(text)
    assert board_file.load(name, tmp_path).warnings == ()


def test_a_strapping_pin_is_warned_of_until_somebody_says_why(tmp_path):
    (tmp_path / "lamppost-esp32").mkdir()
    path = tmp_path / "lamppost-esp32" / "board.toml"
    risky = ESP32.replace("status_led = 23", "status_led = 12")
    path.write_text(risky)
    warnings = board_file.load("lamppost-esp32", tmp_path).warnings
    assert len(warnings) == 1 and "pins.status_led: GPIO 12: strapping pin" in warnings[0]
    path.write_text(risky + '\n[accepted]\n12 = "the flash voltage is fixed by eFuse"\n')
    assert board_file.load("lamppost-esp32", tmp_path).warnings == ()


def test_a_misspelt_board_is_guessed():
    with pytest.raises(BoardInvalid) as refusal:
        board_file.load("lampost-esp32s3")
    assert refusal.value.remedy == "Did you mean lamppost-esp32s3?"
    assert refusal.value.exit_code == 21


def test_the_node_is_told_its_buses_and_pins():
    document = board_file.load("lamppost-esp32").node_document()
    assert document["board"] == "lamppost-esp32" and document["chip"] == "esp32"
    assert document["buses"]["meter"] == {"kind": "uart", "uart": 2, "tx": 32, "rx": 33}
    assert document["buses"]["i2c0"] == {"kind": "i2c", "i2c": 0, "scl": 22, "sda": 21}
    assert document["pins"]["lamp_pwm"] == 18
