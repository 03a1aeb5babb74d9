"""Chint DDSU666 energy meter, byte for byte: Modbus floats over RS-485, power in kilowatts.

Chint "DDSU666 User manual" ZTY0.464.922: 9600 8N1, function 3 (4 is taken as well). The fault `dlt645` is the state in
which many leave the factory: they speak DL/T 645, and to Modbus they are silent.
"""

from . import mains
from .float_meter import FloatMeter
from .modbus_slave import BAD_REGISTER, READ_HOLDING, READ_INPUT, UNBIASED

VOLTS, AMPS, KILOWATTS, KILOVARS, PF, HERTZ = 0x2000, 0x2002, 0x2004, 0x2006, 0x200A, 0x200E
IMPORT, EXPORT = 0x4000, 0x400A


class Twin(FloatMeter):
    """Quantities: volts, watts (negative: it flows back), pf, hertz; amps follows from them unless set;
    import_wh and export_wh put the registers."""

    DEFAULTS = dict(mains.DEFAULTS, hertz=50.0)
    QUANTITIES = ("volts", "watts", "pf", "hertz", "amps", "import_wh", "export_wh")
    FAULTS = (UNBIASED, "dlt645")
    FACTORY = {"address": 1, "baud": 9600}
    INPUTS, HOLDINGS = (READ_HOLDING, READ_INPUT), ()
    SPANS = ((0x2000, 0x2014), (0x4000, 0x4014))
    LONGEST = 20

    def written(self, data, now_us):
        if self._wire.kind != "dlt645":
            super().written(data, now_us)

    def _phases(self, values):
        return [mains.single(values)]

    def _measured(self, values):
        phase = mains.single(values)
        pf = (phase.pf if phase.watts >= 0 else -phase.pf) if phase.amps else 1
        return {
            VOLTS: phase.volts, AMPS: phase.amps, KILOWATTS: phase.watts / 1000, KILOVARS: phase.vars / 1000,
            PF: pf, HERTZ: values["hertz"], IMPORT: self.kwh("import_wh"), EXPORT: self.kwh("export_wh"),
        }  # fmt: skip

    def _settings(self):
        return {}

    def _put(self, register, number):
        return BAD_REGISTER  # its settings are made with the button
