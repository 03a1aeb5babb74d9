"""Starts the app; the other slot if this one fails to start; and never ends without a way on."""

# ruff: noqa: E402  nobody may slip in before the first statement

while True:
    try:
        door = globals().get("door")  # boot.py's
        if door:
            door.tend(True)  # each file starts with Ctrl-C let through
        break
    except KeyboardInterrupt:
        pass

import sys
import time

import machine


def build():
    """Of the app whose traceback follows: a laptop that keeps its map can read it."""
    try:
        from lamppost import made

        return made.BUILD
    except Exception:
        return "?"


def start(slot):
    """Run the app of one slot; returns True if it ended because somebody at the console asked."""
    use(slot)  # type: ignore  # noqa: F821  boot.py's
    for name in [n for n in sys.modules if n == "lamppost" or n.startswith("lamppost.")]:
        del sys.modules[name]
    try:
        from lamppost import app

        app.main(slot)
        return True
    except KeyboardInterrupt:
        return True
    except Exception as error:
        print("lamppost: slot", slot, "failed to start, build", build())
        sys.print_exception(error)
        return False


if not globals().get("rescued"):
    slot = globals().get("slot", "a")
    psram = globals().get("psram", True)
    ended = psram and (start(slot) or start("b" if slot == "a" else "a"))
    if not psram:
        print("lamppost: no PSRAM: the app is not started; reset in 5 minutes, Ctrl-C for the REPL")
    elif not ended:
        print("lamppost: no slot starts; reset in 5 minutes, Ctrl-C for the REPL")
    try:
        if door and not door.opened:
            door.hold(300000)
            machine.reset()
        elif not ended:
            time.sleep(300)
            machine.reset()
    except KeyboardInterrupt:
        pass
