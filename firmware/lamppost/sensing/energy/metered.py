"""The body of tele/energy for a window that has ended; loaded for it, where windows are not short."""

from micropython import const

from ...core.payload import body as encoded
from ...core.quality import ESTIMATED, GAP, VALID, of_fault

_ENOUGH = const(75)  # % of the expected readings, below which a mean is an estimate
_BACKWARDS_MW = const(-5000)  # less is the noise of a meter without load


def body(meter, seconds, whole):
    """meter -- the Energy whose window of so many seconds this is; whole -- it reached from boundary to boundary.

    Says in meter.warned what ran backwards.
    """
    count = meter.count
    values, quality = [], {}
    if count:
        means = [(2 * total + count) // (2 * count) for total in meter.sums]
        letter = VALID if 100 * count * meter.every_ms >= _ENOUGH * 1000 * seconds else ESTIMATED
        imp_mwh = meter.counters.imp_mwh
        energy, energy_letter = imp_mwh - meter.imp_mwh, meter.imp_letter
        if energy_letter == VALID and not whole:
            energy_letter = GAP
        found = not meter.options.get("exports") and _backwards(meter.names, means)
        meter.warned = found and (meter.warned or found) or ()  # told once, not with each window's figure
    else:
        means = [None] * len(meter.names)
        energy = imp_mwh = None
        letter = energy_letter = of_fault(meter.fault)
    for name, mean in zip(meter.names, means):
        if name == "p_mw":
            values.append(("p_mean_mw", mean))
            values.append(("p_max_mw", meter.p_max))
        else:
            values.append((name, mean))
    if meter.export:
        values.append(("exp_mwh", meter.exp_mwh))
    for name, _ in values:
        quality[name] = letter
    quality["imp_mwh"] = meter.imp_letter or letter
    quality["e_mwh"] = energy_letter
    values += (("imp_mwh", imp_mwh), ("e_mwh", energy), ("window_s", seconds))
    mid = "true" if meter.options.get("mid") else "false"
    return encoded(values, quality, '"part":"%s","mid":%s' % (meter.options["part"], mid))


def _backwards(names, means):
    """(words, mW) of the power that ran backwards, a phase rather than the sum; () where none did."""
    found = ()
    for name, mean in zip(names, means):
        if name.startswith("p") and name.endswith("_mw") and mean < _BACKWARDS_MW and (not found or name != "p_mw"):
            found = name + " runs backwards: in and out, or the transformer, are swapped", mean
    return found
