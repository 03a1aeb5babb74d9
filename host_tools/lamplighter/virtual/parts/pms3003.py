"""PMS3003 particle sensor, byte for byte: 24-byte frames with masses alone, and no commands; see plantower.py."""

from .plantower import Plantower


class Twin(Plantower):
    """Quantities: pm1, pm2_5, pm10 in ug/m3 and the others of plantower.py. Only a pin could put it to sleep."""

    COMMANDED = False
    COUNTED = 0
    QUANTITIES = ("pm1", "pm2_5", "pm10", "cf1_pm1", "cf1_pm2_5", "cf1_pm10", "humidity", "fan")

    def _tail(self, values):
        return [0, 0, 0x0051]
