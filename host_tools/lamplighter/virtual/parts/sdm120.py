"""Eastron SDM120 energy meter, byte for byte: Modbus floats over RS-485, so slow at its 2400 baud that it counts."""

from . import mains
from .eastron import Eastron


class Twin(Eastron):
    """Quantities: volts, watts (negative: it flows back), pf, hertz; amps follows from them unless set;
    import_wh and export_wh put the registers."""

    DEFAULTS = dict(mains.DEFAULTS, hertz=50.0)
    QUANTITIES = ("volts", "watts", "pf", "hertz", "amps", "import_wh", "export_wh")
    BAUDS = {0: 2400, 1: 4800, 2: 9600, 5: 1200}
    FACTORY = {"address": 1, "baud": 2400, "parity": 0}

    def _phases(self, values):
        return [mains.single(values)]
