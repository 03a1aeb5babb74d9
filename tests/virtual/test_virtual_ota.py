"""The virtual lamppost's two slots for MicroPython: otadata to the byte, its states, and both kinds of boot loader."""

import re
import struct

import pytest
from lamplighter.boards import board_file
from lamplighter.image import build, esp_format
from lamplighter.image.simulated import standin_bytes
from test_virtual_chip import flash_program, node  # noqa: F401

STATE = {"new": 0, "pending": 1, "valid": 2, "aborted": 4, "undefined": 0xFFFFFFFF}
# a program that tells what runs, and does what the next line on the console says
PROGRAM = """
import machine, os, sys
from esp32 import Partition
running, boot = Partition(Partition.RUNNING), Partition(Partition.BOOT)
def told(action, *arguments):
    try:
        return action(*arguments) or 'done'
    except OSError as error:
        return error.args
print('runs', running.info()[4], 'boots', boot.info()[4], sys.implementation.version, os.uname().release)
while True:
    word = input()
    if word == 'reset': machine.reset()
    if word == 'next': print('next is', told(lambda: running.get_next_update().info()[4]))
    if word == 'mark': print('mark is', told(Partition.mark_app_valid_cancel_rollback))
    if word.startswith('boot '): print('boot is', told(Partition(word[5:]).set_boot))
    if word == 'copy':
        other, block = running.get_next_update(), bytearray(4096)
        for number in range(40):
            running.readblocks(number, block)
            other.writeblocks(number, block)
        print('copied')
"""


@pytest.fixture
def lamp(node):  # noqa: F811
    """A function (**options of the stand-in) -> a lamppost that runs PROGRAM, and whose second slot is empty."""

    def make(**options):
        made = node(PROGRAM)
        if options:
            image = standin_bytes(made.board, **options)
            flash_micropython(made, image, "ota_0")
            loader = image[: esp_format.program(image, 0, "boot loader").length]
            loader = esp_format.with_flash_size(loader, made.board.flash_size)
            made.flash_image([(made.board.silicon.offset, loader)])
        made.console.wait_for("runs ota_0")
        return made

    return make


def flash_micropython(lamp, image, slot):
    """The app of a stand-in, as a programmer on the bench puts it there."""
    lamp.flash_image([(lamp.board.partition(slot).offset, image[0x10000 - lamp.board.silicon.offset :])])


def ask(lamp, word, answer):
    lamp.console.forget()
    with open(lamp.port, "wb", buffering=0) as port:
        port.write(word.encode() + b"\r")
        lamp.console.wait_for(re.escape(answer))


def entries(lamp):
    """[(sequence number, state)] of otadata's two sectors; None for one that is blank."""
    found = []
    for sector in (0, 1):
        raw = lamp.read_flash(lamp.board.partition("otadata").offset + sector * 4096, 32)
        seq, state = struct.unpack("<I20xI", raw[:28])
        found.append(None if seq == 0xFFFFFFFF else (seq, next(name for name in STATE if STATE[name] == state)))
    return found


def restart(lamp, answer):
    lamp.power_off()
    lamp.console.forget()
    lamp.power_on()
    lamp.console.wait_for(re.escape(answer))


def test_the_first_start_notes_the_first_slot_to_the_byte(lamp):
    one = lamp()
    raw = one.read_flash(one.board.partition("otadata").offset, 4096)
    assert raw == bytes.fromhex("01000000" + "ff" * 20 + "02000000" + "9a984347") + b"\xff" * 4064
    assert entries(one) == [(1, "valid"), None]
    ask(one, "next", "next is ota_1")
    ask(one, "mark", "mark is done")


