"""Shared by the Eastron SDM meters: settings and register map.

"Eastron SDM120 / SDM630 Modbus Protocol". Input registers by function 4, settings by functions 3 and 16; a new address,
speed or parity counts after the next start.
"""

from .float_meter import FloatMeter
from .modbus_slave import BAD_REGISTER, BAD_VALUE

PARITY, NODE, BAUD = 0x0012, 0x0014, 0x001C
VOLTS, AMPS, WATTS, VOLT_AMPS, VARS, PF = 0x0000, 0x0006, 0x000C, 0x0012, 0x0018, 0x001E
HERTZ, IMPORT, EXPORT, TOTAL = 0x0046, 0x0048, 0x004A, 0x0156


class Eastron(FloatMeter):
    """A Twin gives BAUDS, {code: speed}, besides what a FloatMeter needs."""

    SPANS = ((0x0000, 0x0160),)
    LONGEST = 80

    def _measured(self, values):
        known = {
            HERTZ: values["hertz"], IMPORT: self.kwh("import_wh"), EXPORT: self.kwh("export_wh"),
            TOTAL: self.kwh("import_wh") + self.kwh("export_wh"),
        }  # fmt: skip
        for index, phase in enumerate(self._phases(values)):
            pf = (phase.pf if phase.watts >= 0 else -phase.pf) if phase.amps else 1
            each = (phase.volts, phase.amps, phase.watts, phase.volt_amps, phase.vars, pf)
            for register, number in zip((VOLTS, AMPS, WATTS, VOLT_AMPS, VARS, PF), each):
                known[register + 2 * index] = number
        return known

    def _settings(self):
        codes = {baud: code for code, baud in self.BAUDS.items()}
        return {PARITY: self._saved["parity"], NODE: self._saved["address"], BAUD: codes[self._saved["baud"]]}

    def _put(self, register, number):
        if register == NODE and 1 <= number <= 247:
            self._saved["address"] = int(number)
        elif register == BAUD and int(number) in self.BAUDS:
            self._saved["baud"] = self.BAUDS[int(number)]
        elif register == PARITY and 0 <= number <= 3:
            self._saved["parity"] = int(number)
        else:
            return BAD_VALUE if register in (NODE, BAUD, PARITY) else BAD_REGISTER
        return 0
