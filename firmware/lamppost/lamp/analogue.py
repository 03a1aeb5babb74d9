"""Dims by a voltage, 0-10 V or 1-10 V, that a PWM makes through a filter; off by the relay or by 0 V.

0-10 V (ESTA E1.3): the controller sources the voltage. 1-10 V (IEC 60929 Annex E): the gear sources the current, and
the controller draws it down. Either way the circuit gives 10 V while the pin floats, so that the lamp is at full light
without the firmware. Light by voltage differs from luminaire to luminaire: five measured points say how.
"""

from micropython import const

from .output import Output

HERTZ = const(1000)  # fast enough for a filter of 10 ms, slow enough for an opto-coupler
FULL_MV = const(10000)
LINEAR = ((10, 1000), (25, 2500), (50, 5000), (75, 7500), (100, 10000))
_DUTY = const(65535)


class AnalogueOutput(Output):
    """pwm -- machine.PWM of HERTZ; relay -- relay.Relay that cuts the gear's supply at level 0, None: 0 V does it
    points -- five pairs (light in per cent, mV), both rising; inverted -- the circuit gives 10 V at duty 0
    """

    def __init__(self, pwm, relay, points=LINEAR, inverted=False):
        super().__init__()
        self._pwm = pwm
        self._relay = relay
        self._points = [(int(10 * light), int(mv)) for light, mv in points]
        self._inverted = inverted
        self.set(1000)

    def set(self, permille):
        duty = self.mv(permille) * _DUTY // FULL_MV
        self._pwm.duty_u16(_DUTY - duty if self._inverted else duty)
        if self._relay:
            self._relay.close(permille > 0)

    def mv(self, permille):
        """The voltage of a level, between the two points around it; below the first point that of the first."""
        if permille <= 0:
            return 0
        light, mv = self._points[0]
        if permille <= light:
            return mv
        for upper, upper_mv in self._points[1:]:
            if permille <= upper:
                return mv + (upper_mv - mv) * (permille - light) // (upper - light)
            light, mv = upper, upper_mv
        return mv
