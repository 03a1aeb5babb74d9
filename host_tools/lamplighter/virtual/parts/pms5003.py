"""PMS5003 and PMS7003 particle sensors, byte for byte: 32-byte frames with masses and counts; see plantower.py."""

from .plantower import Plantower


class Twin(Plantower):
    """Quantities: pm1, pm2_5, pm10 in ug/m3 and the others of plantower.py; n0_3, n0_5, n1, n2_5, n5, n10 (particles in
    0.1 l, None: as the mass gives); error (its error code)."""

    QUANTITIES = (
        "pm1", "pm2_5", "pm10", "cf1_pm1", "cf1_pm2_5", "cf1_pm10", "n0_3", "n0_5", "n1", "n2_5", "n5", "n10",
        "humidity", "fan", "error",
    )  # fmt: skip
    DEFAULTS = {"pm2_5": 9, "fan": 1, "error": 0}
