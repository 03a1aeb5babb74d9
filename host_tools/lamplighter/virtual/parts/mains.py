"""The quantities of an AC line, and those derived from them."""

DEFAULTS = {"volts": 230.0, "watts": 60.0, "pf": 0.95, "amps": None}


class Phase:
    """volts, amps and pf are positive; watts is negative while energy flows back or the meter is wired backwards."""

    def __init__(self, volts, watts, pf, amps):
        self.volts = volts
        self.watts = watts
        self.pf = pf
        if amps is None:
            amps = abs(watts) / (volts * pf) if volts and pf else 0
        self.amps = amps

    @property
    def volt_amps(self):
        return self.volts * self.amps

    @property
    def vars(self):
        """Reactive power; the load is taken as inductive."""
        return max(0, self.volt_amps**2 - self.watts**2) ** 0.5


def single(values):
    """The one phase of these quantities."""
    return Phase(values["volts"], values["watts"], values["pf"], values["amps"])
