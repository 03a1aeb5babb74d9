"""Quantities of the air that no part gives as they are: gases of voltages, indices of ticks, dry particles."""

from ...core.faults import SensorFault
from .alphasense import gases
from .gas_index import GasIndex

_STEP = 10  # tenths of hPa that are worth a word to the part


class Gases:
    """Gases of Alphasense pairs; records -- as in alphasense.py."""

    def __init__(self, records):
        self._records = records

    def convert(self, reading, weather):
        return gases(self._records, reading, weather.get("t"))


class Indices:
    """VOC and NOx indices of an SGP41, which wants to know the weather for its next measurement."""

    def __init__(self, driver):
        self._driver = driver
        self._indices = (("voc_raw", "voc_index", GasIndex(False)), ("nox_raw", "nox_index", GasIndex(True)))

    def convert(self, reading, weather):
        self._driver.compensate(weather)
        found = {}
        for raw, name, index in self._indices:
            ticks = reading[raw]
            found[name] = index.take(ticks) or None if ticks is not None else None  # 0 while the algorithm is blind
        return found


class Compensated:
    """A part that measures better when it knows the air pressure: it gets it between two of its readings."""

    def __init__(self, driver):
        self._driver = driver
        self._told = None

    def convert(self, reading, weather):
        p = weather.get("p")
        if p is not None and (self._told is None or abs(p - self._told) >= _STEP):
            try:
                self._driver.compensate(weather)
                self._told = p
            except SensorFault:
                pass  # its next reading says what is wrong with it
        return reading


def dry_mass(tenths, rh, kappa):
    """A mass without the water that the particles have drawn: crilley-2018, divided by 1 + kappa/1.65 * aw / (1 - aw).

    rh -- tenths of %; kappa -- hundredths. Source: Crilley and others, Atmos. Meas. Tech. 11, 709 (2018), equation 3.
    """
    dry = 165 * max(0, 1000 - rh)
    wet = dry + kappa * rh
    return (2 * tenths * dry + wet) // (2 * wet)
