"""SHT4x temperature and humidity sensor, byte for byte, over I2C: one measurement for each command.

Sensirion "SHT4x Data sheet": commands of one byte, two words T and RH, T = -45 + 175 x / 65535,
RH = -6 + 125 x / 65535; no acknowledge until the measurement is done, and none when it has been read.
"""

from .sensirion import Commanded, ticks
from .weather import saturation

MEASURE_US = {0xFD: 8300, 0xF6: 4500, 0xE0: 1700}  # high, medium, low precision: longest times of table 5
# by heater command: kelvins that the chip gains, how long it heats; a precise measurement follows
HEATED = {
    0x39: (60, 1100000), 0x32: (20, 110000), 0x2F: (35, 1100000), 0x24: (12, 110000), 0x1E: (7.5, 1100000),
    0x15: (2.5, 110000),
}  # fmt: skip
SERIAL, RESET = 0x89, 0x94


class Twin(Commanded):
    """Quantities: celsius, humidity (%). Its heater warms it, and the humidity that it sees falls accordingly."""

    WIDTH = 1
    QUANTITIES = ("celsius", "humidity")

    def __init__(self, options):
        super().__init__(options, 0x44, {"celsius": 20.0, "humidity": 50.0})

    def command(self, code, arguments, now_us):
        if code in MEASURE_US:
            return MEASURE_US[code], self._measured(now_us, 0)
        if code in HEATED:
            kelvins, takes_us = HEATED[code]
            return takes_us + MEASURE_US[0xFD], self._measured(now_us, kelvins)
        if code == SERIAL:
            return 0, [0x0F1A, 0x2B3C]
        return (1000 if code == RESET else 0), None

    def _measured(self, now_us, kelvins):
        values = self._quantities.at(now_us)
        celsius, humidity = values["celsius"], values["humidity"]
        if kelvins:
            humidity *= saturation(celsius) / saturation(celsius + kelvins)
        return [ticks(celsius + kelvins, -45, 175), ticks(humidity, -6, 125)]
