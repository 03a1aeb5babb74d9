"""The self-test of the lamp: dims it once, on demand and by day, and judges by the meter what became of each level."""

import asyncio

from ..core.faults import CommandFault

_SETTLED_MS = 8000  # ramp, start of the gear, and a reading of the meter
_RAMP_S = 1
_OFF_MW = 6000  # more than this while the lamp is off: the relay does not open
_STEP = 115  # per cent: a level has at least so much more power than the one below


async def run(node, progress):
    """Full light, half, the lowest level, off; returns a sentence. Raises CommandFault: absent, invalid, failed."""
    if node.control is None:
        raise CommandFault("absent", "This lamppost drives no lamp.")
    if not node.control.is_day():
        raise CommandFault("invalid", "The lamp is tested by day only: it is night, or the time is not known.")
    levels = (100, 50, 1, 0) if node.output.DIMS else (100, 0)
    powers = []
    try:
        for level in levels:
            node.control.test(level, _RAMP_S)
            await asyncio.sleep_ms(_SETTLED_MS)
            powers.append(node.meter.power_mw if node.meter else None)
            progress("Level %d: %s." % (node.dimmer.level // 10, _watts(powers[-1])))
    finally:
        node.control.test(None)
    if None in powers:
        return "Dimmed through %d levels; without a meter nothing was measured." % len(levels)
    wrong = _judged(powers)
    if wrong:
        raise CommandFault("failed", wrong)
    return "The power follows %d levels: %s." % (len(levels), ", ".join([_watts(power) for power in powers]))


def _judged(powers):
    """What is wrong with the powers of the levels, from full light to off; "" if nothing is."""
    if powers[-1] > _OFF_MW:
        return "The relay does not open: %s while the lamp is off." % _watts(powers[-1])
    if powers[0] <= _OFF_MW:
        return "The lamp does not burn: %s at full light." % _watts(powers[0])
    for above, below in zip(powers[:-1], powers[1:-1]):
        if above * 100 < below * _STEP:
            return "The lamp does not dim: %s and %s at two levels." % (_watts(above), _watts(below))
    return ""


def _watts(mw):
    return "not measured" if mw is None else "%d.%d W" % (mw // 1000, mw // 100 % 10)
