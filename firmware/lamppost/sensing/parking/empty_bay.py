"""Measures an empty bay when an engineer says that it is empty: the notes for ParkingBay, made at the console."""

import asyncio

from micropython import const

from ...core.faults import SensorFault
from .calibration_store import pack

_READINGS, _ENOUGH = const(10), const(6)
_PAUSE_MS = const(500)
_STEADY_MM = const(150)  # distances of the ground lie within this, or the 16th of the way
_STEADY_UT = const(100)  # hundredths of a microtesla
_AXES = ("mag_x_ut", "mag_y_ut", "mag_z_ut")


def name(bay):
    """The name of the bay's notes among the counters."""
    return "bay " + bay


async def measure(watching, pause_ms=_PAUSE_MS):
    """(distance in mm or 0, field or None, notes) of an empty bay.

    watching -- its parts. Raises SensorFault: of a part that gives no reading, or signal where what it sees moves.
    """
    distances, fields = [], []
    for part in watching:
        if "d_mm" in part.QUANTITIES and not distances:
            distances = await _readings(part, ("d_mm",), pause_ms)
        elif "mag_x_ut" in part.QUANTITIES:
            fields = await _readings(part, _AXES, pause_ms)
    empty_mm = _middle([row[0] for row in distances], _STEADY_MM) if distances else 0
    field = [_middle([row[axis] for row in fields], _STEADY_UT) for axis in (0, 1, 2)] + [0] if fields else None
    return empty_mm, field, pack(empty_mm, field)


async def _readings(part, names, pause_ms):
    """Some readings of these quantities. Raises the part's last fault if most fail."""
    found, fault = [], None
    for _ in range(_READINGS):
        try:
            reading = await part.read()
            found.append([reading[name] for name in names])
        except SensorFault as caught:
            fault = caught
        await asyncio.sleep_ms(pause_ms)
    if len(found) < _ENOUGH:
        raise fault or SensorFault("silent")
    return found


def _middle(values, steady):
    """The median. Raises SensorFault signal unless nearly all lie close to it."""
    values = sorted(values)
    middle = values[len(values) // 2]
    room = max(steady, abs(middle) // 16)
    if len([value for value in values if abs(value - middle) > room]) > len(values) // 5:
        raise SensorFault("signal", "%d to %d: something moves" % (values[0], values[-1]))
    return middle
