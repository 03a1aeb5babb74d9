"""The node's messages about itself: evt/boot, evt/config, evt/clock, info and diag."""

import json

from micropython import const

from ..core.payload import body
from ..core.quantities import unit
from ..lamp import gear_reports

_ENOUGH = const(4)  # erases in this boot that are enough for a rate, to a quarter
_YEAR_S = const(31557600)

# what is published of a reading is what became of it over the window
_PUBLISHED = {
    "p_mw": ("p_mean_mw", "p_max_mw", "imp_mwh", "e_mwh"),
    "voc_raw": ("voc_index",),
    "nox_raw": ("nox_index",),
    "a0_uv": ("no2", "o3", "so2", "co"),
}
_RESETS = (
    ("PWRON_RESET", "power-on"),
    ("HARD_RESET", "hard"),
    ("WDT_RESET", "watchdog"),
    ("DEEPSLEEP_RESET", "deep-sleep"),
    ("SOFT_RESET", "soft"),
)


def reset_word(machine):
    """The cause of the last reset as a word; "unknown" where the chip does not say."""
    cause = machine.reset_cause()
    for name, word in _RESETS:
        if cause == getattr(machine, name, None):
            return word
    return "unknown"


def boot(counters, reset, last, slot, fallback, build):
    """evt/boot: why the node started, and the last record committed before, which proves the tail of the night.

    fallback -- from boot_slot.fallback
    """
    last_b, last_s = last or (None, None)
    return body(
        (("last_b", last_b), ("last_s", last_s), ("power_cuts", counters.power_cuts)),
        None,
        '"reset":"%s","slot":"%s","fallback":%s,"build":"%s"' % (reset, slot, json.dumps(fallback), build),
    )


def config(fingerprint, reverted):
    """evt/config: which configuration runs now; reverted -- the word why it is not the newest, or None."""
    phase, reason = ("reverted", reverted) if reverted else ("applied", "")
    return body((), None, '"config":"%s","phase":"%s","reason":%s' % (fingerprint, phase, json.dumps(reason[:120])))


def clock(step_ms, source):
    """evt/clock: the time was set; step_ms -- None when no time was known before."""
    return body((("step_ms", step_ms),), None, '"source":"%s"' % source)


def info(config, fingerprint, board, build, parts, base, luminaires):
    """info (retained): what this lamppost is, which parts are fitted, and the unit of every number that it publishes.

    base -- what runs the app: see BaseImage.facts in update/base.py; luminaires -- lamp/output.py's
    A list of bytes: in one piece it would be the longest text of the node.
    """
    members = {
        "firmware": build.get("version", "?"),
        "build": build.get("build", "?"),
        "board": board.get("board", "?"),
        "chip": board.get("chip", "?"),
        "base": base,
        "asset": config.get("asset"),
        "location": config.get("location"),
        "config": fingerprint,
        "parts": [{"id": row["id"], "part": row["part"]} for row in config.get("parts", ())],
        "schema": {"messages": 1, "config": config.get("v", 1)},
    }
    if luminaires:
        members["luminaires"] = [dict(luminaires[short], gear=short) for short in sorted(luminaires)]
    pieces = [json.dumps({name: members[name]})[1:-1].encode() + b"," for name in members]
    names = [name for part in parts.values() for read in part.QUANTITIES for name in _PUBLISHED.get(read, (read,))]
    if config.get("lamp", {}).get("output") == "dali":
        names += gear_reports.QUANTITIES
    before = '"units":{'
    for name in set(names):
        pieces.append(('%s"%s":{"ucum":"%s","rec20":"%s"}' % ((before, name) + unit(name))).encode())
        before = ","
    pieces.append(b"}}" if names else b'"units":{}}')
    return pieces


def diag(node, heap_free, rssi):
    """diag (hourly, QoS 0): the figures by which a sick node differs from a healthy one. None of them is a quantity."""
    clock, source, outbox = node.clock, node.time_source, node.outbox
    drift = clock.drift_ppb
    if drift is not None:
        drift = (drift + 500) // 1000
    members = {
        "heap_free": heap_free,
        "depth": outbox.depth,
        "dropped": outbox.dropped,
        "refused": node.link.refusals,
        "power_cuts": node.counters.power_cuts,
        "rssi": rssi,
        "drift_ppm": drift,
        "clock_age_s": None if clock.offset_s is None else clock.uptime_s() - clock.set_at_s,
        "clock_tu": source.tu_ms(),
        "wear": wear((outbox.wear, node.counters.wear), clock.uptime_s()),
        "reset": node.reset,
        "faults": node.health.faults,
        "clock": source.source or "none",
    }
    if node.lamp_hours:
        members["burn_s"] = node.counters.burn_s
        members["switchings"] = node.counters.switchings
        members["energy_by_level_wh"] = [mwh // 1000 for mwh in node.lamp_hours.energy_mwh]
    if node.meter:
        members["meter"] = node.meter.register.events
    return json.dumps(members)[1:].encode()


def wear(rings, uptime_s):
    """The journal's wear: the worst of its rings, and the years that are left at the rate of this boot.

    rings -- Log.wear of each. Years are of powered time, None until enough was written for a rate.
    """
    worst = {"cycles": 0, "rated": 0, "bad": 0, "years": None}
    for cycles, rated, bad, blocks, erases in rings:
        worst["cycles"] = max(worst["cycles"], cycles)
        worst["rated"] = rated
        worst["bad"] += bad
        if erases >= _ENOUGH:
            years = max(0, rated - cycles) * blocks * uptime_s // (erases * _YEAR_S)
            worst["years"] = years if worst["years"] is None else min(worst["years"], years)
    return worst
