"""Finds the values of a trace that a node's drivers would refuse, and marks for "missing"."""

from __future__ import annotations

from collections.abc import Callable

from .. import paths

# written for a missing value by loggers and in published data sets; some would pass for a gas near zero
MARKS = (-200, -999, -9999, -32768)
_PARTICLES = ("pm1", "pm2_5", "pm4", "pm10")
_NEVER_ZERO = ("co2", "voc_raw", "nox_raw")  # a dead cell says 0
_TICKS_END = 65535
_ECHO_CODES = (0, range(60000, 65536))  # of a range finder: there is no echo, which is a reading of its own


def limits(quantity: str) -> tuple[int | None, int | None]:
    """(lowest, highest) that the node takes, as its integer. Firmware's tables; dust sensors also saturate."""
    paths.importable()
    from lamppost.core import quantities  # type: ignore[import-not-found]
    from lamppost.drivers import streaming_dust  # type: ignore[import-not-found]

    low, high = quantities.limits(quantity)
    if quantity in _PARTICLES:
        high = streaming_dust.TOP
    elif quantity in _NEVER_ZERO:
        low = 1
        high = _TICKS_END - 1 if quantity.endswith("_raw") else high
    return low, high


def by(quantity: str, scale: int) -> Callable[[int], bool]:
    """A test of the node's integer of that quantity, `scale` of which make one in the file: True if it is refused."""
    low, high = limits(quantity)
    marks = {mark * scale for mark in MARKS}

    def refuses(value: int) -> bool:
        if quantity == "d_mm" and (value == _ECHO_CODES[0] or value in _ECHO_CODES[1]):
            return False
        return value in marks or low is not None and value < low or high is not None and value > high

    return refuses
