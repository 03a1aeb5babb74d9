"""The serial console of a running node: its log, the answer to `who`, and the answers to lock.py's challenges."""

import asyncio
import json
import select
import sys
from binascii import hexlify

from micropython import const

_LOOK_MS = const(500)
_MOST = const(256)  # bytes read at once: noise on an open line must not keep the other tasks waiting
_RESET_STATE = const(0x3FF48034)  # RTC_CNTL_RESET_STATE_REG of the ESP32's reference manual
_RESET_STATE_S3 = const(0x60008038)  # RTC_CNTL_RTC_RESET_STATE_REG of the ESP32-S3's
_POWER_ON = const(1)
_KEPT = const(64)  # lines of the log, for who asks over the air,
_KEPT_WIDTH = const(160)  # and characters of each


class Console:
    """log(text) prints one line an event, with the uptime before it, and keeps it; never give it a secret."""

    def __init__(self, clock, write=print):
        self._clock = clock
        self._write = write
        self._lines = []  # the last ones

    def log(self, text):
        ms = self._clock.uptime_ms()
        line = "[%6d.%03d] %s" % (ms // 1000, ms % 1000, text)
        self._lines.append(line[:_KEPT_WIDTH])
        if len(self._lines) > _KEPT:
            self._lines.pop(0)
        self._write(line)

    def last(self, count):
        """The last lines that were logged, at most so many."""
        return self._lines[-count:]


async def attend(beat, node, machine):
    """Read the console twice a second, for ever."""
    poller = select.poll()
    poller.register(sys.stdin, select.POLLIN)
    module = sys.modules.get("lock")  # boot.py imported it if this console has a lock
    lock = module.console_lock if module else None
    if not lock:
        node.alarms.set("consoleRefused", False)  # raised before, when there was a lock
    typed, refused = b"", 0
    while True:
        typed = listen(node, lock, machine, poller, typed)
        if lock:
            lock.expire()
            report_refusals(node.alarms, lock, refused)
            refused = lock.refused
        beat.alive()
        await asyncio.sleep_ms(_LOOK_MS)


def listen(node, lock, machine, poller, typed):
    """Read what was typed and answer it; typed -- the last four bytes before. Returns the last four bytes now."""
    printed = None
    for _ in range(_MOST):
        byte = sys.stdin.buffer.read(1) if poller.poll(0) else None
        if not byte:
            break
        typed = (typed + byte)[-4:]
        answer = lock and lock.take(byte)
        if typed in (b"who\r", b"who\n"):
            who(node, lock, machine)
        elif answer and answer != printed:
            printed = answer
            print(answer)
    return typed


def who(node, lock, machine, write=print):
    """Print the line that answers `who`."""
    board = node.board
    write("lamppost: " + json.dumps({
        "mac": hexlify(machine.unique_id()).decode(),
        "node": "%s/%s" % (node.config.get("site"), node.config.get("node")),
        "asset": node.config.get("asset"),
        "board": board.get("board"),
        "chip": board.get("chip"),
        "firmware": node.build.get("version"),
        "build": node.build.get("build"),
        "config": node.fingerprint,
        "slot": node.slot,
        "reset": "brown-out" if browned_out(machine, board.get("chip"), node.reset) else node.reset,
        "boot": node.counters.boot,
        "uptime_s": node.clock.uptime_s(),
        "locked": bool(lock and not lock.unlocked),
    }))  # fmt: skip


def browned_out(machine, chip, reset):
    """True if the brown-out detector caused this start; MicroPython reports it as a power-on."""
    state = machine.mem32[_RESET_STATE if chip == "esp32" else _RESET_STATE_S3] & 0x3F
    return reset == "power-on" and state not in (0, _POWER_ON)


def report_refusals(alarms, lock, before):
    """Raise the alarm over wrong answers, and clear it once the console is unlocked."""
    if lock.refused > before:
        alarms.set("consoleRefused", True, "wrong answer at the serial console", lock.refused)
    elif lock.unlocked:
        alarms.set("consoleRefused", False)
