"""The self-test that every part passes the same way: read it, and hold each value against its limits."""

import asyncio

from micropython import const

from ..core.faults import SensorFault
from ..core.units import of as unit

_TRIES = const(3)
_PAUSE_MS = const(300)


async def whole(part):
    """Rows of a part's own self-test, or else of its readings."""
    own = getattr(part, "selftest", None)
    return await (own() if own else of(part.read, part.LIMITS))


async def of(read, limits, warm_s=0):
    """Rows (what, value or None, unit, low, high, ok, word) for `limits`: ((quantity, low, high), ...).

    read -- the part's. One that fails is asked three times, one that is warming up to warm_s seconds, before
    its fault's word is the verdict.
    """
    tries = _TRIES
    while True:
        try:
            reading = await read()
            return [_row(reading[name], name, low, high) for name, low, high in limits]
        except SensorFault as fault:
            if fault.word == "warming" and warm_s > 0:
                warm_s -= 1
                await asyncio.sleep_ms(1000)
                continue
            tries -= 1
            if not tries:
                return [(name, None, unit(name)[0], low, high, False, fault.word) for name, low, high in limits]
            await asyncio.sleep_ms(_PAUSE_MS)


def _row(value, name, low, high):
    ok = low <= value <= high
    word = "" if ok else "range"
    if value < low < 0 and name.startswith("p") and name.endswith("_mw"):
        word = "backwards"  # a small negative power is the noise of a meter without load
    return name, value, unit(name)[0], low, high, ok, word
