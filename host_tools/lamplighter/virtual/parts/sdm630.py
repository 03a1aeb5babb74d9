"""Eastron SDM630 energy meter, byte for byte: three phases as Modbus floats over RS-485 at 9600 baud."""

from . import mains
from .eastron import Eastron

TOTAL_AMPS, TOTAL_WATTS, TOTAL_VOLT_AMPS, TOTAL_VARS, TOTAL_PF = 0x0030, 0x0034, 0x0038, 0x003C, 0x003E
AVERAGE_VOLTS, AVERAGE_AMPS = 0x002A, 0x002E
EACH = ("volts", "watts", "pf", "amps")
OWN = ["%s_%d" % (name, phase) for name in EACH for phase in (1, 2, 3)]


class Twin(Eastron):
    """Quantities: volts, watts (of all three, evenly), pf, hertz; volts_1 .. amps_3 for one phase alone;
    import_wh and export_wh put the registers."""

    DEFAULTS = dict(mains.DEFAULTS, hertz=50.0)
    DEFAULTS.update((name, None) for name in OWN)
    QUANTITIES = tuple(sorted(DEFAULTS)) + ("import_wh", "export_wh")
    BAUDS = {0: 2400, 1: 4800, 2: 9600, 3: 19200, 4: 38400}
    FACTORY = {"address": 1, "baud": 9600, "parity": 0}

    def _phases(self, values):
        phases = []
        for number in (1, 2, 3):
            own = [values["%s_%d" % (name, number)] for name in EACH]
            third = values["amps"] / 3 if values["amps"] is not None else None
            shared = (values["volts"], values["watts"] / 3, values["pf"], third)
            phases.append(mains.Phase(*[each if each is not None else all for each, all in zip(own, shared)]))
        return phases

    def _measured(self, values):
        known = super()._measured(values)
        phases = self._phases(values)
        watts = sum(phase.watts for phase in phases)
        volt_amps = sum(phase.volt_amps for phase in phases)
        amps = sum(phase.amps for phase in phases)
        known.update({
            AVERAGE_VOLTS: sum(phase.volts for phase in phases) / 3, AVERAGE_AMPS: amps / 3, TOTAL_AMPS: amps,
            TOTAL_WATTS: watts, TOTAL_VOLT_AMPS: volt_amps, TOTAL_VARS: sum(phase.vars for phase in phases),
            TOTAL_PF: watts / volt_amps if volt_amps else 1,
        })  # fmt: skip
        return known
