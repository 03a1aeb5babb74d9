"""What is said at the serial console of a node that works: who it is; loaded for each question."""

import json
import sys
from binascii import hexlify

_RESET_STATE = 0x3FF48034  # RTC_CNTL_RESET_STATE_REG of the ESP32's reference manual
_RESET_STATE_LATER = 0x60008038  # RTC_CNTL_RTC_RESET_STATE_REG of the S3 and the C3
_POWER_ON = 1
_AT_ONCE = 256  # bytes at a look: noise on an open line must not keep the others waiting


def browned_out(machine, chip, reset):
    """Whether the supply dipped before this start: MicroPython calls that a power-on, the register does not."""
    state = machine.mem32[_RESET_STATE if chip == "esp32" else _RESET_STATE_LATER] & 0x3F
    return reset == "power-on" and state not in (0, _POWER_ON)


def hear(node, door, machine, poller, heard):
    """Read what was typed; heard -- the last four bytes before. Returns them as they are now."""
    said = None
    for _ in range(_AT_ONCE):
        byte = sys.stdin.buffer.read(1) if poller.poll(0) else None
        if not byte:
            break
        heard = (heard + byte)[-4:]
        answer = door and door.hear(byte)
        if heard in (b"who\r", b"who\n"):
            who(node, door, machine)
        elif answer and answer != said:
            said = answer
            print(said)
    return heard


def who(node, door, machine, write=print):
    """Say one line to a tool that asks `who`."""
    board = node.board
    write("lamppost: " + json.dumps({
        "mac": hexlify(machine.unique_id()).decode(),
        "node": "%s/%s" % (node.config.get("site"), node.config.get("node")),
        "asset": node.config.get("asset"),
        "board": board["board"],
        "chip": board["chip"],
        "firmware": node.build.get("version"),
        "build": node.build.get("build"),
        "config": node.fingerprint,
        "slot": node.slot,
        "reset": "brown-out" if browned_out(machine, board["chip"], node.reset) else node.reset,
        "boot": node.counters.boot,
        "uptime_s": node.clock.uptime_s(),
        "locked": bool(door and not door.opened),
    }))  # fmt: skip


def tell(alarms, door, told):
    """Raise the alarm over wrong answers, or end it after a right one."""
    if door.wrong > told:
        alarms.set("consoleRefused", True, "wrong answer at the serial console", door.wrong)
    elif "consoleRefused" in alarms.active:
        alarms.set("consoleRefused", False)
