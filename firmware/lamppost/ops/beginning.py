"""What the node says about itself when it starts and connects: evt/boot, evt/config, info; loaded for each."""

import json

from ..core.payload import body
from ..core.units import of

WITH = ("core.units",)

# what goes out is what became of a reading over the window
_SAID = {
    "p_mw": ("p_mean_mw", "p_max_mw", "imp_mwh", "e_mwh"),
    "voc_raw": ("voc_index",),
    "nox_raw": ("nox_index",),
    "a0_uv": ("no2", "o3", "so2", "co"),
}
RESET_WORDS = ("PWRON_RESET", "HARD_RESET", "WDT_RESET", "DEEPSLEEP_RESET", "SOFT_RESET")
RESETS = ("power-on", "hard", "watchdog", "deep-sleep", "soft")


def reset_word(machine):
    """The reset cause as a word; "unknown" where the chip says nothing."""
    cause = machine.reset_cause()
    for name, word in zip(RESET_WORDS, RESETS):
        if cause == getattr(machine, name, None):
            return word
    return "unknown"


def tell(node):
    """The first record of this boot, and what a new configuration means for it."""
    build = node.build.get("build", "?")
    node.event(b"boot", boot(node.counters, node.reset, node.outbox.last_committed, node.slot, build))
    node.alarms.set("configReverted", bool(node.reverted), node.reverted or "")
    if node.reverted or node.fresh:
        node.event(b"config", config(node.fingerprint, node.reverted))
    node.alarms.set("journalLost", bool(node.lost), node.lost)


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
    """info (retained): what this lamppost is, what is fitted, and the unit of every number it will say.

    A list of bytes: in one piece it would be the longest text of the node.
    """
    members = {
        "firmware": build.get("version", "?"),
        "build": build.get("build", "?"),
        "board": board.get("board", "?"),
        "chip": board.get("chip", "?"),
        "asset": config.get("asset"),
        "location": config.get("location"),
        "config": fingerprint,
        "parts": [{"id": row["id"], "part": row["part"]} for row in config.get("parts", ())],
        "schema": {"messages": 1, "config": config.get("v", 1)},
    }
    pieces = [json.dumps({name: members[name]})[1:-1].encode() + b"," for name in members]
    named = [said for part in parts.values() for name in part.QUANTITIES for said in _SAID.get(name, (name,))]
    before = '"units":{'
    for said in set(named):
        pieces.append(('%s"%s":{"ucum":"%s","rec20":"%s"}' % ((before, said) + of(said))).encode())
        before = ","
    pieces.append(b"}}" if named else b'"units":{}}')
    return pieces
