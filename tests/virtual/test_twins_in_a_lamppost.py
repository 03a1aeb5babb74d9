"""Simulated parts on the lines of a virtual lamppost: RS-485 with its direction pin, parity, a part of two faces."""

import dataclasses
import importlib.util
import re
from pathlib import Path

import pytest
from lamplighter import virtual
from lamplighter.boards import board_file
from lamplighter.virtual.lamppost import VirtualLamppost
from test_virtual_chip import flash_program

PAIR = Path(virtual.__file__).parent / "chip_modules" / "_pair.py"
BYTE_US = 1000


def pair_module():
    spec = importlib.util.spec_from_file_location("_pair", PAIR)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Line:
    """A pair with a direction pin, and what the meters on it heard."""

    def __init__(self):
        self.driving = False
        self.heard = b""
        self._pair = pair_module().Pair(lambda: self.driving)

    def send(self, data, at):
        self._pair.send(data, at, BYTE_US)

    def reach(self, at):
        for _, data in self._pair.over(at):
            self.heard += data

    def turn(self, driving, at):
        self.reach(at)
        self.driving = driving


def test_bytes_reach_the_meters_only_while_the_pin_is_up_and_the_one_under_way_is_cut():
    line = Line()
    line.turn(True, 0)
    line.send(b"ABCD", 0)
    line.turn(False, 3 * BYTE_US + BYTE_US // 2)  # in the middle of the D
    line.reach(9 * BYTE_US)
    assert line.heard == b"ABC"


def test_a_pin_that_rises_late_swallows_the_beginning():
    line = Line()
    line.send(b"ABCD", 0)
    line.turn(True, 2 * BYTE_US)
    line.reach(9 * BYTE_US)
    assert line.heard == b"CD"


def test_meters_that_speak_at_once_pull_the_line_down():
    assert pair_module().collided(b"\x01\xf0\x55", b"\x02\x3c") == b"\x00\x30\x55"
    assert pair_module().collided(b"", b"\x02") == b"\x02"


# the same and more, seen from a program on the node

METERS = {"kind": "rs485", "uart": 1, "tx": 17, "rx": 18, "de": 8}
SEVERAL = """
from machine import UART, Pin
import time
turn = Pin(8, Pin.OUT, value=0)
uart = UART(1, baudrate=9600, tx=17, rx=18)
ASK = {
    1: b'\\x01\\x04\\x00\\x00\\x00\\x02\\x71\\xcb', 2: b'\\x02\\x04\\x00\\x00\\x00\\x0a\\x70\\x3e',
    5: b'\\x05\\x04\\x00\\x00\\x00\\x02\\x70\\x4f',
}
def ask(address, baud=9600, early_ms=0):
    uart.init(baudrate=baud, tx=17, rx=18)
    turn(1)
    uart.write(ASK[address])
    time.sleep_ms(8 * 10000 // baud + 1 - early_ms)
    turn(0)
    time.sleep_ms(300)
    heard = uart.read()
    return heard and (len(heard), heard[0], heard[3] << 8 | heard[4])
print('slow', ask(1, 2400))
print('quick', ask(2))
print('early', ask(2, early_ms=2))
print('wrong speed', ask(1))
print('double', ask(5))
"""
PARITY = """
from machine import UART
import time
def whole(parity):
    uart = UART(1, baudrate=4800, parity=parity, tx=17, rx=18)
    uart.read()
    time.sleep_ms(500)
    heard = uart.read()
    at = heard.find(b'\\x55\\x5a')
    frame = heard[at : at + 24]
    return at >= 0 and len(frame) == 24 and sum(frame[2:23]) & 255 == frame[23]
print('even', whole(0), 'none', whole(None), 'odd', whole(1))
"""
FACES = """
from machine import I2C, UART, Pin
i2c = I2C(0, scl=Pin(9), sda=Pin(10))
print('scan', i2c.scan(), i2c.readfrom_mem(16, 0, 2) == b'\\xc8\\x00')
uart = UART(1, baudrate=115200, tx=17, rx=18)
import time
time.sleep_ms(100)
print('stream', b'YY\\x2c\\x01' in uart.read())
"""


@pytest.fixture
def lamp(tmp_path):
    """A function (program, buses, fitted as (id, part, bus, address)) -> a lamppost that has these and no others."""
    made = []

    def make(program, buses, *fitted):
        board = dataclasses.replace(
            board_file.load("lamppost-esp32s3"), buses=buses, fitted=tuple(board_file.Fitted(*each) for each in fitted)
        )
        made.append(VirtualLamppost(board, workdir=tmp_path / "lamppost", fast=True))
        flash_program(made[0], program)
        return made[0]

    yield make
    for each in made:
        each.stop()


def test_several_makes_share_the_wires_and_each_hears_its_own_speed_and_address(lamp):
    meters = (("a", "sdm120", 1), ("b", "pzem004t", 2), ("c", "sdm630", 5), ("d", "sdm630", 5))
    node = lamp(SEVERAL, {"meters": METERS}, *((name, part, "meters", address) for name, part, address in meters))
    node.part("c").set(volts=250)
    node.start()
    both = 0x437A & 0x4366  # neither 250 V nor 230 V
    for said in (
        f"slow (9, 1, {0x4366})", "quick (25, 2, 2300)", "early None", "wrong speed None", f"double (9, 5, {both})",
    ):  # fmt: skip
        node.console.wait_for(re.escape(said), 60)


def test_a_part_with_even_parity_is_understood_only_so(lamp):
    line = {"kind": "uart", "uart": 1, "tx": 17, "rx": 18}
    node = lamp(PARITY, {"line": line}, ("chip", "cse7766", "line", None))
    node.start()
    node.console.wait_for("even True none False odd False", 60)


def test_a_lidar_has_the_face_of_the_bus_that_it_is_fitted_to(lamp):
    buses = {
        "line": {"kind": "uart", "uart": 1, "tx": 17, "rx": 18},
        "i2c0": {"kind": "i2c", "i2c": 0, "scl": 9, "sda": 10},
    }
    node = lamp(FACES, buses, ("near", "tfluna", "line", None), ("far", "tfluna", "i2c0", None))
    node.part("near").set(mm=3000)
    node.part("far").set(mm=2000)
    node.start()
    node.console.wait_for(re.escape("scan [16] True"), 60)
    node.console.wait_for("stream True", 60)
