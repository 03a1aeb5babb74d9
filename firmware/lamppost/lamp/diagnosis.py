"""Judges the lamp by what it was told and what the meter sees, with the waits that keep healthy lamps out of it.

Pure: times and readings come in, conditions come out. lamp_alarms.py makes alarms of them. All power is in mW.
"""

from micropython import const

from .output import FULL

# codes as TALQ names them
LAMP, RELAY, UNEXPECTED, CYCLING = "lampFailure", "relayFailure", "lampUnexpectedOn", "cyclingFailure"
LOW, HIGH, FACTOR, DIMMING = "lampPowerTooLow", "lampPowerTooHigh", "powerFactorTooLow", "dimmingFailure"
SUPPLY_LOW, SUPPLY_HIGH, HOT = "supplyVoltageTooLow", "supplyVoltageTooHigh", "highControllerTemperature"
CODES = (LAMP, RELAY, UNEXPECTED, CYCLING, LOW, HIGH, FACTOR, DIMMING, SUPPLY_LOW, SUPPLY_HIGH, HOT)

_DEAD = const(20)  # % of the expected power: below it the lamp is dark
_OFF = const(15)  # % by which power may be off what is expected
_LEAST_OFF_MW = const(2000)  # and at least so much: meters and base load
_SAME = const(6)  # % within which power has not changed
_FULL_FITS = const(12)  # % within which power is that of full light
_OPEN_MW = const(6000)  # more than this does not pass an open relay
_JUDGED_MW = const(5000)  # an expected power below this says too little
_FACTOR = const(65)  # %
_HALF = const(500)  # permille: below it a low power factor is normal
_SUPPLY = const(15)  # % around nominal
_HOT_C, _COOL_C = const(65), const(60)
_AFTER_S = const(60)  # after a change of level or a return of the supply nothing is judged
_MOST_GAP_S = const(30)  # a longer pause between two readings is a supply that was away, or a meter
_CYCLES, _CYCLES_S = const(3), const(1800)
# how long a condition must hold before it is one
_HOLD_S = {
    LAMP: 60, RELAY: 60, UNEXPECTED: 900, LOW: 600, HIGH: 600, FACTOR: 600, DIMMING: 60, SUPPLY_LOW: 300,
    SUPPLY_HIGH: 300, HOT: 600,
}  # fmt: skip


