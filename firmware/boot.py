"""Picks the app slot and keeps the rescue window; never changed over the air.

Slots /a and /b each hold a whole compiled app: .mpy files under their source names, and manifest.json with the hash of
each. An update deletes the manifest first and writes it last, so a slot without one is never started.

/state.json names the active slot. Three starts in a row that did not become healthy hand over to the other slot. They
are counted in RTC memory: a power cut at dawn is no failure of the app, and clears the count. RTC memory holds four
bytes: slot letter, failed starts, "w" once the watchdog runs, and what lock.py notes. main.py counts a start when the
app really begins, and clears the count when somebody at the console ends it.

A node is in operation when its console is locked, which is when lock.py finds `"mode": "operation"` in the
configuration; otherwise it is in development.
"""
# ruff: noqa: E402  no Ctrl-C may come before the first statement

while True:
    try:
        import micropython

        micropython.kbd_intr(-1)  # Ctrl-C is a byte like any other until it is known whether the console is locked
        break
    except KeyboardInterrupt:
        pass

import gc
import json
import os
import select
import sys
import time

import machine

began_ms = time.ticks_ms()  # main.py hands it on: power-on to first telemetry is measured from here
try:
    import base_image

    base_image.confirm()
    base_image.go_back()  # where a trial has failed already
except ImportError:  # a file system that was put together by hand
    base_image = None
_DEVELOPMENT_MS = 1500  # rescue window: time for a person to press Ctrl-C
_OPERATION_MS = 300  # time for a tool to ask for the challenge; the app answers it later as well


def active():
    """The slot that /state.json names for the MicroPython image that runs."""
    try:
        with open("/state.json") as file:
            state = json.load(file)
        return {"a": "a", "b": "b"}[base_image.app_slot(state) if base_image else state["active"]]
    except (OSError, ValueError, KeyError, TypeError):
        print("lamppost: /state.json cannot be read, slot a is taken; `lamplighter flash` replaces it")
        return "a"


def choose_slot(memory, active):
    """(RTC memory, active slot) -> (slot to start, its failed starts so far)."""
    if len(memory) < 2 or memory[:1] not in (b"a", b"b") or not memory[1:2].isdigit():
        return active, 0
    slot, failed = chr(memory[0]), int(memory[1:2])
    if failed >= 3:
        return other(slot), 0
    return slot, failed


def other(slot):
    return "b" if slot == "a" else "a"


def use(slot):
    """Let imports find the app of that slot; False if the slot is not complete."""
    for letter in "ab":
        if "/" + letter in sys.path:
            sys.path.remove("/" + letter)
    sys.path.insert(0, "/" + slot)
    try:
        os.stat("/%s/manifest.json" % slot)
        return True
    except OSError:
        print("lamppost: slot %s has no manifest: an update of it was interrupted" % slot)
        return False


def has_psram():
    """Without PSRAM the app would start, and never connect by TLS: boards/README.md says which modules have it."""
    gc.collect()
    if gc.mem_free() >= 1 << 20:
        return True
    print("lamppost: no PSRAM on this module, so the app does not start; use a module named in boards/README.md")
    return False


def pick_slot(memory):
    """(slot to start, its failed starts so far); imports find it then. Says when it is not the active one."""
    named = active()  # noqa: F821  deleted below, when all is decided
    slot, failed = choose_slot(memory, named)  # noqa: F821
    if not use(slot) and use(other(slot)):
        slot, failed = other(slot), 0
    if slot != named:
        if base_image:
            base_image.go_back("crashed", "the app did not start with it, or crashed again and again")
        print("lamppost: slot %s is started instead of slot %s" % (slot, named))
    return slot, failed


def keep_maintenance():
    """Feed a watchdog for a quarter of an hour, then let it reset the chip.

    So a laptop can work in the REPL, and a node that was left there goes back to work.
    """
    watchdog = machine.WDT(timeout=60000)
    count = [900]

    def feed(_):
        count[0] -= 1
        if count[0] > 0:
            watchdog.feed()

    machine.Timer(0).init(period=1000, mode=machine.Timer.PERIODIC, callback=feed)


def rescue_window():
    """True if Ctrl-C came within the window: the app is not started then. A locked console asks for its key first."""
    poll = select.poll()
    poll.register(sys.stdin, select.POLLIN)
    if console_lock and not console_lock.unlocked:
        print("lamppost: the console is locked")
        if not console_lock.wait(_OPERATION_MS, poll.poll, sys.stdin.buffer.read):
            return False
    stop = False
    while not stop and poll.poll(0):
        stop = sys.stdin.buffer.read(1) == b"\3"  # came while Ctrl-C was a byte like any other
    try:
        micropython.kbd_intr(3)
        print("lamppost: Ctrl-C within 1.5 s gives the REPL")
        if not stop:
            time.sleep_ms(_DEVELOPMENT_MS)
    except KeyboardInterrupt:
        stop = True
    if stop:
        print("lamppost: app not started; reset to start it")
    return stop


def noted(rtc, power_on):
    """What the start before left in RTC memory. A brown-out leaves the memory, but counts as a power cut."""
    if power_on:
        rtc.memory(b"")
    return bytes(rtc.memory())


rtc = machine.RTC()
memory = noted(rtc, machine.reset_cause() == machine.PWRON_RESET)
_soft = machine.reset_cause() == machine.SOFT_RESET
try:
    try:
        import lock

        console_lock = lock.console_lock = lock.of_node(memory, _soft)  # pyright: ignore[reportAttributeAccessIssue]
        if console_lock is None:
            del sys.modules["lock"], lock
    except ImportError:  # a file system that was put together by hand
        console_lock = None
    if _soft and memory[2:3] == b"w":
        keep_maintenance()  # a watchdog runs on through a soft reset
    slot, failed = pick_slot(memory)
    psram = has_psram()
    if not psram and base_image:
        base_image.go_back("crashed", "it finds no PSRAM on this module")
    rescued = rescue_window()
    window_ms = time.ticks_ms()
    if rescued and console_lock and not _soft:
        keep_maintenance()
except Exception as error:  # a new MicroPython that this script was not written for
    sys.print_exception(error)
    if base_image:
        base_image.go_back("crashed", "boot.py fails with it")
# the globals of this script live as long as the app does
del active, choose_slot, has_psram, noted, pick_slot, keep_maintenance, rescue_window
