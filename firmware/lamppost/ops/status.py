"""What the node says about itself while it works: evt/clock, diag, another meter; loaded for each."""

import json

from micropython import const

from ..core.borrow import once
from ..core.payload import body

_ENOUGH = const(4)  # erases in this boot that tell a rate, to a quarter
_YEAR_S = const(31557600)
_TOLD_S = const(86400)  # how long it is told that another meter counts


def clock(step_ms, source):
    """evt/clock: the time was set; step_ms None when none was known before."""
    return body((("step_ms", step_ms),), None, '"source":"%s"' % source)


def another_meter(node, change, new):
    """Say for a day, or until the next start, that the meter was reset or swapped: `change`, None where it was not.

    Returns the uptime at which to come again; 0: not before there is another change.
    """
    node.alarms.set("meterChanged", False)
    if not new or change is None:
        return 0
    node.alarms.set("meterChanged", True, change, node.counters.meter_mwh)
    return node.clock.uptime_s() + _TOLD_S


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
    """diag (hourly, QoS 0): the figures that tell a sick node from a well one. None of them is a quantity."""
    dropped, worn = once("journal.folded", "told", node.outbox)
    drift, base = node.clock.drift_ppb, node.timebase
    if drift is not None:
        drift = (drift + 500) // 1000
    age_s = None if node.clock.offset_s is None else node.clock.uptime_s() - node.clock.set_at_s
    said = {
        "heap_free": heap_free,
        "depth": node.outbox.depth(),
        "dropped": dropped,
        "power_cuts": node.counters.power_cuts,
        "rssi": rssi,
        "drift_ppm": drift,
        "clock_age_s": age_s,
        "clock_tu": base.tu_ms(),
        "wear": wear((worn, node.counters.wear()), node.clock.uptime_s()),
        "reset": node.reset,
        "faults": node.health.faults,
        "clock": base.source or "none",
    }
    if node.burn:
        said["burn_s"] = node.counters.burn_s
        said["switchings"] = node.counters.switchings
    if node.meter:
        said["meter"] = node.meter.register.events
    return json.dumps(said)[1:].encode()
