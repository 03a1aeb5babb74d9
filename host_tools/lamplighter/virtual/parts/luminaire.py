"""The luminaire at the lamp's pins: a relay with a normally closed contact, a dimming line, watts that a meter sees.

While nothing drives the pins, as at reset, the contact is closed and the dimming line at 10 V: the lamp is on.
"""

FULL_DUTY = 65535


class Luminaire:
    """Quantities: watts at full light, standby_watts of the gear while it is powered and dark, base_watts of the rest.

    relay, pwm -- the pins; dims -- False: gear that ignores the dimming line; told(permille, watts) -- at each change
    """

    BUSES = ()
    FAULTS = ("failed", "welded", "undimmed")
    QUANTITIES = ("watts", "standby_watts", "base_watts")

    def __init__(self, options, told=None):
        self._relay, self._pwm = options.get("relay"), options.get("pwm")
        self._inverted = options.get("inverted", False)
        self._values = {"watts": 86.0, "standby_watts": 0.5, "base_watts": 2.0}
        self._values.update(options.get("values", {}))
        self._coil = 0
        self._duty = 0 if self._inverted else FULL_DUTY
        self._kind = None
        self._told = told
        self._last = None

    def pin(self, number, level):
        """The node drives a pin."""
        if number == self._relay:
            self._coil = level
            self.tell()

    def pwm(self, number, duty):
        """The node sets the duty of a PWM, 0..65535."""
        if number == self._pwm:
            self._duty = duty
            self.tell()

    def set(self, **values):
        for name, value in values.items():
            if name not in self._values:
                raise ValueError("no quantity %s; there are %s" % (name, ", ".join(self.QUANTITIES)))
            if value is not None:
                self._values[name] = value
        self.tell()

    def fault(self, kind, **options):
        """failed: the LEDs are dark; welded: the relay does not open; undimmed: the dimming line is open; none."""
        self._kind = kind
        self.tell()

    def permille(self):
        """Light: 0 without supply or with failed LEDs, else by the dimming line, 1 V for 10 %, not below 10 %."""
        if self._kind == "failed" or not self._powered():
            return 0
        duty = FULL_DUTY - self._duty if self._inverted else self._duty
        if self._kind == "undimmed":
            duty = FULL_DUTY
        return max(100, (duty * 1000 + FULL_DUTY // 2) // FULL_DUTY)

    def watts(self):
        """What the meter sees: the rest of the lamppost, and the gear."""
        if not self._powered():
            return self._values["base_watts"]
        light = self.permille()
        gear = self._values["standby_watts"]
        if light:
            gear = self._values["watts"] * (60 + 94 * light // 100) / 1000
        return self._values["base_watts"] + gear

    def tell(self):
        now = self.permille(), self.watts()
        if now != self._last:
            self._last = now
            if self._told:
                self._told(*now)

    def _powered(self):
        return not self._coil or self._kind == "welded"
