"""Which driver serves which part; a driver is loaded when it is first asked for."""

from ..core.faults import SensorFault

PARTS = {  # part id: (module, class)
    "pzem004t": ("pzem004t", "Pzem004t"),
    "tfmini": ("tfmini", "Tfmini"),
    "sps30": ("sps30", "Sps30"),
    "bme280": ("bme280", "Bme280"),
    "ds3231": ("ds3231", "Ds3231"),
}
_PLACE = ("id", "part", "bus")  # members of a part's configuration that are no options of its driver


class Absent:
    """Stands for a configured part that cannot be built: each read says why. It measures what nobody knows."""

    QUANTITIES = ()
    WRAP_MWH = 0
    P_MAX_MW = 0

    def __init__(self, name, fault):
        self.name = name
        self._fault = fault

    async def read(self):
        raise self._fault

    async def selftest(self):
        return [("reading", None, "", None, None, False, self._fault.word)]


def module(part_id):
    """The driver's module. Raises SensorFault foreign for a part that nobody here knows."""
    if part_id not in PARTS:
        raise SensorFault("foreign", "no driver for %s; there are: %s" % (part_id, " ".join(sorted(PARTS))))
    name = __name__.rsplit(".", 1)[0] + "." + PARTS[part_id][0]
    return __import__(name, None, None, ("decode",))


def build(part_id, bus, options):
    """The driver's object for a part on `bus`; options -- its object in the configuration."""
    settings = {key: options[key] for key in options if key not in _PLACE}
    return getattr(module(part_id), PARTS[part_id][1])(bus, options.get("id", part_id), **settings)


def decode(part_id, data):
    """The reading in a captured answer of that part: {quantity: integer}. Raises SensorFault."""
    return module(part_id).decode(data)
