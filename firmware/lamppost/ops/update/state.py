"""/state.json: which slot is active, the trial of a new app, and how the last update over the air ended.

It is one file, replaced by rename: so the switch to a new slot and the beginning of its trial are one step, and so are
the way back and its reason. boot.py reads `active` and nothing else.

active -- slot letter
trial -- {"id", "build", "from": slot letter to go back to, "floor", "parts": ids of those that answered before,
    "step_s": powered seconds between two looks at the new app, "powered_s": so far, "crashes",
    "started": the next start is a crash if it is no power-on}; absent when no app is on trial. With a new MicroPython
    also "slot" and "base": see firmware/base_image.py; `active` is the old app's then until the trial ends
rollback -- whether the boot loader goes back by itself from a MicroPython that does not start; absent: not known
floor -- the oldest version that may be installed over the air
last -- {"id", "phase", "word", "sentence", "build"} of the last update that ended
"""

import json

from . import slot_files

_PATH = "/state.json"


def load(slot):
    """The document; if it cannot be read, one that names the running slot."""
    try:
        with open(_PATH) as file:
            state = json.load(file)
        if state["active"] in ("a", "b"):
            return state
    except (OSError, ValueError, KeyError, TypeError, RuntimeError):
        pass
    return {"active": slot}


def save(state):
    slot_files.replace(_PATH, json.dumps(state))
