"""What the node measures: decimals for encoding and plausible limits, of those quantities that came up here.

Values travel through the firmware as integers. A row's `decimals` says where the point stands: t = 234 with
one decimal is 23.4 Cel on the wire. Missing is None, never 0. All rows are in core/quantities.py, the units in
core/units.py.
"""

from .borrow import once
from .faults import SensorFault

_known = {}  # name: row, or None for what is no quantity; grows to the names that this node uses


def row(name):
    """(decimals, lowest, highest plausible as the integer) of a quantity; None for any other name."""
    if name not in _known:
        learn((name,))
    return _known[name]


def learn(names):
    """Fetch the rows of all `names` that did not come up before, at once."""
    new = [name for name in names if name not in _known]
    if new:
        _known.update(once("core.quantities", "rows", new))


def plausible(name, value):
    """True if the value (integer as above) lies in the limits of its row."""
    _, low, high = row(name)
    return (low is None or value >= low) and (high is None or value <= high)


def checked(reading):
    """The reading {name: integer}, if all its values are plausible. Raises SensorFault range."""
    learn(reading)
    for name, value in reading.items():
        if not plausible(name, value):
            raise SensorFault("range", "%s = %d" % (name, value))
    return reading
