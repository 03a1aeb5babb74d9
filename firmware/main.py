"""Starts the app; the other slot if this one fails to start; and never ends without a way on."""

# ruff: noqa: E402  nobody may slip in before the first statement

while True:
    try:
        if globals().get("door"):
            door.tend(True)  # noqa: F821  boot.py's; each file starts with Ctrl-C let through
        break
    except KeyboardInterrupt:
        pass

import gc
import select
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
    use(slot)  # noqa: F821  boot.py's
    for name in [n for n in sys.modules if n.split(".")[0] == "lamppost"]:
        del sys.modules[name]
    gc.threshold(8192)  # what stays of a hundred imports then lies together, and large blocks still fit beside it
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


def free():
    """Whether the REPL may be had: the console is not locked, or was unlocked."""
    return not globals().get("door") or door.opened  # noqa: F821


def wait(seconds):
    """Let the time pass, or less of it if Ctrl-C or a right answer ends it."""
    if free():
        time.sleep(seconds)
        return
    poller = select.poll()
    poller.register(sys.stdin, select.POLLIN)
    if door.wait(seconds * 1000, poller.poll, sys.stdin.buffer.read):  # noqa: F821
        raise KeyboardInterrupt


if not globals().get("rescued"):
    slot = globals().get("slot", "a")
    ended = start(slot) or start("b" if slot == "a" else "a")
    if not ended:
        print("lamppost: no slot starts; reset in 5 minutes, Ctrl-C for the REPL")
    try:
        if not (ended and free()):
            wait(300)
            machine.reset()
    except KeyboardInterrupt:
        pass
