"""ADS1115 converter, register by register, over I2C, with electrochemical cells or plain voltages at its inputs.

Texas Instruments "ADS111x" SBAS444D: conversion 00, config 01 (8583 after power-up), thresholds 02 and 03; big-endian,
two's complement. A single shot takes 1 / data rate, here with the ten percent that it may take longer.
"""

from .alphasense import Cell
from .conversion import Conversion
from .i2c_part import WordPart, within

CONVERSION, CONFIG, LOW, HIGH = 0, 1, 2, 3
POWER_UP = (0x0000, 0x8583, 0x8000, 0x7FFF)
OS, SINGLE = 0x8000, 0x0100
FULL_SCALE = (6.144, 4.096, 2.048, 1.024, 0.512, 0.256, 0.256, 0.256)
RATES = (8, 16, 32, 64, 128, 250, 475, 860)
PAIRS = ((0, 1), (0, 3), (1, 3), (2, 3), (0, None), (1, None), (2, None), (3, None))  # plus and minus by multiplexer
INPUTS = ("a0", "a1", "a2", "a3")
CELLS = ({"gas": "no2", "we": 0, "ae": 1}, {"gas": "o3", "we": 2, "ae": 3})


class Twin(WordPart):
    """Quantities: no2, o3, co, so2 (ppb) and celsius around the cells; a0 to a3 in volts (None: as the cells give, 0
    without one); vdd (V: no input can read more). It carries no checksum: the fault `checksum` acts as `noise`.

    Options: cells, rows as alphasense.Cell takes them (NO2 at the inputs 0 and 1, ozone at 2 and 3).
    """

    QUANTITIES = ("no2", "o3", "co", "so2", "celsius", "vdd") + INPUTS

    def __init__(self, options):
        defaults = {"no2": 20, "o3": 30, "co": 250, "so2": 2, "celsius": 20, "vdd": 3.3}
        defaults.update(dict.fromkeys(INPUTS))
        super().__init__(options, 0x48, defaults)
        self._cells = [Cell(each) for each in options.get("cells", CELLS)]
        self._registers = list(POWER_UP)
        self._conversion = Conversion()

    def _put(self, register, value, now_us):
        register &= 3
        if register == CONVERSION:
            return
        if register == CONFIG:
            takes_us = 1100000 // RATES[value >> 5 & 7] + 25 + self._lines.late_us
            if not value & SINGLE:
                self._conversion.continuous(now_us, takes_us)
            elif value & OS and not self._conversion.under_way:
                self._conversion.single(now_us, takes_us)
            value &= ~OS
        self._registers[register] = value

    def _word(self, register, now_us):
        register &= 3
        idle = OS if register == CONFIG and not self._conversion.under_way else 0
        return self._registers[register] | idle

    def _refresh(self, now_us):
        if self._conversion.done(now_us):
            self._registers[CONVERSION] = self._converted(now_us)

    def _converted(self, at_us):
        config = self._registers[CONFIG]
        values = self._quantities.at(at_us)
        volts = [0] * len(INPUTS)
        for cell in self._cells:
            for number, voltage in cell.volts(values).items():
                volts[number] = voltage
        for number, name in enumerate(INPUTS):
            voltage = volts[number] if values[name] is None else values[name]
            volts[number] = max(-0.3, min(values["vdd"], voltage))
        plus, minus = PAIRS[config >> 12 & 7]
        voltage = volts[plus] - (0 if minus is None else volts[minus])
        return within(voltage * 32768 / FULL_SCALE[config >> 9 & 7], -32768, 32767)
