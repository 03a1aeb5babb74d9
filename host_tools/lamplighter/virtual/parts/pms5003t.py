"""PMS5003T particle sensor, byte for byte: as the PMS5003, with the air's temperature and humidity in the place of the
two largest sizes; see plantower.py."""

from .plantower import Plantower


class Twin(Plantower):
    """Quantities: pm1, pm2_5, pm10 in ug/m3 and the others of plantower.py; n0_3, n0_5, n1, n2_5 (particles in 0.1 l,
    None: as the mass gives); celsius; percent (the humidity that it tells; None: that of the air); error."""

    COUNTED = 4
    QUANTITIES = (
        "pm1", "pm2_5", "pm10", "cf1_pm1", "cf1_pm2_5", "cf1_pm10", "n0_3", "n0_5", "n1", "n2_5", "celsius", "percent",
        "humidity", "fan", "error",
    )  # fmt: skip
    DEFAULTS = {"pm2_5": 9, "fan": 1, "error": 0, "celsius": 20}

    def _tail(self, values):
        percent = values["percent"]
        if percent is None:
            percent = 50 if values["humidity"] is None else values["humidity"]
        tenths = int(values["celsius"] * 10 // 1) & 0xFFFF
        return [tenths, int(percent * 10 + 0.5), 0x9A00 | int(values["error"])]
