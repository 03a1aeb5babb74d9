"""Starts the app; the image or slot before if it fails to start; and resets the chip if nothing starts."""

# ruff: noqa: E402  no Ctrl-C may come before the first statement

while True:
    try:
        console_lock = globals().get("console_lock")  # boot.py's
        if console_lock:
            console_lock.expire(True)  # each file starts with Ctrl-C let through
        break
    except KeyboardInterrupt:
        pass

import sys
import time

import machine


def note(slot, failed):
    """Write the note that boot.py reads: the slot, and how many starts in a row did not become healthy."""
    rtc = machine.RTC()
    rtc.memory((slot + str(failed)).encode() + bytes(rtc.memory())[2:4])


def build():
    """The build id of the app that fails to start."""
    try:
        from lamppost import made

        return made.BUILD
    except Exception:
        return "?"


def start(slot, failed):
    """Run the app of one slot; True if somebody at the console ended it, or if there is no configuration yet."""
    if not use(slot):  # type: ignore  # noqa: F821  boot.py's
        return False
    for name in [n for n in sys.modules if n == "lamppost" or n.startswith("lamppost.")]:
        del sys.modules[name]
    try:
        note(slot, failed + 1)  # counts as failed until it is healthy
        from lamppost import app

        app.main(slot, globals().get("began_ms"), globals().get("window_ms"))
    except KeyboardInterrupt:
        pass
    except Exception as error:
        print("lamppost: slot", slot, "failed to start, build", build())
        sys.print_exception(error)
        return False
    note(slot, 0)  # ended by a tool or a person: not the app's failure
    return True


if not globals().get("rescued"):
    ended, why = False, "no PSRAM: the app is not started"
    if globals().get("psram", True):
        slot, why = globals().get("slot", "a"), "no slot starts"
        ended = start(slot, globals().get("failed", 0))
        if not ended:
            if base_image:  # type: ignore  # noqa: F821  boot.py's
                base_image.go_back("crashed", "the app does not start with it")  # type: ignore  # noqa: F821
            slot = "b" if slot == "a" else "a"
            print("lamppost: slot %s is started instead" % slot)
            ended = start(slot, 0)
    try:
        if not ended:
            print("lamppost: %s; reset in 5 minutes, Ctrl-C for the REPL" % why)
        if console_lock and not console_lock.unlocked:
            console_lock.hold(300000)
            machine.reset()
        elif not ended:
            for _ in range(100):
                time.sleep(3)
                print("lamppost: %s" % why)  # for whoever comes with a cable meanwhile
            machine.reset()
    except KeyboardInterrupt:
        pass
