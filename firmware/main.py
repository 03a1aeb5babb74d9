"""Starts the app; the other slot if this one fails to start; and never ends without a way on."""

import gc
import sys
import time

import machine


def start(slot):
    """Run the app of one slot; returns True if it ended because somebody at the console asked."""
    use(slot)  # type: ignore  # noqa: F821  boot.py's
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
        print("lamppost: slot", slot, "failed to start")
        sys.print_exception(error)
        return False


if not globals().get("rescued"):
    slot = globals().get("slot", "a")
    if not start(slot) and not start("b" if slot == "a" else "a"):
        print("lamppost: no slot starts; reset in 5 minutes, Ctrl-C for the REPL")
        try:
            for _ in range(300):
                time.sleep(1)
            machine.reset()
        except KeyboardInterrupt:
            pass
