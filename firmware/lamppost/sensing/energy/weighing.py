"""A meter's value that cannot follow from the last: a glitch, or another meter; loaded to judge it."""

from micropython import const

from ...core.quality import ESTIMATED, GAP
from .register import HOUR_MS

_CONFIRM = const(5)  # readings in a row that must agree before a jump is believed


def weigh(register, meter_mwh, since_ms):
    """The letter; a glitch, unless the next readings go on from there. See Register.take."""
    doubt = register._doubt
    if doubt is not None and 0 <= meter_mwh - doubt <= register._flow(since_ms or 0):
        register._agreed += 1
    else:
        if doubt is not None:
            register.events["glitch"] += 1
        register._agreed = 1
    register._doubt = meter_mwh
    if register._agreed < _CONFIRM:
        return ESTIMATED
    anchor = register._counters.meter_mwh
    word = "reset" if meter_mwh < anchor and meter_mwh <= register._flow(HOUR_MS) else "swap"
    register.events[word] += 1
    register.change = "%s: meter from %d to %d mWh in %d readings" % (word, anchor, meter_mwh, _CONFIRM)
    register._doubt = None
    register._anchor(meter_mwh, 0)
    return GAP
