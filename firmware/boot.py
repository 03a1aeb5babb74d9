"""Picks the app slot and keeps the rescue window; never changed over the air.

Slots /a and /b each hold a whole compiled app: .mpy files under their source names, and a manifest of their hashes.
Which one starts: the `active` one of /state.json, unless it failed to become healthy three times since the last
power-on (counted in RTC memory: a power cut at dawn is no failure of the app and clears the count). RTC memory
holds slot letter, count, "w" once the watchdog is armed, and what lock.py notes.
"""
# ruff: noqa: E402  nobody may slip in before the first statement

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

_WINDOW_MS = 1500


def choose_slot(memory, active):
    """(RTC memory, active slot) -> (slot to start, its try count)."""
    slot, tries = active, 0
    if len(memory) >= 2 and memory[:1] in (b"a", b"b") and memory[1:2].isdigit():
        slot, tries = chr(memory[0]), int(memory[1:2])
        if tries >= 3:
            slot, tries = "b" if slot == "a" else "a", 0
    return slot, tries + 1


def use(slot):
    """Import the app from that slot; False if there is none."""
    for letter in "ab":
        if "/" + letter in sys.path:
            sys.path.remove("/" + letter)
    sys.path.insert(0, "/" + slot)
    try:
        os.stat("/%s/manifest.json" % slot)
        return True
    except OSError:
        return False


def has_psram():
    """Without PSRAM the app would start, and never connect by TLS: boards/README.md says which modules have it."""
    gc.collect()
    if gc.mem_free() >= 1 << 20:
        return True
    print("lamppost: no PSRAM on this module, so the app does not start; use a module named in boards/README.md")
    return False


def active():
    try:
        with open("/state.json") as file:
            slot = json.load(file)["active"]
    except (OSError, ValueError, KeyError, TypeError):
        slot = "a"  # a state file that cannot be read must not stop the boot
    return "b" if slot == "b" else "a"


def keep_maintenance():
    """Feed a watchdog for a quarter of an hour, then let it bite.

    So a laptop can work in the REPL, and a node that was left there comes back to work by itself.
    """
    watchdog = machine.WDT(timeout=60000)
    count = [900]

    def feed(_):
        count[0] -= 1
        if count[0] > 0:
            watchdog.feed()

    machine.Timer(0).init(period=1000, mode=machine.Timer.PERIODIC, callback=feed)


def rescue_window():
    """True if somebody stop Ctrl-C within the window: the app is not started then. A locked console asks first."""
    poll = select.poll()
    poll.register(sys.stdin, select.POLLIN)
    if door and not door.opened:
        print("lamppost: the console is locked")
        if not door.wait(_WINDOW_MS, poll.poll, sys.stdin.buffer.read):
            return False
    stop = False
    while not stop and poll.poll(0):
        stop = sys.stdin.buffer.read(1) == b"\3"  # came while Ctrl-C was a byte like any other
    try:
        micropython.kbd_intr(3)
        print("lamppost: Ctrl-C within 1.5 s gives the REPL")
        if not stop:
            time.sleep_ms(_WINDOW_MS)
    except KeyboardInterrupt:
        stop = True
    if stop:
        print("lamppost: app not started; reset to start it")
    return stop


rtc = machine.RTC()
memory = bytes(rtc.memory())
_soft = machine.reset_cause() == machine.SOFT_RESET
try:
    import lock

    door = lock.door = lock.closed(memory, _soft)  # pyright: ignore[reportAttributeAccessIssue]
    if door is None:
        del sys.modules["lock"], lock
except ImportError:  # put together by hand
    door = None
if _soft and memory[2:3] == b"w":
    keep_maintenance()  # an armed watchdog runs on through a soft reset
slot, _count = choose_slot(memory, active())
if not use(slot):
    slot = "b" if slot == "a" else "a"
    use(slot)
psram = has_psram()
rescued = rescue_window()
if rescued and door and not _soft:
    keep_maintenance()
if psram and not rescued and not _soft:
    rtc.memory((slot + str(_count)).encode() + bytes(rtc.memory())[2:4])
# the globals of this script live as long as the app does
del choose_slot, active, has_psram, keep_maintenance, rescue_window
