"""The driver of a part by its id alone: drivers/<id>.py with its decode() and a class of that name.

There is no table: only the drivers that a configuration names are imported. Files that several drivers share have no
decode() and are no parts.
"""

from ..core.faults import SensorFault

_PLACE = ("id", "part", "bus", "serial")  # members of a part's configuration that are no options of its driver


class Absent:
    """Stands for a configured part that cannot be built: each read says why."""

    QUANTITIES = ()
    LIMITS = ()
    WRAP_MWH = 0
    P_MAX_MW = 0

    def __init__(self, name, fault):
        self.name = name
        self._fault = fault

    async def read(self):
        raise self._fault


def driver(part_id):
    """(module, class) of a part. Raises SensorFault foreign for one that nobody here knows."""
    try:
        found = __import__("lamppost.drivers." + part_id, None, None, ("decode",))
    except (ImportError, ValueError):
        found = None
    kind = getattr(found, part_id[:1].upper() + part_id[1:], None)
    if kind is None or not hasattr(found, "decode"):
        raise SensorFault("foreign", "no driver for %s" % part_id)
    return found, kind


def build(part_id, bus, options):
    """The driver's object for a part on `bus`; options -- its object in the configuration."""
    settings = {key: options[key] for key in options if key not in _PLACE}
    return driver(part_id)[1](bus, options.get("id", part_id), **settings)


def decode(part_id, data):
    """The reading in a captured answer of that part: {quantity: integer}. Raises SensorFault."""
    return driver(part_id)[0].decode(data)
