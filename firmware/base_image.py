"""Confirms the MicroPython image that runs, and goes back to the one before; never changed over the air.

The chip has two slots for MicroPython, ota_0 and ota_1. An update over the air (lamppost/ops/update/base.py) fills the
one that does not run, and notes in the trial of /state.json:

slot -- the app slot that goes with the new image; `active` names the one that goes with the old image
base -- {"to": slot of the new image, "from": slot of the old one, "starts": how often the new one was asked for,
    "back": [word, sentence] why the trial has failed, absent until then}

Which image runs decides which app starts, so otadata alone switches both. This file is source, not .mpy: any version of
MicroPython can read it.
"""

import json
import os

import machine
from esp32 import Partition

_PATH = "/state.json"
_PENDING, _NEW = 1, 0  # ESP-IDF's states in otadata
_NO_ROLLBACK = -261
_ENTRY = 32  # bytes: sequence number, label, state, CRC

running = Partition(Partition.RUNNING).info()[4]  # pyright: ignore[reportArgumentType]
rollback = None  # whether the boot loader goes back from an image that was not confirmed; None: not known


def confirm():
    """Mark the running image as valid. Else the boot loader would take the next power cut for its failure.

    What the boot loader made of a new image tells whether it has the rollback; each image is asked once.
    """
    global rollback
    state = _state()
    try:
        Partition.mark_app_valid_cancel_rollback()
        if state in (_PENDING, _NEW):
            rollback = state == _PENDING
    except OSError as error:
        if error.args[0] == _NO_ROLLBACK and state is not None:
            rollback = False


def _state():
    """The state of the newest entry in otadata; None if there is no such partition."""
    rows = [row for row in Partition.find(Partition.TYPE_DATA) if row.info()[1] == 0]
    best, state, entry = -1, None, bytearray(_ENTRY)
    for block in (0, 1) if rows else ():
        rows[0].readblocks(block, entry, 0)
        number, found = int.from_bytes(entry[:4], "little"), int.from_bytes(entry[24:28], "little")
        if number != 0xFFFFFFFF and number > best:
            best, state = number, found
    return state


def on_trial(state):
    """The trial's `base` in the content of /state.json if the new image runs; else None."""
    try:
        base = state["trial"]["base"]
        return base if base["to"] == running else None
    except (KeyError, TypeError):
        return None


def app_slot(state):
    """The app slot that goes with the image that runs."""
    return state["trial"]["slot"] if on_trial(state) else state["active"]


def go_back(word=None, sentence=""):
    """Start the image before, if one is on trial and runs; does not return then.

    word -- why the trial has failed; None: only if that is noted already
    """
    try:
        with open(_PATH) as file:
            state = json.load(file)
    except (OSError, ValueError):
        return
    base = on_trial(state)
    if base is None or not (word or base.get("back")):
        return
    if not base.get("back"):
        base["back"] = [word, sentence]
        try:
            with open("/update.part", "w") as file:
                json.dump(state, file)
            os.rename("/update.part", _PATH)
        except OSError as error:  # the old image tries the new one once more then, and not for ever
            print("lamppost: /state.json cannot be written: %s" % error)
    try:
        Partition(base["from"]).set_boot()
    except OSError as error:
        print("lamppost: the MicroPython in %s cannot be started again: %s" % (base["from"], error))
        return
    print("lamppost: back to the MicroPython in %s: %s" % (base["from"], base["back"][0]))
    rtc = machine.RTC()
    rtc.memory(b"---" + bytes(rtc.memory())[3:4])
    machine.reset()
