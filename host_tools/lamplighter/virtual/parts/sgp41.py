"""SGP41 gas sensor, byte for byte, over I2C: raw signals of two heated pixels, in ticks that mean nothing alone.

Sensirion "SGP41 Data sheet" 1.0: conditioning 2612 (ten seconds at most), measurement 2619, self-test 280E, heater off
3615, serial number 3682. Ticks follow the logarithm of the gas: the VOC pixel's fall with it, the NOx pixel's rise. How
far is a model of this file's; a real part's scale is its own, which is why drivers feed a gas index algorithm.
"""

import math

from .sensirion import Commanded
from .weather import vapour

ADDRESS = 0x59
CONDITION, MEASURE, SELF_TEST, HEATER_OFF, SERIAL = 0x2612, 0x2619, 0x280E, 0x3615, 0x3682
HARMED_US = 11000000  # ten seconds of conditioning, and what the last command takes
WELL, ILL = 0xD400, 0x4B00
BROKEN = 0xFFFF
TICKS_PER_GRAM = 40  # error for each g/m3 of water that the part was not told of


class Twin(Commanded):
    """Quantities: voc_ppb, nox_ppb; voc_raw, nox_raw (ticks; None: as the gases give); celsius and humidity (%) of the
    air, against which the node's compensation is held; pixels (bit 0: VOC broken, bit 1: NOx broken).

    Conditioning for longer than ten seconds breaks the NOx pixel for good.
    """

    QUANTITIES = ("voc_ppb", "nox_ppb", "voc_raw", "nox_raw", "celsius", "humidity", "pixels")

    def __init__(self, options):
        defaults = {
            "voc_ppb": 100, "nox_ppb": 10, "voc_raw": None, "nox_raw": None, "celsius": 25, "humidity": 50, "pixels": 0,
        }  # fmt: skip
        super().__init__(options, ADDRESS, defaults)
        self._harmed = False
        self._conditioned_us = None  # since when it is being conditioned
        if "state" in options:
            self.restore(options["state"])

    def state(self):
        return {"harmed": self._harmed}

    def restore(self, state):
        self._harmed = state["harmed"]

    def running(self):
        return {"conditioned_us": self._conditioned_us}

    def resume(self, running):
        self._conditioned_us = running["conditioned_us"]

    def command(self, code, arguments, now_us):
        if self._conditioned_us is not None and now_us - self._conditioned_us > HARMED_US:
            self._harmed = True
        if code == CONDITION:
            if self._conditioned_us is None:
                self._conditioned_us = now_us
            signals = self._signals(arguments, now_us)
            return 50000, signals and signals[:1]
        if code in (MEASURE, SELF_TEST, HEATER_OFF):
            self._conditioned_us = None
        if code == MEASURE:
            return 50000, self._signals(arguments, now_us)
        if code == SELF_TEST:
            broken = self._broken(now_us)
            return 320000, [ILL | broken if broken else WELL]
        if code == SERIAL:
            return 1000, [0x0000, 0x04C8, 0x1A2B]
        return 1000, None

    def _broken(self, now_us):
        return int(self._quantities.at(now_us)["pixels"]) & 3 | (2 if self._harmed else 0)

    def _signals(self, arguments, now_us):
        """[VOC, NOx] in ticks; None if it was not told humidity and temperature, with checksums."""
        if not arguments or len(arguments) < 2:
            return None
        values = self._quantities.at(now_us)
        told = vapour(arguments[1] * 175 / 65535 - 45, arguments[0] * 100 / 65535)
        missed = (vapour(values["celsius"], values["humidity"]) - told) * TICKS_PER_GRAM
        voc, nox, broken = values["voc_raw"], values["nox_raw"], self._broken(now_us)
        if voc is None:
            voc = 30000 - 1500 * math.log((values["voc_ppb"] + 50) / 150) - missed
        if nox is None:
            nox = 16000 + 500 * math.log((values["nox_ppb"] + 10) / 20) - missed / 4
        return [
            BROKEN if broken & bit else max(0, min(BROKEN - 1, int(ticks + 0.5)))
            for ticks, bit in ((voc, 1), (nox, 2))
        ]  # fmt: skip
