"""Which part measures what of the air, and what else is made of it; loaded when the node starts."""

import struct

from ...core.borrow import once
from .channel import Trace
from .history import Past

_WEATHER = ("t", "rh", "p")
_CO2_TOP = 40000  # ppm


def fit(air, parts):
    """Fill in traces, ways, ran and index of an Air. parts -- {part id: driver}"""
    options = air.options
    table = options.get("index", "EAQI-2024")
    air.index = "sensing.air.aqi_us" if table.startswith("US") else "sensing.air.aqi", table
    spans = once(air.index[0], "spans", table)
    now_s = air.clock.uptime_s()
    seen = set()
    for part in options["parts"]:
        driver = parts[part]
        names, way = _way(driver, [cell for cell in options.get("cells", ()) if cell["part"] == part])
        if way:
            air.ways[part] = way
        each_ms = every_ms(driver, air.every_ms)
        for name in names:
            if name in seen:
                continue
            seen.add(name)
            past = Past(spans[name]).known() if name in spans else None
            trace = Trace(name, part, _top(name, driver), now_s, past, _calibration(options, part, name))
            if each_ms != air.every_ms:
                trace.every_ms = each_ms  # pyright: ignore[reportAttributeAccessIssue]
            if name.startswith("pm") and hasattr(driver, "RH_MAX"):
                trace.rh_max = driver.RH_MAX
            air.traces.append(trace)
        if [name for name in names if name not in _WEATHER]:
            kept = air.counters and air.counters.kept("hours " + part)
            works_ms = getattr(driver, "works_ms", None)
            air.ran[part] = [struct.unpack("<I", kept)[0] if kept else 0, 0, works_ms or each_ms]


def _way(driver, cells):
    """(quantities, make(reading, weather) -> reading or None) of a part."""
    names = driver.QUANTITIES
    if cells:
        from .conversions import Cells

        return [cell["gas"] for cell in cells], Cells(cells).make
    if "voc_raw" in names:
        from .conversions import Indices

        return ("voc_index", "nox_index"), Indices(driver).make
    if hasattr(driver, "compensate"):
        from .conversions import Weathered

        return names, Weathered(driver).make
    return names, None


def _calibration(options, part, name):
    """(offset, slope in ten thousandths, id) for a quantity; None: as its maker calibrated it; False: it is not."""
    cells = [cell for cell in options.get("cells", ()) if cell["part"] == part and cell["gas"] == name]
    serial = cells[0]["id"] if cells else options.get("serials", {}).get(part)
    for row in options.get("calibration", ()):
        if row["part"] == part and row["quantity"] == name:
            if row.get("serial", serial) != serial:
                return False  # it belongs to a sensor that is not here any more
            offset = row.get("offset", 0) * (1 if name == "co2" else 10)
            return round(offset), round(row.get("slope", 1) * 10000), row["id"]
    return False if cells else None


def every_ms(driver, usual_ms):
    """A part whose ticks become an index is read each second."""
    return 1000 if "voc_raw" in driver.QUANTITIES else usual_ms


def _top(name, driver):
    """The value from which a quantity is saturated, None where it has no such end: 100 % humidity is fog."""
    if name.startswith("pm"):
        return max([high for limit, _, high in driver.LIMITS if limit.startswith("pm")])
    return _CO2_TOP if name == "co2" else None
