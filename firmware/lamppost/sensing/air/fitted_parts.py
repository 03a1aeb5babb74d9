"""Assigns each air quantity to the part that measures it, and to the conversion that it needs."""

import struct

from .channel import Channel
from .conversions import Compensated, Gases, Indices
from .history import History

_WEATHER = ("t", "rh", "p")
_CO2_TOP = 40000  # ppm


def every_ms(driver, usual_ms):
    """A part whose ticks become an index is read each second."""
    return 1000 if "voc_raw" in driver.QUANTITIES else usual_ms


def channels(options, parts, spans, usual_ms, now_s):
    """[Channel] of all quantities; the first of options["parts"] that measures one is believed for it.

    parts -- {part id: driver}; spans -- {pollutant: hours of its mean} of the index
    """
    found = []
    for part in options["parts"]:
        driver = parts[part]
        for name in _names(driver, _cells(options, part)):
            if name in [channel.name for channel in found]:
                continue
            history = History(spans[name]) if name in spans else None
            rh_max = getattr(driver, "RH_MAX", None) if name.startswith("pm") else None
            found.append(
                Channel(
                    name, part, every_ms(driver, usual_ms), _top(name, driver), now_s, history, rh_max,
                    _calibration(options, part, name),
                )
            )  # fmt: skip
    return found


def conversions(options, parts):
    """{part id: object with convert(reading, weather)} of the parts whose readings need one."""
    found = {}
    for part in options["parts"]:
        driver, cells = parts[part], _cells(options, part)
        if cells:
            found[part] = Gases(cells)
        elif "voc_raw" in driver.QUANTITIES:
            found[part] = Indices(driver)
        elif hasattr(driver, "compensate"):
            found[part] = Compensated(driver)
    return found


class Wear:
    """Operating time of a part that wears out; step_ms -- the time that each reading stands for."""

    def __init__(self, seconds, step_ms):
        self.seconds = seconds
        self._ms = 0
        self._step_ms = step_ms

    def read(self):
        """One more reading."""
        self._ms += self._step_ms
        self.seconds += self._ms // 1000
        self._ms %= 1000


def wears(options, parts, usual_ms, counters):
    """{part id: Wear} of the parts that measure more than the weather."""
    found = {}
    for part in options["parts"]:
        driver = parts[part]
        if [name for name in _names(driver, _cells(options, part)) if name not in _WEATHER]:
            kept = counters and counters.kept("hours " + part)
            seconds = struct.unpack("<I", kept)[0] if kept else 0
            found[part] = Wear(seconds, getattr(driver, "works_ms", None) or every_ms(driver, usual_ms))
    return found


def _cells(options, part):
    return [cell for cell in options.get("cells", ()) if cell["part"] == part]


def _names(driver, cells):
    """The quantities that a part's readings become."""
    if cells:
        return [cell["gas"] for cell in cells]
    return ("voc_index", "nox_index") if "voc_raw" in driver.QUANTITIES else driver.QUANTITIES


def _calibration(options, part, name):
    """(offset, slope in 1/10000, id); None: it needs none; False: it lacks one, or has that of another sensor."""
    cells = [cell for cell in _cells(options, part) if cell["gas"] == name]
    serial = cells[0]["id"] if cells else options.get("serials", {}).get(part)
    for row in options.get("calibration", ()):
        if row["part"] == part and row["quantity"] == name:
            if row.get("serial", serial) != serial:
                return False  # it belongs to a sensor that is not here any more
            offset = row.get("offset", 0) * (1 if name == "co2" else 10)
            return round(offset), round(row.get("slope", 1) * 10000), row["id"]
    return False if cells else None


def _top(name, driver):
    """The value from which a quantity is saturated, None where it has no such end: 100 % humidity is fog."""
    if name.startswith("pm"):
        return max([high for limit, _, high in driver.LIMITS if limit.startswith("pm")])
    return _CO2_TOP if name == "co2" else None