class Diagnosis:
    """options -- `lamp` of the configuration: `watts`, `warm_up_s`, `nominal_v`, `min_level`
    cuts_supply -- at level 0 a relay cuts the supply of the gear

    judged -- {code: True, False, or None while it cannot be judged}
    evidence -- {code: words} of the conditions that are True
    """

    def __init__(self, options, cuts_supply):
        self._watts = [(10 * level, int(1000 * watts)) for level, watts in options.get("watts", ())]
        self._nominal_mv = 1000 * options.get("nominal_v", 230)
        self._wait_s = max(_AFTER_S, options.get("warm_up_s", _AFTER_S))
        self._least = 10 * options.get("min_level", 10)
        self._cuts_supply = cuts_supply
        self._since = {}  # code: when the condition began
        self._level = None  # permille that was told last,
        self._told_s = None  # and since when
        self._lit_s = None  # since when the lamp is on
        self._before = self._before_mw = None  # the level before it, and the power then
        self._now_mw = None  # the last power that was judged at this level
        self._disturbed_s = None  # when the supply was last not what it should be
        self._last_s = None
        self._burning = None  # the lamp was seen burning; None: not known since the last change
        self._drops = []  # when it went out by itself and came back
        self.judged = dict.fromkeys(CODES)
        self.evidence = {}

    def expected_mw(self, permille):
        """Power at a level by the measured points, linear between them; 0 where it is not known."""
        points = self._watts
        if not points:
            return 0
        if permille <= 0:
            return 0
        if permille <= points[0][0]:
            return points[0][1]
        for (low, low_mw), (high, high_mw) in zip(points, points[1:]):
            if permille <= high:
                return low_mw + (high_mw - low_mw) * (permille - low) // (high - low)
        return points[-1][1]

    def take(self, now_s, permille, p_mw, u_mv=None, pf=None, off_by_day=False):
        """A reading of the meter.

        now_s -- uptime; permille -- what the lamp was told; pf -- in per cent; off_by_day -- the programme wants the
        lamp off, the sun is up, and no override asks for light
        """
        if self._last_s is None or now_s - self._last_s > _MOST_GAP_S:
            self._disturbed_s = now_s
            self._burning = None
        self._last_s = now_s
        if permille != self._level:
            if self._level is None or (permille > 0) != (self._level > 0):
                self._lit_s = now_s
            if self._level is None or now_s - self._told_s >= _AFTER_S:
                # the level before and what the lamp drew then; a step of a ramp is none
                self._before, self._before_mw, self._now_mw = self._level, self._now_mw, None
            self._level, self._told_s = permille, now_s
            self._burning = None
            for code in (LAMP, RELAY, LOW, HIGH, FACTOR, DIMMING):
                self._since.pop(code, None)
        self._supply(now_s, u_mv)
        # a discharge lamp that a dip put out needs its warm-up anew
        quiet = now_s - self._disturbed_s >= self._wait_s and now_s - self._told_s >= _AFTER_S
        self._off(now_s, quiet, p_mw, off_by_day)
        self._on(now_s, quiet, p_mw, pf)

    def _supply(self, now_s, u_mv):
        if u_mv is None:
            return
        off = 100 * (u_mv - self._nominal_mv) // self._nominal_mv
        if abs(u_mv - self._nominal_mv) * 100 > _SUPPLY * self._nominal_mv:
            self._disturbed_s = now_s
        self._hold(SUPPLY_LOW, now_s, off < -_SUPPLY, "%d V" % (u_mv // 1000))
        self._hold(SUPPLY_HIGH, now_s, off >= _SUPPLY, "%d V" % (u_mv // 1000))

    def _off(self, now_s, quiet, p_mw, off_by_day):
        """What is judged by power that should not be there."""
        open_relay = self._cuts_supply and self._level == 0
        if quiet and open_relay:
            self._hold(RELAY, now_s, p_mw > _OPEN_MW, "%d W with the relay open" % (p_mw // 1000))
        elif not open_relay:
            self._unknown(RELAY)
        self._hold(UNEXPECTED, now_s, off_by_day and p_mw > _OPEN_MW, "%d W by day" % (p_mw // 1000))

    def _on(self, now_s, quiet, p_mw, pf):
        """What is judged while the lamp is to burn."""
        expected = self.expected_mw(self._level)
        if not self._level or expected < _JUDGED_MW:
            for code in (LAMP, CYCLING, LOW, HIGH, FACTOR, DIMMING):
                self._unknown(code)
            return
        dark = p_mw * 100 < _DEAD * expected
        self._cycles(now_s, dark, p_mw, expected)
        if not quiet:
            return
        self._hold(LAMP, now_s, dark, "%d W instead of %d W" % (p_mw // 1000, expected // 1000))
        if now_s - self._lit_s < self._wait_s:
            return
        self._now_mw = p_mw
        off_mw = p_mw - expected
        # a dimmed lamp differs more from the next one of its type: the same watts as at half light are allowed
        beyond = abs(off_mw) > max(_LEAST_OFF_MW, _OFF * max(expected, self.expected_mw(_HALF)) // 100)
        stuck = None if dark or not beyond else self._stuck(p_mw, expected)
        words = "%d W instead of %d W at %d %%" % (p_mw // 1000, expected // 1000, self._level // 10)
        self._hold(DIMMING, now_s, stuck is not None, "%s: the power of %d %%" % (words, (stuck or 0) // 10))
        plain = beyond and not dark and stuck is None
        self._hold(LOW, now_s, plain and off_mw < 0, words)
        self._hold(HIGH, now_s, plain and off_mw > 0, words)
        if pf is None or dark or self._level < _HALF:
            self._unknown(FACTOR)
        else:
            self._hold(FACTOR, now_s, pf < _FACTOR, "power factor 0.%02d" % pf)

    def _stuck(self, p_mw, expected):
        """The level that the lamp seems to have stayed at, None for none."""
        before = self._before
        if before and self._before_mw is not None:
            change = abs(self.expected_mw(before) - expected) * 100 > _OFF * expected
            if change and abs(p_mw - self._before_mw) * 100 <= _SAME * self._before_mw:
                return before
        full = self.expected_mw(FULL)
        return FULL if p_mw > expected and abs(p_mw - full) * 100 <= _FULL_FITS * full else None

    def _cycles(self, now_s, dark, p_mw, expected):
        """A lamp that goes out by itself and comes back, again and again."""
        while self._drops and now_s - self._drops[0] > _CYCLES_S:
            self._drops.pop(0)
        if now_s - self._disturbed_s >= _AFTER_S and now_s - self._told_s >= _AFTER_S:
            if dark:
                if self._burning:
                    self._drops.append(now_s)
                self._burning = False
            elif p_mw * 2 > expected:
                self._burning = True
        many = len(self._drops) >= _CYCLES
        if many:
            self.evidence[CYCLING] = "went out %d times in %d minutes" % (len(self._drops), _CYCLES_S // 60)
        self.judged[CYCLING] = many

    def warm(self, now_s, celsius):
        """A temperature of the electronics."""
        limit = _COOL_C if self.judged[HOT] else _HOT_C
        self._hold(HOT, now_s, celsius >= limit, "%d degrees" % celsius)

    def _hold(self, code, now_s, wrong, words):
        """The condition is seen, or not; it is one once it was seen for long enough without a pause."""
        if not wrong:
            self._since.pop(code, None)
            self.judged[code] = False
            return
        since = self._since.setdefault(code, now_s)
        hold_s = max(_HOLD_S[code], self._wait_s) if code == LAMP else _HOLD_S[code]
        if now_s - since >= hold_s:
            if not self.judged[code]:
                self.evidence[code] = words
            self.judged[code] = True

    def _unknown(self, code):
        self._since.pop(code, None)
        self.judged[code] = None
