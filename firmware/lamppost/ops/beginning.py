"""What the node says about itself when it starts and connects: evt/boot, evt/config, info; loaded for each."""

import json

from ..core.borrow import give_back
from ..core.codec import body
from ..core.units import UNITS

WITH = ("core.units",)

RESET_WORDS = ("PWRON_RESET", "HARD_RESET", "WDT_RESET", "DEEPSLEEP_RESET", "SOFT_RESET")
RESETS = ("power-on", "hard", "watchdog", "deep-sleep", "soft")


def reset_word(machine):
    """The reset cause as a word; "unknown" where the chip says nothing."""
    cause = machine.reset_cause()
    for name, word in zip(RESET_WORDS, RESETS):
        if cause == getattr(machine, name, None):
            return word
    return "unknown"


def made():
    """Version and build of this slot's app."""
    from .. import made

    told = {"version": made.VERSION, "build": made.BUILD}
    give_back("made")
    return told


def boot(counters, reset, last, slot, build):
    """evt/boot: why the node started, and the last record committed before, so that the tail is proven too."""
    last_b, last_s = last or (None, None)
    return body(
        (("last_b", last_b), ("last_s", last_s), ("power_cuts", counters.power_cuts)),
        None,
        '"reset":"%s","slot":"%s","build":"%s"' % (reset, slot, build),
    )


def config(fingerprint, reverted):
    """evt/config: which configuration runs from now on; reverted -- the word why it is not the newest, or None."""
    phase, reason = ("reverted", reverted) if reverted else ("applied", "")
    return body((), None, '"config":"%s","phase":"%s","reason":"%s"' % (fingerprint, phase, reason))


def info(config, fingerprint, board, build, parts):
    """info (retained): what this lamppost is, what is fitted, and the unit of every number it will say."""
    units = {}
    for part in parts.values():
        for name in part.QUANTITIES:
            # a meter's power goes out as what became of it over the window
            for said in ("p_mean_mw", "p_max_mw", "e_mwh") if name == "p_mw" else (name,):
                ucum, rec20 = UNITS[said]
                units[said] = {"ucum": ucum, "rec20": rec20}
    members = {
        "firmware": build.get("version", "?"),
        "build": build.get("build", "?"),
        "board": board.get("board", "?"),
        "chip": board.get("chip", "?"),
        "asset": config.get("asset"),
        "location": config.get("location"),
        "config": fingerprint,
        "parts": [{"id": row["id"], "part": row["part"]} for row in config.get("parts", ())],
        "units": units,
        "schema": {"messages": 1, "config": config.get("v", 1)},
    }
    return body((), None, json.dumps(members)[1:-1])
