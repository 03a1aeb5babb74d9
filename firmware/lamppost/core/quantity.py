"""What the node measures: plausible limits, of those quantities that came up here.

Values travel through the firmware as integers, with the point where a quantity's decimals say: t = 234 with one
decimal is 23.4 Cel on the wire. Missing is None, never 0. All rows are in core/quantities.py, the units in
core/units.py.
"""

from .borrow import once
from .faults import SensorFault

_limits = {}  # name: (lowest, highest), only of what is held against them


def limits(name):
    """(lowest, highest plausible as the integer) of a quantity; None where there is no such limit."""
    if name not in _limits:
        _limits[name] = once("core.quantities", "rows", (name,))[name][1:]
    return _limits[name]


def plausible(name, value):
    """True if the value (integer as above) lies in the limits of its quantity."""
    low, high = limits(name)
    return (low is None or value >= low) and (high is None or value <= high)


def checked(reading):
    """The reading {name: integer}, if all its values are plausible. Raises SensorFault range."""
    new = [name for name in reading if name not in _limits]
    if new:
        for name, row in once("core.quantities", "rows", new).items():
            _limits[name] = row[1:]
    for name, value in reading.items():
        if not plausible(name, value):
            raise SensorFault("range", "%s = %d" % (name, value))
    return reading
