"""ops/console.py: the answer to `who`, and the alarm over wrong answers at the lock."""

import json

from lamppost.ops import console


class Alarms:
    def __init__(self):
        self.active = {}
        self.told = []

    def set(self, code, on, evidence="", value=None):
        self.told.append((code, on, value))
        if on:
            self.active[code] = value
        else:
            self.active.pop(code, None)


class Lock:
    def __init__(self, refused=0, unlocked=False):
        self.refused = refused
        self.unlocked = unlocked


class Machine:
    """As MicroPython shows a chip whose reset state register holds `state`."""

    def __init__(self, state, register=0x3FF48034):
        self.mem32 = {register: state}

    def unique_id(self):
        return b"\x24\x0a\xc4\x12\x34\x56"


class Node:
    board = {"board": "lamppost-esp32", "chip": "esp32"}
    build = {"version": "1.2.3", "build": "0123456789ab"}
    config = {"site": "lisbon", "node": "lp-0042", "asset": "LP-0042"}
    fingerprint = "abcdef012345"
    reset = "power-on"

    slot = "b"

    class counters:  # noqa: N801
        boot = 7

    class clock:  # noqa: N801
        @staticmethod
        def uptime_s():
            return 33


def asked(machine, lock=None):
    lines = []
    console.who(Node, lock, machine, lines.append)
    assert len(lines) == 1 and lines[0][:10] == "lamppost: "
    return json.loads(lines[0][10:])


def test_a_lamppost_says_who_it_is_in_one_line():
    told = asked(Machine(1))
    assert told["mac"] == "240ac4123456" and told["node"] == "lisbon/lp-0042" and told["asset"] == "LP-0042"
    assert told["build"] == "0123456789ab" and told["slot"] == "b" and told["config"] == "abcdef012345"
    assert told["reset"] == "power-on" and told["locked"] is False


def test_a_supply_that_dipped_is_told_from_a_power_on():
    assert asked(Machine(0xC))["reset"] == "brown-out"
    assert asked(Machine(0xF))["reset"] == "brown-out"
    assert asked(Machine(0x4200 | 1))["reset"] == "power-on"  # the bits of the other core say nothing


def test_later_chips_have_the_register_elsewhere():
    assert console.browned_out(Machine(0xF, 0x60008038), "esp32s3", "power-on")
    assert not console.browned_out(Machine(0xF, 0x60008038), "esp32s3", "hard")


def test_a_locked_console_says_so():
    assert asked(Machine(1), Lock())["locked"] is True
    assert asked(Machine(1), Lock(unlocked=True))["locked"] is False


def test_wrong_answers_are_an_alarm_that_counts_them_and_the_right_one_ends_it():
    alarms = Alarms()
    console.report_refusals(alarms, Lock(refused=1), 0)
    console.report_refusals(alarms, Lock(refused=3), 1)
    assert alarms.told == [("consoleRefused", True, 1), ("consoleRefused", True, 3)]
    console.report_refusals(alarms, Lock(refused=3), 3)
    console.report_refusals(alarms, Lock(refused=3, unlocked=True), 3)
    assert alarms.told[2:] == [("consoleRefused", False, None)]
