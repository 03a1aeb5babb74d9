"""Readings of an energy meter become windows: means, maximum, and a register that never runs backwards."""

from micropython import const

from ..core.codec import body
from ..core.faults import SensorFault
from ..core.quality import ESTIMATED, GAP, UNAVAILABLE, VALID, of_fault
from .register import Register
from .window import Window

_MEANS = ("u_mv", "i_ma", "p_mw", "f_mhz", "pf")
_WIRE = ("u_mv", "i_ma", "p_mean_mw", "p_max_mw", "pf", "f_mhz")
_ENOUGH = const(75)  # % of the expected readings, below which a mean is an estimate
_LOST_MS = const(5000)  # a meter that lives on the mains and is silent so long: the mains are gone


class Energy:
    """options -- `energy` of the configuration; meter -- its driver (WRAP_MWH, P_MAX_MW); counters -- as Register.

    supply_lost -- True while the meter's silence says that the lamppost's mains are gone; None: not known yet.
    """

    topic = b"tele/energy"
    retain = False

    def __init__(self, options, clock, counters, meter):
        self._part = options["part"]
        self._mid = options.get("mid", False)
        self._every_ms = options.get("every_ms", 1000)
        self._clock = clock
        self._counters = counters
        self._window = Window(clock, options.get("window_s", 900))
        self._done = []
        self.register = Register(counters, meter.WRAP_MWH, meter.P_MAX_MW)
        self.supply_lost = None
        self._good_ms = None  # uptime of the last good reading of this boot
        self._silent_ms = None  # uptime when the silence began
        self._fault = "silent"
        self._begin()

    def _begin(self):
        self._imp_mwh = self._counters.imp_mwh
        self._asked = False
        self._count = 0
        self._sums = [0] * len(_MEANS)
        self._p_max = None
        self._imp_letter = None  # the worst of the window; None: the register was not read

    def take(self, reading):
        """A good reading of the meter."""
        if not _believable(reading):
            self.miss(SensorFault("range"))
            return
        self._roll()
        self._asked = True
        now = self._clock.uptime_ms()
        self._silent_ms = None
        self.supply_lost = False
        counters = self._counters
        new = counters.meter_mwh is None
        letter = self.register.take(reading["imp_mwh"], None if self._good_ms is None else now - self._good_ms)
        if new:
            self._imp_mwh = counters.imp_mwh  # what the meter had counted before is no energy of this window
        if letter == VALID and self._good_ms is not None and now - self._good_ms > 10 * self._every_ms:
            letter = GAP
        self._good_ms = now
        if self._imp_letter in (None, VALID):
            self._imp_letter = letter
        self._count += 1
        for index, name in enumerate(_MEANS):
            self._sums[index] += reading[name]
        if self._p_max is None or reading["p_mw"] > self._p_max:
            self._p_max = reading["p_mw"]

    def miss(self, fault):
        """The meter gave no reading: SensorFault."""
        self._roll()
        self._asked = True
        self._fault = fault.word
        now = self._clock.uptime_ms()
        if fault.word != "silent":
            self._silent_ms = None
            return
        if self._silent_ms is None:
            self._silent_ms = now
        if self._counters.meter_mwh is not None and now - self._silent_ms >= _LOST_MS:
            self.supply_lost = True

    def poll(self):
        """(topic suffix, body, at) of a window that is complete, or None."""
        self._roll()
        return self._done.pop(0) if self._done else None

    def _roll(self):
        ended = self._window.due(self._asked)
        if ended:
            self._done.append((self.topic, self._body(ended[0], ended[1]), ended[2]))
            self._begin()

    def _body(self, seconds, whole):
        count = self._count
        imp_mwh = self._counters.imp_mwh
        quality = {}
        if count:
            u, i, p, f, pf = [(2 * total + count) // (2 * count) for total in self._sums]
            letter = VALID if 100 * count * self._every_ms >= _ENOUGH * 1000 * seconds else ESTIMATED
            energy, energy_letter = imp_mwh - self._imp_mwh, self._imp_letter
            if energy_letter == VALID and not whole:
                energy_letter = GAP
        else:
            u = i = p = f = pf = energy = imp_mwh = None
            letter = energy_letter = of_fault(self._fault)
        for name in _WIRE:
            quality[name] = letter
        quality["imp_mwh"] = self._imp_letter or UNAVAILABLE
        quality["e_mwh"] = energy_letter
        values = (
            ("u_mv", u),
            ("i_ma", i),
            ("p_mean_mw", p),
            ("p_max_mw", self._p_max),
            ("pf", pf),
            ("f_mhz", f),
            ("imp_mwh", imp_mwh),
            ("e_mwh", energy),
            ("window_s", seconds),
        )
        return body(values, quality, '"part":"%s","mid":%s' % (self._part, "true" if self._mid else "false"))


def _believable(reading):
    """False for the second in which a meter answers rubbish with a good checksum."""
    if reading["u_mv"] <= 0 or reading["f_mhz"] <= 0:
        return False
    # uW; a quarter and 5 W more than voltage times current is no rounding any more
    return abs(reading["p_mw"]) * 1000 <= reading["u_mv"] * reading["i_ma"] * 5 // 4 + 5000000
