"""The simulated chip as the firmware sees it: resets, clocks, flash, parts, and time that leaps."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest
from lamplighter.image import build
from lamplighter.problems import VirtualFailed
from lamplighter.virtual.lamppost import VirtualLamppost


@pytest.fixture
def node(virtual_lamppost):
    """A function (main.py's text, hosts={}, **options) -> a lamppost that runs it, with no other file on it."""

    def make(program, board="lamppost-esp32", hosts=None, **options):
        lamp = virtual_lamppost(board, flashed=False, **options)
        lamp.network.hosts.update(hosts or {})
        flash_program(lamp, program)
        return lamp

    return make


def flash_program(lamp, program):
    from littlefs import LittleFS

    vfs = lamp.board.partition("vfs")
    files = LittleFS(block_size=4096, block_count=vfs.size // 4096, disk_version=0x00020000)
    with files.open("main.py", "w") as file:
        file.write(program)
    whole = build.build(lamp.board, build.standin(lamp.board))
    parts = tuple(p for p in whole.parts if not vfs.offset <= p.offset < vfs.end)
    parts += (build.Segment("vfs", vfs.offset, bytes(files.context.buffer)),)
    lamp.flash_image(build.Image(**{**vars(whole), "parts": parts}))


# power and resets


def test_each_kind_of_reset_names_its_cause_and_keeps_what_it_should(node):
    lamp = node(
        "import machine, time\n"
        "r = machine.RTC()\n"
        "print('woke', machine.reset_cause(), r.memory(), time.time() > 1000)\n"
        "m = r.memory()\n"
        "if not m: r.datetime((2026, 6, 1, 0, 20, 0, 0, 0))\n"
        "r.memory(m + b'x')\n"
        "if m == b'': machine.reset()\n"
        "if m == b'x': machine.deepsleep(30)\n"
        "if m == b'xx': machine.WDT(timeout=60); time.sleep(5)\n"
        "if m == b'xxx': machine.soft_reset()\n"
    )
    for cause, memory, known in (
        (1, "b''", "False"), (2, "b'x'", "True"), (4, "b'xx'", "True"), (3, "b'xxx'", "True"), (5, "b'xxxx'", "True"),
    ):  # fmt: skip
        lamp.console.wait_for(re.escape(f"woke {cause} {memory} {known}"))
    lamp.console.wait_for(">>> ")
    lamp.power_off()
    assert lamp.state == "off"
    lamp.power_on()
    lamp.console.wait_for(re.escape("woke 1 b'' False"))
    lamp.press_reset()
    lamp.console.wait_for(re.escape("woke 1 b'' False"))


def test_the_watchdog_gets_a_program_that_never_looks_at_the_clock(node):
    lamp = node(
        "import machine\nprint('woke', machine.reset_cause())\n"
        "if machine.reset_cause() == 1:\n machine.WDT(timeout=300)\n while True: pass\n"
    )
    lamp.console.wait_for("woke 1")
    lamp.console.wait_for("woke 3")


def test_a_timer_feeds_the_watchdog_while_the_repl_waits(node):
    lamp = node(
        "import machine\nprint('woke', machine.reset_cause())\n"
        "w = machine.WDT(timeout=300)\n"
        "t = machine.Timer(0)\nt.init(period=100, callback=lambda t: (w.feed(), print('fed')))\n"
    )
    lamp.console.wait_for(">>> ")
    for _ in range(8):
        lamp.console.wait_for("fed")
    assert lamp.boots == 1


def test_a_timer_is_the_one_of_its_id_whoever_asks_for_it(node):
    lamp = node(
        "import machine, time\n"
        "machine.Timer(0).init(period=20, callback=lambda t: print('tick'))\ntime.sleep_ms(50)\n"
        "machine.Timer(0).deinit()\nprint('stopped')\ntime.sleep_ms(100)\nprint('end')\n"
    )
    lamp.console.wait_for("end")
    ticks, after = lamp.console.text.split("stopped")
    assert "tick" in ticks and "tick" not in after


def test_a_power_cut_in_the_middle_of_a_program_leaves_exactly_those_bytes(node):
    lamp = node(
        "import esp32, time\np = esp32.Partition.find(1, label='journal')[0]\n"
        "print('ready')\ntime.sleep(0.3)\np.writeblocks(3, bytes(range(100)), 7)\nprint('survived')\n"
    )
    lamp.console.wait_for("ready")
    lamp.cut_after_flash_bytes(42)
    lamp.wait_state("off")
    journal = lamp.board.partition("journal")
    assert lamp.read_flash(journal.offset + 3 * 4096, 60) == b"\xff" * 7 + bytes(range(42)) + b"\xff" * 11
    assert "survived" not in lamp.console.text


# flash and file system


def test_flash_only_clears_bits_until_it_is_erased(node):
    lamp = node(
        "import esp32\np = esp32.Partition.find(1, label='journal')[0]\nb = bytearray(4)\n"
        "p.writeblocks(0, b'\\xf0\\x0f\\xff\\x00', 4094)\np.writeblocks(0, b'\\x3c\\x3c\\x3c\\x3c', 4094)\n"
        "p.readblocks(0, b, 4094)\nprint('clear', b.hex())\n"
        "p.ioctl(6, 0)\np.readblocks(0, b, 4094)\nprint('erased', b.hex())\n"
        "p.writeblocks(1, b'\\x12' * 4096)\np.readblocks(1, b, 0)\n"
        "print('whole', b.hex(), p.ioctl(4, 0), p.ioctl(5, 0))\n"
    )
    lamp.console.wait_for("clear 300c3c00")
    lamp.console.wait_for("erased ffff3c00")
    lamp.console.wait_for("whole 12121212 256 4096")


def test_a_blank_file_system_is_formatted_and_a_corrupt_one_says_so_for_ever(virtual_lamppost):
    lamp = virtual_lamppost(flashed=False)
    whole = build.build(lamp.board, build.standin(lamp.board))
    vfs = lamp.board.partition("vfs")
    bare = tuple(p for p in whole.parts if not vfs.offset <= p.offset < vfs.end)
    lamp.flash_image(build.Image(**{**vars(whole), "parts": bare}))
    lamp.console.wait_for("Performing initial setup")
    lamp.console.wait_for(">>> ")
    assert b"littlefs" in lamp.read_flash(vfs.offset, 4096)
    rubbish = (build.Segment("vfs", vfs.offset, b"rubbish" * 2000),)
    lamp.flash_image(build.Image(**{**vars(whole), "parts": bare + rubbish}))
    lamp.console.wait_for("The filesystem appears to be corrupted")


def test_nvs_survives_a_power_cut(node):
    lamp = node(
        "import esp32\nn = esp32.NVS('lamp')\n"
        "try: print('count', n.get_i32('count'))\nexcept OSError: print('count none')\n"
        "n.set_i32('count', 7)\nn.commit()\nprint('kept')\n"
    )
    lamp.console.wait_for("count none")
    lamp.console.wait_for("kept")
    lamp.power_off()
    lamp.power_on()
    lamp.console.wait_for("count 7")


# time


HOURS = int(os.environ.get("LAMPLIGHTER_DAY_HOURS", "4"))
HOURS_PASS = (
    "import asyncio, time, machine\n"
    "counts = [0, 0, 0]\n"
    "def tick(t): counts[2] += 1\n"
    "async def each(ms, at):\n"
    "    while True:\n"
    "        await asyncio.sleep_ms(ms)\n"
    "        counts[at] += 1\n"
    "async def hours():\n"
    "    global t0\n"
    "    t0 = time.ticks_ms()\n"
    "    machine.Timer(0).init(period=60000, callback=tick)\n"
    "    tasks = [asyncio.create_task(each(100, 0)), asyncio.create_task(each(1000, 1))]\n"
    f"    await asyncio.sleep_ms({HOURS * 3600000 + 50})\n"
    "    print('hours', counts, time.ticks_diff(time.ticks_ms(), t0), time.time())\n"
    "print('start')\n"
    "asyncio.run(hours())\n"
)


def test_hours_pass_in_fast_time_with_exact_counts(node):
    """A day in `make day`."""
    lamp = node(HOURS_PASS, fast=True, heap="160wK")  # without gc.threshold() MicroPython gets slow in a large heap
    lamp.console.wait_for("start")
    seconds = HOURS * 3600
    counts = [10 * seconds, seconds, seconds // 60]
    lamp.console.wait_for(re.escape(f"hours {counts} {1000 * seconds + 50} {seconds}"), 240)


def test_world_time_goes_on_over_resets_and_power_cuts_in_fast_time(node):
    lamp = node("import time, machine\nprint('up')\ntime.sleep(7200)\nprint('slept')\nmachine.reset()", fast=True)
    before = lamp.utc()
    for _ in range(3):
        lamp.console.wait_for("slept")
    lamp.power_off()
    lamp.elapse(43200)
    passed = (lamp.utc() - before).total_seconds()
    assert passed >= 3 * 7200 + 43200


def test_a_busy_loop_gets_on_in_fast_time(node):
    lamp = node(
        "import time\nt = time.ticks_ms()\nwhile time.ticks_diff(time.ticks_ms(), t) < 5000: pass\nprint('five')",
        fast=True,
    )
    lamp.console.wait_for("five", 60)


# parts


def test_steering_a_part_changes_what_the_next_transfer_reads(node):
    lamp = node(
        "from machine import UART, I2C, Pin\nimport time\n"
        "ask = bytes.fromhex('010400000000a70d')[:0] + b'\\x01\\x04\\x00\\x00\\x00\\x0a\\x70\\x0d'\n"
        "u = UART(2, baudrate=9600, tx=32, rx=33)\n"
        "i = I2C(0, scl=Pin(22), sda=Pin(21))\n"
        "print('scan', i.scan())\n"
        "while True:\n"
        " u.read(); u.write(ask); time.sleep_ms(150); r = u.read()\n"
        " print('volts', None if r is None else (r[3] << 8 | r[4]))\n"
    )
    lamp.console.wait_for(re.escape("scan [118]"))
    lamp.part("meter").set(volts=231.4)
    lamp.console.wait_for("volts 2314")
    lamp.part("meter").fault("silence")
    lamp.console.wait_for("volts None")
    lamp.press_reset()
    lamp.console.wait_for("scan")
    lamp.console.wait_for("volts None")
    lamp.part("meter").fault("none")
    lamp.console.wait_for("volts 2314")


def test_parts_that_talk_in_words_share_a_bus_and_keep_their_rhythm(node, tmp_path):
    scenario = tmp_path / "air.toml"
    scenario.write_text(
        '[[parts]]\nid = "co2"\npart = "scd41"\nbus = "i2c0"\nvalues = {ppm = 612}\n'
        '[[parts]]\nid = "dust"\nbus = "i2c0"\nvalues = {pm1 = 8, pm2_5 = 10}\n'
        '[[parts]]\nid = "haze"\npart = "pms5003"\nbus = "air"\nvalues = {pm2_5 = 77}\n'
        '[[parts]]\nid = "gas"\npart = "ads1115"\nbus = "i2c0"\nvalues = {a3 = 1.5}\n'
    )
    lamp = node(
        "from machine import UART, I2C, Pin\nimport time\n"
        "i = I2C(0, scl=Pin(22), sda=Pin(21))\n"
        "u = UART(1, baudrate=9600, tx=25, rx=26)\n"
        "print('scan', i.scan())\n"
        "i.writeto(0x62, b'\\x21\\xb1'); i.writeto(0x69, b'\\x00\\x10\\x03\\x00\\xac')\n"
        "i.writeto_mem(0x48, 1, b'\\xf3\\xe3')\n"
        "for n in range(3):\n"
        " time.sleep_ms(2000); i.writeto(0x62, b'\\xec\\x05'); time.sleep_ms(2)\n"
        " try: d = i.readfrom(0x62, 9); print('co2', d[0] << 8 | d[1])\n"
        " except OSError as e: print('co2', e.errno)\n"
        "i.writeto(0x69, b'\\x03\\x00'); b = bytearray(60); i.readfrom_into(0x69, b); print('dust', b[:3] != b[6:9])\n"
        "time.sleep(30); u.read(); time.sleep(3); r = u.read(); print('haze', r[r.rindex(b'BM') + 13])\n"
        "print('volts', i.readfrom_mem(0x48, 0, 2))\n",
        scenario=scenario, fast=True,
    )  # fmt: skip
    lamp.console.wait_for(re.escape("scan [72, 98, 105, 118]"))
    for line in ("co2 19", "co2 19", "co2 612", "dust True", "haze 77", re.escape("volts b'.\\xe0'")):
        lamp.console.wait_for(line)


def test_a_part_measures_on_while_the_chip_is_reset_but_not_over_a_power_cut(node, tmp_path):
    scenario = tmp_path / "air.toml"
    scenario.write_text('[[parts]]\nid = "co2"\npart = "scd41"\nbus = "i2c0"\n')
    lamp = node(
        "from machine import I2C, Pin\ni = I2C(0, scl=Pin(22), sda=Pin(21))\n"
        "try: i.writeto(0x62, b'\\x21\\xb1'); print('started')\n"
        "except OSError: print('measures')\n",
        scenario=scenario,
    )  # fmt: skip
    lamp.console.wait_for("started")
    lamp.press_reset()
    lamp.console.wait_for("measures")
    lamp.power_off()
    lamp.power_on()
    lamp.console.wait_for("started")


def test_pins_are_driven_and_read_from_both_sides(node):
    lamp = node(
        "from machine import Pin, PWM\nimport time\n"
        "p = PWM(Pin(18), freq=1000, duty_u16=30000)\nr = Pin(19, Pin.OUT, value=1)\n"
        "try: Pin(34, Pin.OUT)\nexcept ValueError as e: print(e)\n"
        "d = Pin(34, Pin.IN)\n"
        "d.irq(lambda p: print('edge', p.value()), Pin.IRQ_RISING)\n"
        "print('waiting')\nwhile not d.value(): time.sleep_ms(10)\nprint('seen')\n"
    )
    lamp.console.wait_for("pin can only be input")
    lamp.console.wait_for("waiting")
    assert (lamp.pin(18), lamp.pin(19)) == (30000, 1)
    lamp.drive(34, 1)
    lamp.console.wait_for("edge 1")
    lamp.console.wait_for("seen")


def test_an_unknown_part_is_refused_by_name(node):
    lamp = node("")
    with pytest.raises(KeyError, match="bay-1"):
        lamp.part("bay-9")


def test_the_pins_of_flash_and_psram_do_not_exist(node):
    program = (
        "from machine import ADC, I2C, PWM, Pin, UART\n"
        "def tried(make):\n"
        "    try: make(); print('made')\n"
        "    except ValueError as e: print(e)\n"
        "tried(lambda: UART(2, tx=17, rx=16))\ntried(lambda: I2C(0, scl=16, sda=21))\ntried(lambda: PWM(17))\n"
        "tried(lambda: Pin(%d))\ntried(lambda: Pin(%d))\ntried(lambda: Pin(4))\nprint('end')\n"
    )
    wrover, octal, quad = "lamppost-esp32", "lamppost-esp32s3", "lamppost-esp32s3-n8r2"
    for board, pins, said in (
        (wrover, (6, 20), ["invalid pin"] * 5 + ["made"]),
        (octal, (26, 37), ["made"] * 3 + ["invalid pin"] * 2 + ["made"]),
        (quad, (26, 37), ["made"] * 3 + ["invalid pin", "made", "made"]),
    ):
        lamp = node(program % pins, board=board)
        lamp.console.wait_for("\nend")
        assert re.findall("invalid pin|made", lamp.console.text) == said, board


def test_the_processor_clock_can_be_raised_to_240_mhz(node):
    lamp = node("import machine\nprint(machine.freq())\nmachine.freq(240000000)\nprint(machine.freq())\n")
    lamp.console.wait_for("160000000")
    lamp.console.wait_for("240000000")


# memory and processes


@pytest.mark.parametrize(
    ("board", "kib"), [("lamppost-esp32", 4096), ("lamppost-esp32s3", 8192), ("lamppost-esp32s3-n8r2", 2048)]
)
def test_the_heap_is_as_large_as_the_boards_psram(node, board, kib):
    lamp = node("import gc\ngc.collect()\nprint('free', gc.mem_free())\n", board=board)
    free = int(lamp.console.wait_for(r"free (\d+)")[1])
    assert kib * 0.96 < free / 1024 / 2 <= kib * 1.01  # a word here has twice the bytes of a chip's


def test_a_module_without_psram_has_a_tenth_of_a_megabyte(node):
    lamp = node("import gc\ngc.collect()\nprint('free', gc.mem_free())\n", psram=False)
    assert int(lamp.console.wait_for(r"free (\d+)")[1]) < 128 * 1024 * 2


def test_the_firmware_gets_the_heap_that_was_asked_for(node):
    lamp = node("import gc\ngc.collect()\nprint('free', gc.mem_free())\n", heap="110wK")
    free = int(lamp.console.wait_for(r"free (\d+)")[1])
    assert 105 * 1024 * 2 < free <= 111 * 1024 * 2  # the allocator's own tables take some


def test_names_of_the_firmware_cost_it_their_letters_and_no_step_of_the_table(node):
    program = (
        "import gc\ngc.collect()\nbefore = gc.mem_free()\n"
        "for n in range(400): hasattr(gc, 'name%d' % n)\ngc.collect()\nprint('took', before - gc.mem_free())\n"
    )
    took = int(node(program).console.wait_for(r"took (\d+)")[1])
    assert took < 400 * 16


def test_the_most_that_was_live_at_once_is_counted_without_garbage(node):
    program = (
        "from esp32 import Partition\npart = Partition.find(Partition.TYPE_DATA, label='journal')[0]\n"
        "buf = bytearray(16)\n"
        "for n in range(30): bytes(20000)\n"
        "kept = bytes(30000)\npart.readblocks(0, buf, 0)\nkept = None\npart.readblocks(0, buf, 0)\nprint('done')\n"
    )
    lamp = node(program, weigh=True)
    lamp.console.wait_for("done")
    assert 30000 < lamp.heaviest < 75000  # a word left on the stack may hold one of the 30


def test_nothing_is_left_behind_when_the_owner_dies(tmp_path):
    program = (
        "from lamplighter.boards import board_file\nfrom lamplighter.image import build\n"
        "from lamplighter.virtual.lamppost import VirtualLamppost\nimport time\n"
        "b = board_file.load('lamppost-esp32')\n"
        f"n = VirtualLamppost(b, workdir={str(tmp_path)!r})\n"
        "n.flash_image(build.build(b, build.standin(b)))\nn.start()\nn.console.wait_for('lamppost:')\n"
        "print(n.pid, flush=True)\ntime.sleep(60)\n"
    )
    owner = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    chip = int(owner.stdout.readline())
    os.kill(chip, 0)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            os.kill(chip, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
    pytest.fail("the chip's process outlived its owner")


def test_stop_ends_the_process_and_removes_the_port(virtual_lamppost):
    lamp = virtual_lamppost()
    lamp.wait_state("running")
    pid = lamp.pid
    lamp.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not lamp.port_link.is_symlink()


def test_a_file_in_the_way_of_the_port_is_not_touched(tmp_path):
    (tmp_path / "port").write_text("mine")
    with pytest.raises(VirtualFailed, match="is not a link"):
        VirtualLamppost("lamppost-esp32", workdir=tmp_path)
    assert (tmp_path / "port").read_text() == "mine"


def test_a_flash_file_of_the_wrong_size_is_refused(tmp_path):
    (tmp_path / "flash").write_bytes(bytes(100))
    with pytest.raises(VirtualFailed, match="has 100 bytes"):
        VirtualLamppost("lamppost-esp32", workdir=tmp_path / "w", flash=tmp_path / "flash")