def test_a_new_image_is_pending_until_it_is_confirmed_and_a_cut_before_that_takes_the_old_one(lamp):
    one = lamp()
    flash_micropython(one, standin_bytes(one.board, version="v1.28.1"), "ota_1")
    one.console.wait_for(re.escape("runs ota_0 boots ota_0 (1, 29, 0, '') 1.29.0"))
    ask(one, "boot ota_1", "boot is done")
    assert entries(one) == [(1, "valid"), (2, "new")]
    ask(one, "reset", "runs ota_1 boots ota_1 (1, 28, 1, '') 1.28.1")
    assert entries(one) == [(1, "valid"), (2, "pending")]
    restart(one, "runs ota_0 boots ota_0")
    assert entries(one) == [(1, "valid"), (2, "aborted")]
    ask(one, "boot ota_1", "boot is done")
    ask(one, "reset", "runs ota_1")
    ask(one, "mark", "mark is done")
    assert entries(one) == [(1, "valid"), (2, "valid")]
    restart(one, "runs ota_1")
    ask(one, "boot ota_0", "boot is done")  # the way back is new again
    assert entries(one) == [(3, "new"), (2, "valid")]
    restart(one, "runs ota_0")
    restart(one, "runs ota_1")
    assert entries(one) == [(3, "aborted"), (2, "valid")]


def test_a_boot_loader_without_rollback_keeps_a_new_image_and_marking_is_refused(lamp):
    one = lamp(rollback=False)
    ask(one, "mark", "mark is (-261, 'ESP_ERR_NOT_FOUND')")
    ask(one, "copy", "copied")
    ask(one, "boot ota_1", "boot is done")
    assert entries(one) == [(1, "valid"), (2, "undefined")]
    ask(one, "reset", "runs ota_1")
    restart(one, "runs ota_1")
    assert entries(one) == [(1, "valid"), (2, "undefined")]


def test_an_old_boot_loader_leaves_the_state_of_a_newer_image_alone(lamp):
    one = lamp(rollback=False)
    flash_micropython(one, standin_bytes(one.board), "ota_1")
    one.console.wait_for("runs ota_0")
    ask(one, "boot ota_1", "boot is done")
    ask(one, "reset", "runs ota_1")
    ask(one, "boot ota_1", "boot is done")  # by an image that knows the states
    assert entries(one) == [(2, "new"), (2, "undefined")]
    ask(one, "reset", "runs ota_1")
    assert entries(one) == [(2, "new"), (2, "undefined")]
    ask(one, "mark", "mark is done")
    assert entries(one) == [(2, "valid"), (2, "undefined")]


def test_a_damaged_image_is_not_accepted_and_not_started(lamp):
    one = lamp()
    slot = one.board.partition("ota_1")
    ask(one, "boot ota_1", "boot is (-5379, 'ESP_ERR_OTA_VALIDATE_FAILED')")
    image = bytearray(standin_bytes(one.board))
    ask(one, "copy", "copied")
    ask(one, "boot ota_1", "boot is done")
    image = bytearray(one.read_flash(slot.offset, 0x10000))
    image[0x4000] ^= 1
    one.flash_image([(slot.offset, bytes(image))])
    one.console.wait_for("OTA app partition slot 1 is not bootable")
    one.console.wait_for("runs ota_0")
    before = entries(one)
    ask(one, "boot ota_1", "boot is (-5379, 'ESP_ERR_OTA_VALIDATE_FAILED')")
    assert entries(one) == before


def test_a_table_with_a_factory_partition_has_no_next_slot(virtual_lamppost):
    board = board_file.load("lamppost-esp32")
    rows = tuple(row for row in board.partitions if row.name not in ("ota_0", "ota_1", "otadata"))
    whole = build.partitions.encode((build.partitions.Partition("factory", 0, 0, 0x10000, 0x1C0000), *rows))
    one = virtual_lamppost(flashed=False)
    flash_program(one, PROGRAM)
    one.flash_image([(0x8000, whole.ljust(4096, b"\xff"))])
    one.console.wait_for("runs factory boots factory")
    ask(one, "next", "next is (2,)")
    ask(one, "boot factory", "boot is (-261, 'ESP_ERR_NOT_FOUND')")
