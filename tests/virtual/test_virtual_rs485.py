"""RS-485 of the virtual lamppost: who is heard depends on the direction pin, and two meters share the wires."""

import dataclasses

import pytest
from lamplighter.boards import board_file
from lamplighter.virtual.lamppost import VirtualLamppost
from test_virtual_chip import flash_program

BUS = {"kind": "rs485", "uart": 1, "tx": 17, "rx": 18, "de": 8}
PROGRAM = """
from machine import UART, Pin
import time
turn = Pin(8, Pin.OUT, value=0)
uart = UART(1, baudrate=9600, tx=17, rx=18)
ASK = {1: b'\\x01\\x04\\x00\\x00\\x00\\x0a\\x70\\x0d', 2: b'\\x02\\x04\\x00\\x00\\x00\\x0a\\x70\\x3e'}
def ask(address, before, after):
    uart.read()
    turn(before)
    uart.write(ASK[address])
    uart.flush()
    turn(after)
    time.sleep_ms(150)
    heard = uart.read()
    turn(0)
    return heard and heard[3] << 8 | heard[4]
print('right', ask(1, 1, 0), ask(2, 1, 0))
print('never sent', ask(1, 0, 0))
print('never heard', ask(1, 1, 1))
"""


@pytest.fixture
def lamp(tmp_path):
    board = board_file.load("lamppost-esp32s3")
    fitted = tuple(board_file.Fitted(f"m{n}", "pzem004t", "meters", n) for n in (1, 2))
    board = dataclasses.replace(board, buses={"meters": BUS}, fitted=fitted)
    lamp = VirtualLamppost(board, workdir=tmp_path / "lamppost")
    flash_program(lamp, PROGRAM)
    yield lamp
    lamp.stop()


def test_meters_are_heard_only_when_the_pin_turns_with_the_question(lamp):
    lamp.part("m1").set(volts=231.0)
    lamp.part("m2").set(volts=229.0)
    lamp.start()
    lamp.console.wait_for("right 2310 2290", 60)
    lamp.console.wait_for("never sent None", 60)
    lamp.console.wait_for("never heard None", 60)
