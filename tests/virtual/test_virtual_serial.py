"""The virtual lamppost to unmodified esptool and mpremote, each as a process of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from lamplighter.boards import board_file
from lamplighter.image import build, esp_format

BIN = Path(sys.executable).parent


def run(tool, *arguments, timeout=40):
    return subprocess.run([BIN / tool, *map(str, arguments)], capture_output=True, text=True, timeout=timeout)


def esptool(lamp, *arguments):
    done = run("esptool", "--port", lamp.port, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def mpremote(lamp, *arguments):
    done = run("mpremote", "connect", lamp.port, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def lamp(virtual_lamppost):
    """One with plain MicroPython on it: no boot.py of ours that waits for a rescuer."""
    lamp = virtual_lamppost(flashed=False)
    whole = build.build(lamp.board, build.standin(lamp.board))
    lamp.flash_image(build.Image(**{**vars(whole), "parts": tuple(p for p in whole.parts if p.name != "vfs")}))
    lamp.console.wait_for(">>> ")
    return lamp


@pytest.mark.parametrize(
    ("name", "chip", "size"),
    [("lamppost-esp32", "ESP32-D0WD-V3", "8MB"), ("lamppost-esp32s3", "ESP32-S3", "8MB")],
)
def test_esptool_finds_chip_and_flash_size_of_a_blank_board(virtual_lamppost, name, chip, size):
    lamp = virtual_lamppost(name, flashed=False)
    lamp.console.wait_for("invalid header: 0xffffffff")
    assert lamp.state == "blank"
    said = esptool(lamp, "flash-id")
    assert re.search(rf"Chip type: +{chip} \(", said)
    assert f"Detected flash size: {size}" in said
    assert lamp.mac.hex(":") in said


@pytest.mark.parametrize("name", board_file.names())
def test_a_blank_board_runs_after_esptool_wrote_the_whole_image(virtual_lamppost, tmp_path, name):
    lamp = virtual_lamppost(name, flashed=False)
    whole = build.build(lamp.board, build.standin(lamp.board), tmp_path / "whole.bin")
    lamp.console.forget()
    said = esptool(lamp, "-b", "921600", "write-flash", "0x0", tmp_path / "whole.bin")
    assert "Hash of data verified" in said
    lamp.wait_state("running")
    otadata = lamp.board.partition("otadata")  # the boot loader has written it at the first start
    for segment in (*whole.parts, build.Segment("rest", otadata.end, whole.flash()[otadata.end :])):
        if segment.name != "otadata":
            assert lamp.read_flash(segment.offset, len(segment.data)) == segment.data
    lamp.console.wait_for("lamppost: Ctrl-C within 1.5 s gives the REPL")


@pytest.mark.parametrize("stub", [[], ["--no-stub"]])
@pytest.mark.parametrize("packed", ["--compress", "--no-compress"])
def test_esptool_writes_verifies_and_reads_back(virtual_lamppost, tmp_path, stub, packed):
    lamp = virtual_lamppost(flashed=False)
    data = os.urandom(30000) + bytes(5000) + b"\xc0\xdb" * 500
    (tmp_path / "in").write_bytes(data)
    esptool(lamp, *stub, "write-flash", packed, "0x20000", tmp_path / "in")
    assert lamp.read_flash(0x20000, len(data)) == data
    assert "digest matched" in esptool(lamp, *stub, "verify-flash", "0x20000", tmp_path / "in")
    esptool(lamp, *stub, "read-flash", "0x20000", "9000", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == data[:9000]


def test_esptool_rewrites_only_what_differs(virtual_lamppost, tmp_path):
    lamp = virtual_lamppost(flashed=False)
    old = os.urandom(40000)
    new = old[:20000] + b"changed" + old[20007:]
    (tmp_path / "old").write_bytes(old)
    (tmp_path / "new").write_bytes(new)
    esptool(lamp, "write-flash", "0x20000", tmp_path / "old")
    said = esptool(lamp, "write-flash", "0x20000", tmp_path / "new", "--diff-with", tmp_path / "old")
    assert "Reflashing 1 changed sector" in said
    assert lamp.read_flash(0x20000, len(new)) == new
    said = esptool(lamp, "write-flash", "--skip-flashed", "0x20000", tmp_path / "new")
    assert "skip" in said.lower()


def test_esptool_erases_a_region_and_all(virtual_lamppost):
    lamp = virtual_lamppost()
    assert lamp.read_flash(0x8000, 2) == b"\xaa\x50"
    esptool(lamp, "erase-region", "0x8000", "0x1000")
    assert lamp.read_flash(0x8000, 4096) == b"\xff" * 4096
    assert lamp.read_flash(0x1000, 1) == b"\xe9"
    lamp.console.wait_for("Failed to verify partition table")
    esptool(lamp, "erase-flash")
    assert lamp.read_flash(0, lamp.board.flash_size) == b"\xff" * lamp.board.flash_size
    lamp.wait_state("blank")


def test_an_image_for_another_chip_does_not_start(virtual_lamppost):
    lamp = virtual_lamppost(flashed=False)
    other = board_file.load("lamppost-esp32s3")
    loader = next(p for p in build.build(other, build.standin(other)).parts if p.name == "loader")
    lamp.flash_image(bytes(b"\xff" * 0x1000 + loader.data))
    lamp.console.wait_for("for another chip")
    assert lamp.state == "blank"


def test_a_table_beyond_the_flash_size_in_the_boot_loaders_header_does_not_start(virtual_lamppost):
    lamp = virtual_lamppost(flashed=False)
    parts = build.build(lamp.board, build.standin(lamp.board)).parts
    official = build.standin(lamp.board).read_bytes()[:0x4000]  # its header says 4 MB
    lamp.flash_image([(part.offset, part.data) for part in parts] + [(0x1000, official)])
    wanted = r"partition 5 invalid - offset 0x390000 size 0x100000 exceeds flash chip size 0x400000"
    for _ in range(3):  # it resets for ever
        lamp.console.wait_for(wanted)
    assert lamp.state == "blank"
    lamp.flash_image([(part.offset, part.data) for part in parts])
    lamp.wait_state("running")


def test_a_boot_loader_that_states_more_flash_than_the_chip_has_does_not_start(virtual_lamppost):
    lamp = virtual_lamppost(flashed=False)
    loader = next(part for part in build.build(lamp.board, build.standin(lamp.board)).parts if part.name == "loader")
    table = next(part for part in build.build(lamp.board, build.standin(lamp.board)).parts if part.name == "table")
    larger = esp_format.with_flash_size(loader.data, 16 << 20)
    lamp.flash_image([(loader.offset, larger), (table.offset, table.data)])
    lamp.console.wait_for(r"Detected size\(8192k\) smaller than the size in the binary image header\(16384k\)")


def test_without_reset_lines_the_loader_needs_the_buttons(virtual_lamppost):
    lamp = virtual_lamppost(reset_lines=False)
    done = run("esptool", "--connect-attempts", "1", "--port", lamp.port, "chip-id")
    assert done.returncode != 0
    assert "Failed to connect" in done.stdout + done.stderr
    lamp.press_reset(boot=True)
    assert lamp.state == "loader"
    assert "ESP32-D0WD" in esptool(lamp, "chip-id")


def test_mpremote_sees_an_esp32_that_says_that_it_is_simulated(lamp):
    said = mpremote(lamp, "exec", "import os, sys; print(os.uname().sysname, sys.platform, os.uname().machine)")
    assert said.split(maxsplit=2) == ["esp32", "esp32", "Generic ESP32 module with SPIRAM with ESP32 (simulated)\n"]


def test_mpremote_copies_lists_and_removes_files(lamp, tmp_path):
    data = os.urandom(20000)
    (tmp_path / "in").write_bytes(data)
    mpremote(lamp, "fs", "cp", tmp_path / "in", ":deep.bin")
    assert re.search(r"20000 deep.bin", mpremote(lamp, "fs", "ls"))
    mpremote(lamp, "fs", "cp", ":deep.bin", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == data
    mpremote(lamp, "fs", "mkdir", ":d", "+", "fs", "rmdir", ":d", "+", "fs", "rm", ":deep.bin")
    assert "deep" not in mpremote(lamp, "fs", "ls")


def test_mpremote_mounts_a_folder_of_the_host(lamp, tmp_path):
    (tmp_path / "far.py").write_text("distance = 42\n")
    program = "import far; print(far.distance); open('w', 'w').write('x' * 5000)"
    said = mpremote(lamp, "mount", tmp_path, "exec", program)
    assert "42" in said
    assert (tmp_path / "w").read_text() == "x" * 5000


def test_a_script_of_sixty_kilobytes_arrives_whole(lamp, tmp_path):
    script = tmp_path / "long.py"
    script.write_text("x = 0\n" + ("x += 1  # " + "y" * 50 + "\n") * 1000 + "print(x)\n")
    assert script.stat().st_size > 60000
    assert mpremote(lamp, "run", script).strip() == "1000"


@pytest.mark.parametrize("loop", ["while True: pass", "import time\nwhile True: time.sleep(1)",
                                  "import asyncio\nasyncio.run(asyncio.sleep(1000))"])  # fmt: skip
def test_a_program_that_runs_for_ever_is_interrupted_by_the_next_tool(lamp, loop):
    mpremote(lamp, "exec", "--no-follow", loop)
    assert mpremote(lamp, "resume", "exec", "print('here')").strip() == "here"


def test_three_hundred_interrupts_in_a_row_leave_nothing_hung(lamp):
    pid = lamp.pid
    with open(lamp.port, "r+b", buffering=0) as port:
        for _ in range(300):
            port.write(b"while True: pass\r\x03")
    with open(lamp.port, "r+b", buffering=0) as port:
        port.write(b"\x03\r\nprint('al' + 'ive')\r\n")
        lamp.console.wait_for("\nalive", 60)
    assert lamp.pid == pid


def test_soft_reset_from_raw_repl_runs_boot_but_not_main(lamp):
    files = "for n in ('boot', 'main'):\n with open(n + '.py', 'w') as f: f.write(n[0] + ' = 1; print(\"%s ran\")' % n)"
    mpremote(lamp, "exec", files)
    said = mpremote(lamp, "exec", "import machine; print('b' in globals(), 'm' in globals(), machine.reset_cause())")
    assert said.split() == ["True", "False", "5"]
    lamp.press_reset()
    lamp.console.wait_for("main ran")  # a prompt is there already: the last tool left it behind
    said = mpremote(lamp, "resume", "exec", "print('b' in globals(), 'm' in globals(), __name__)")
    assert said.split() == ["True", "True", "__main__"]


def test_the_command_makes_a_lamppost_without_psram(tmp_path):
    link = tmp_path / "lamp"
    command = [BIN / "lamplighter", "virtual", "--board", "lamppost-esp32", "--port-link", link, "--json", "--no-psram"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert "port" in process.stdout.readline() and "running" in process.stdout.readline()
        said = run("mpremote", "connect", link, "exec", "import gc; gc.collect(); print(gc.mem_free())").stdout
        assert int(said) < 1 << 20
    finally:
        process.terminate()
        process.wait(10)


def test_the_command_stays_up_and_cleans_up(tmp_path):
    link = tmp_path / "lamp"
    command = [BIN / "lamplighter", "virtual", "--board", "lamppost-esp32", "--port-link", link, "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        assert "running" in lines[1]  # it comes with MicroPython, as from a shop
        assert run("esptool", "--port", link, "read-mac").returncode == 0
        assert "loader" in process.stdout.readline()
    finally:
        process.terminate()
    assert process.wait(10) == 0
    assert not link.is_symlink()
