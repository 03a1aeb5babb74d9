"""Readings of an energy meter become windows: means, maximum, and a register that never runs backwards."""

from micropython import const

from ...core.faults import SensorFault
from ...core.payload import body
from ...core.quality import ESTIMATED, GAP, UNAVAILABLE, VALID, of_fault
from ..window import Window
from .integral import Integral
from .register import Register

_NO_MEANS = ("imp_mwh", "exp_mwh", "t")  # registers, and the warmth of the part itself
_PHASES = (("u_mv", "i_ma"), ("u1_mv", "i1_ma"), ("u2_mv", "i2_ma"), ("u3_mv", "i3_ma"))
_LOST_MS = const(5000)  # a meter that lives on the mains and is silent so long: the mains are gone
_ENOUGH = const(75)  # % of the expected readings, below which a mean is an estimate
_BACKWARDS_MW = const(-5000)  # less is the noise of a meter without load


class Energy:
    """options -- `energy` of the configuration; counters -- as in register.py; meter -- its driver: QUANTITIES, LIMITS,
    P_MAX_MW (0: not known), WRAP_MWH, and VOLATILE where its register begins anew with its supply.

    power_mw -- of the last reading, None while the meter gives none
    supply_lost -- True while the meter says, or its silence, that the lamppost's mains are gone; None: not known yet
    on_reading -- function that gets each good reading as well, or None
    warned -- (words, mW) of the power that ran backwards in the last window where none may; (): none did;
        None: not known yet
    """

    WARNS = "meterBackwards"

    topic = b"tele/energy"
    retain = False

    def __init__(self, options, clock, counters, meter):
        self._options = options
        self._every_ms = options.get("every_ms", 1000)
        self._clock = clock
        self._counters = counters
        self._window = Window(clock, options.get("window_s", 900))
        self._done = []
        self._names = [name for name in meter.QUANTITIES if name not in _NO_MEANS] or ["p_mw"]
        self._p_max_mw = meter.P_MAX_MW
        volatile = getattr(meter, "VOLATILE", False)
        self._export = "exp_mwh" in meter.QUANTITIES and not volatile
        self._counts = "imp_mwh" in meter.QUANTITIES
        if self._counts:
            self.register = Register(counters, meter.WRAP_MWH, meter.P_MAX_MW, volatile)
        else:
            self.register = Integral(counters)
        # the voltage below which there are no mains; a part that the node feeds is not silent because of them
        lows = [low for name, low, _ in getattr(meter, "LIMITS", ()) if name in ("u_mv", "u1_mv")]
        self._no_mains_mv = lows[0] // 4 if lows else 0
        self._on_mains = self._no_mains_mv > 0 and hasattr(meter, "timeout")
        self.on_reading = None
        self.supply_lost = None
        self.power_mw = None
        self.warned = None
        self._good_ms = None  # uptime of the last good reading of this boot
        self._dark_ms = None  # uptime when silence or no voltage began
        self._fault = "silent"
        self._begin()

    def _begin(self):
        self._imp_mwh = self._counters.imp_mwh  # as it was when the window began
        self._exp_mwh = None
        self._asked = False
        self._count = 0
        self._sums = [0] * len(self._names)
        self._counts_of = [0] * len(self._names)  # a part may give some of its values only
        self._p_max = None
        self._imp_letter = None  # the worst of the window; None: the register was not read

    def take(self, reading):
        """A good reading of the meter."""
        if not self._believable(reading):
            self.miss(SensorFault("range"))
            return
        u_mv = reading.get("u_mv", reading.get("u1_mv"))
        if u_mv is not None and u_mv < self._no_mains_mv:
            self._missed("signal", True)
            return
        self._roll()
        self._asked = True
        now = self._clock.uptime_ms()
        self._dark_ms = None
        self.supply_lost = False
        since_ms = None if self._good_ms is None else now - self._good_ms
        new = self._counts and self._counters.meter_mwh is None
        letter = self.register.take(reading["imp_mwh" if self._counts else "p_mw"], since_ms)
        if new:
            self._imp_mwh = self._counters.imp_mwh  # what the meter had counted before is no energy of this window
        if letter == VALID and since_ms is not None and since_ms > 10 * self._every_ms:
            letter = GAP
        self._good_ms = now
        self.power_mw = reading["p_mw"]
        if self._imp_letter in (None, VALID):
            self._imp_letter = letter
        if self._export:
            self._exp_mwh = reading["exp_mwh"]
        self._count += 1
        for index, name in enumerate(self._names):
            value = reading[name]
            if value is not None:
                self._sums[index] += value
                self._counts_of[index] += 1
        if self._p_max is None or reading["p_mw"] > self._p_max:
            self._p_max = reading["p_mw"]
        if self.on_reading:
            self.on_reading(reading)

    def miss(self, fault):
        """The meter gave no reading: SensorFault."""
        self._missed(fault.word, self._on_mains and fault.word == "silent")

    def _missed(self, word, dark):
        self._roll()
        self.power_mw = None
        self._asked = True
        self._fault = word
        now = self._clock.uptime_ms()
        if not dark:
            self._dark_ms = None
            return
        if self._dark_ms is None:
            self._dark_ms = now
        if self._counters.meter_mwh is not None and now - self._dark_ms >= _LOST_MS:
            self.supply_lost = True

    def poll(self):
        """(topic suffix, body, stamp) of a window that is complete, or None."""
        self._roll()
        return self._done.pop(0) if self._done else None

    def _roll(self):
        ended = self._window.due(self._asked)
        if ended:
            seconds, whole, stamp = ended
            self._done.append((self.topic, self._body(seconds, whole), stamp))
            self._begin()

    def _body(self, seconds, whole):
        """The body of a window of so many seconds; whole -- it reached from one boundary to the next."""
        count = self._count
        values, quality = [], {}
        if count:
            means = [
                (2 * total + many) // (2 * many) if many else None for total, many in zip(self._sums, self._counts_of)
            ]
            letter = VALID if 100 * count * self._every_ms >= _ENOUGH * 1000 * seconds else ESTIMATED
            imp_mwh = self._counters.imp_mwh
            energy, energy_letter = imp_mwh - self._imp_mwh, self._imp_letter
            if energy_letter == VALID and not whole:
                energy_letter = GAP
            found = not self._options.get("exports") and _backwards(self._names, means)
            self.warned = found and (self.warned or found) or ()  # the first window's words stay until it is over
        else:
            means = [None] * len(self._names)
            energy = imp_mwh = None
            letter = energy_letter = of_fault(self._fault)
        for name, mean in zip(self._names, means):
            if name == "p_mw":
                values.append(("p_mean_mw", mean))
                values.append(("p_max_mw", self._p_max))
            else:
                values.append((name, mean))
        if self._export:
            values.append(("exp_mwh", self._exp_mwh))
        for name, value in values:
            quality[name] = UNAVAILABLE if count and value is None else letter
        quality["imp_mwh"] = self._imp_letter or letter
        quality["e_mwh"] = energy_letter
        values += (("imp_mwh", imp_mwh), ("e_mwh", energy), ("window_s", seconds))
        mid = "true" if self._options.get("mid") else "false"
        return body(values, quality, '"part":"%s","mid":%s' % (self._options["part"], mid))

    def _believable(self, reading):
        """False for the second in which a meter answers rubbish with a good checksum."""
        if reading.get("f_mhz") == 0 or 0 < self._p_max_mw < abs(reading["p_mw"]):
            return False
        pairs = [(reading.get(u, 0), reading.get(i, 0)) for u, i in _PHASES if u in reading and i in reading]
        if [pair for pair in pairs if None in pair]:
            return True  # what a meter in order would say is not known
        apparent = [u * i for u, i in pairs]  # uVA
        # uW; a quarter and 5 W more than voltage times current is no rounding any more
        return not apparent or abs(reading["p_mw"]) * 1000 <= sum(apparent) * 5 // 4 + 5000000


def _backwards(names, means):
    """(words, mW) of the power that ran backwards, a phase rather than the sum; () where none did."""
    found = ()
    for name, mean in zip(names, means):
        backwards = mean is not None and mean < _BACKWARDS_MW
        if backwards and name.startswith("p") and name.endswith("_mw") and (not found or name != "p_mw"):
            found = name + " runs backwards: in and out, or the transformer, are swapped", mean
    return found
