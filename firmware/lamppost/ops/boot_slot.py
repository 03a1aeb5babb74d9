"""The note in RTC memory by which boot.py counts the starts that did not become healthy; and what boot.py decided."""

import json
import os


def armed(machine, letter):
    """The watchdog runs from here on; the try that boot.py counted stays counted."""
    rtc = machine.RTC()
    memory = bytes(rtc.memory())
    tries = memory[1:2] if memory[:1] == letter.encode() else b"1"
    rtc.memory(letter.encode() + tries + b"w" + memory[3:4])


def healthy(machine, letter):
    """This start was a good one: the count begins again."""
    rtc = machine.RTC()
    rtc.memory(letter.encode() + b"0w" + bytes(rtc.memory())[3:4])


def forget(machine):
    """The next start takes the slot that /state.json names, with no failed starts."""
    rtc = machine.RTC()
    rtc.memory(b"---" + bytes(rtc.memory())[3:4])


def fallback(letter, root="/"):
    """The reason why the inactive slot runs: "incomplete" or "failed"; None: the active slot runs.

    "incomplete" -- the active slot has no manifest: an update of it was interrupted
    "failed" -- the active slot did not start, or did not become healthy in three starts
    """
    try:
        with open(root + "state.json") as file:
            state = json.load(file)
        active = state["active"]
        if state.get("trial", {}).get("slot") == letter:
            return None  # it goes with the new MicroPython that is on trial
    except (OSError, ValueError, KeyError, TypeError):
        return None  # boot.py reports the state file
    if active == letter or active not in ("a", "b"):
        return None
    try:
        os.stat("%s%s/manifest.json" % (root, active))
        return "failed"
    except OSError:
        return "incomplete"
