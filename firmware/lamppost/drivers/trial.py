"""The self-test that every part passes the same way: read it, and hold each value against its limits."""

import asyncio

from ..core.faults import SensorFault
from ..core.quantity import QUANTITIES


async def of(part, limits, tries=3, pause_ms=300):
    """Rows (what, value or None, unit, low, high, ok, word) for `limits`: ((quantity, low, high), ...).

    A part that fails is asked `tries` times, pause_ms apart, before its fault's word is the verdict.
    """
    fault = None
    for _ in range(tries):
        try:
            reading = await part.read()
            return [_row(reading[name], name, low, high) for name, low, high in limits]
        except SensorFault as caught:
            fault = caught
            await asyncio.sleep_ms(pause_ms)
    return [(name, None, QUANTITIES[name][1], low, high, False, fault.word) for name, low, high in limits]


def _row(value, name, low, high):
    ok = low <= value <= high
    return name, value, QUANTITIES[name][1], low, high, ok, "" if ok else "range"
