"""What the node says about itself: the bodies of evt/boot, info, state and diag, as the contract has them."""

import json

from micropython import const

from ..core.codec import body
from ..core.quantity import QUANTITIES

_ENOUGH = const(4)  # erases in this boot that tell a rate, to a quarter
_YEAR_S = const(31557600)

RESET_WORDS = ("PWRON_RESET", "HARD_RESET", "WDT_RESET", "DEEPSLEEP_RESET", "SOFT_RESET")
RESETS = ("power-on", "hard", "watchdog", "deep-sleep", "soft")


def reset_word(machine):
    """The reset cause as a word; "unknown" where the chip says nothing."""
    cause = machine.reset_cause()
    for name, word in zip(RESET_WORDS, RESETS):
        if cause == getattr(machine, name, None):
            return word
    return "unknown"


def boot(counters, reset, last, slot, build):
    """evt/boot: why the node started, and the last record committed before, so that the tail is proven too."""
    last_b, last_s = last or (None, None)
    return body(
        (("last_b", last_b), ("last_s", last_s), ("power_cuts", counters.power_cuts)),
        None,
        '"reset":"%s","slot":"%s","build":"%s"' % (reset, slot, build),
    )


def clock(step_ms, source):
    """evt/clock: the time was set; step_ms None when none was known before."""
    return body((("step_ms", step_ms),), None, '"source":"%s"' % source)


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
                row = QUANTITIES[said]
                units[said] = {"ucum": row[1], "rec20": row[2]}
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


def wear(rings, uptime_s):
    """The journal's wear: of its rings the worst of each, and the years that are left at the rate of this boot.

    rings -- as Ring.wear tells it of each. Years are of powered time, None until enough was written to tell a rate.
    """
    said = {"cycles": 0, "rated": 0, "bad": 0, "years": None}
    for cycles, rated, bad, blocks, erases in rings:
        said["cycles"] = max(said["cycles"], cycles)
        said["rated"] = rated
        said["bad"] += bad
        if erases >= _ENOUGH:
            years = max(0, rated - cycles) * blocks * uptime_s // (erases * _YEAR_S)
            said["years"] = years if said["years"] is None else min(said["years"], years)
    return said


def diag(node, heap_free, rssi):
    """diag (hourly, QoS 0): the figures that tell a sick node from a well one."""
    journal = node.outbox
    values = (
        ("heap_free", heap_free),
        ("depth", journal.depth()),
        ("dropped", journal.dropped),
        ("power_cuts", node.counters.power_cuts),
        ("rssi", rssi),
    )
    drift, base = node.clock.drift_ppb, node.timebase
    if drift is not None:
        drift = (drift + 500) // 1000
    age_s = None if node.clock.offset_s is None else node.clock.uptime_s() - node.clock.set_at_s
    values += (("drift_ppm", drift), ("clock_age_s", age_s), ("clock_tu", base.tu_ms()))
    if node.burn:
        values += (("burn_s", node.counters.burn_s), ("switchings", node.counters.switchings))
    worn = wear((journal.wear(), node.counters.wear()), node.clock.uptime_s())
    members = (json.dumps(worn), node.reset, json.dumps(node.health.faults))
    more = '"clock":"%s"' % (base.source or "none")
    if node.meter:
        more += ',"meter":%s' % json.dumps(node.meter.register.events)
    return body(values, None, '"wear":%s,"reset":"%s","faults":%s,' % members + more)
