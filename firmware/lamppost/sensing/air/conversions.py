"""What is made of a part's readings before they are quantities of the air: gases of voltages, indices of ticks."""

from ...core.faults import SensorFault


class Cells:
    """Gases of Alphasense pairs; records -- as in alphasense.py."""

    def __init__(self, records):
        from .alphasense import gases

        self._gases = gases
        self._records = records

    def make(self, reading, weather):
        return self._gases(self._records, reading, weather.get("t"))


class Indices:
    """VOC and NOx indices of an SGP41, which wants to know the weather for its next measurement."""

    def __init__(self, driver):
        from .gas_index import GasIndex

        self._driver = driver
        self._voc = GasIndex(False)
        self._nox = GasIndex(True)

    def make(self, reading, weather):
        self._driver.compensate(weather)
        # 0 while the algorithm is blind
        voc, nox = self._voc.take(reading["voc_raw"]), self._nox.take(reading["nox_raw"])
        return {"voc_index": voc, "nox_index": nox} if voc and nox else {}


class Weathered:
    """A part that measures better when it knows the weather: told between two of its readings, never within one."""

    def __init__(self, driver):
        self._driver = driver
        self._told = None

    def make(self, reading, weather):
        p = weather.get("p")
        if p is not None and (self._told is None or abs(p - self._told) >= 10):
            try:
                self._driver.compensate(weather)
                self._told = p
            except SensorFault:
                pass  # its next reading says what is wrong with it
        return reading
