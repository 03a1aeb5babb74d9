"""VOC or NOx ticks of an SGP41 become an index: how far the air is from what this place is used to.

Source: Sensirion's gas index algorithm 3.2.0 (its constants, and the order of its steps). Their fixed-point scale
factors cancel and are left out; the mean is kept as a base and a small rest, for floats of 32 bits.
"""

from math import exp, sqrt

from micropython import const

_BLACKOUT_S = const(45)
_GAIN = const(230)
_LEARN_S = const(43200)  # both the mean and the spread are those of the last half day
_SPREAD_S = const(2500)  # while it begins
_LONG_S = const(32767)  # times beyond make no difference
_KEPT_S = const(10800)  # a restored state counts as learned for so long
_FAST_S, _SLOW_S = const(20), const(500)
# clean index, ticks subtracted, minutes a bad day may hold the learning up, seconds of fast learning of mean and of
# spread, index from which it is held up, time constant of the mean at first, slope and middle of the scale
_VOC = (100, 20000, 180, 2700, 5220, 340, 20, -0.0065, 213)
_NOX = (1, 10000, 720, 17100, 20520, 30, 1200, -0.0101, 614)


def _fall(x, middle, slope):
    """1 far below `middle`, 0 far above."""
    x = slope * (x - middle)
    return 1.0 if x < -50 else 0.0 if x > 50 else 1 / (1 + exp(x))


class GasIndex:
    """One of the two: nox -- False for VOC; every_s -- seconds between readings, 1 to 10."""

    def __init__(self, nox=False, every_s=1):
        self._nox = nox
        self._s = every_s
        self._of = _NOX if nox else _VOC
        self._up = 0
        self._ticks = 0
        self._index = 0.0
        self._base = None  # None: no reading yet
        self._mean = 0.0  # less the base
        self._spread = 50.0
        self._learnt = self._gated = 0  # seconds
        self._held = 0.0  # minutes
        self._low = None  # quick, slow and the result of the low pass

    def take(self, ticks):
        """The index after a reading: 1 to 500, and 0 for the first three quarters of a minute."""
        if self._up <= _BLACKOUT_S:
            self._up += self._s
            return int(self._index + 0.5)
        clean, floor = self._of[:2]
        if 0 < ticks < 65000:
            self._ticks = min(max(ticks - floor, 1), 32767)
        index = clean
        if not self._nox or self._base is not None:
            index = self._scaled((self._ticks - self._mean - (self._base or 0)) * _GAIN)
        self._index = max(0.5, self._smooth(index))
        if self._ticks:
            self._learn()
        return int(self._index + 0.5)

    def _scaled(self, distance):
        clean, slope, middle = self._of[0], self._of[7], self._of[8]
        distance /= 2000 if self._nox else -220 - self._spread
        share = _fall(distance, middle, slope)
        if distance < 0:
            return 500 * share
        shift = (500 / 499) * (1 - clean) if self._nox else (500 - 5 * clean) / 4
        return (500 + shift) * share - shift if share else 0

    def _smooth(self, index):
        """Slowly while it hardly moves, quickly when it does."""
        if self._low is None:
            self._low = [index, index, index]
        low = self._low
        s = self._s
        low[0] += (index - low[0]) * s / (s + _FAST_S)
        low[1] += (index - low[1]) * s / (s + _SLOW_S)
        tau = (_SLOW_S - _FAST_S) * exp(-0.2 * abs(low[0] - low[1])) + _FAST_S
        low[2] += (index - low[2]) * s / (s + tau)
        return low[2]

    def _learn(self):
        if self._base is None:
            self._base = self._ticks
            return
        if abs(self._mean) >= 100:
            self._base += self._mean
            self._mean = 0.0
        s = self._s
        minutes, mean_s, spread_s, bound, first_s = self._of[2:7]
        self._learnt = min(self._learnt + s, _LONG_S)
        self._gated = min(self._gated + s, _LONG_S)
        new = _fall(self._learnt, mean_s, 0.01)
        usual = s / (_LEARN_S + s)
        for_mean = usual + (s / (first_s + s) - usual) * new
        still = _fall(self._learnt, spread_s, 0.01) - new
        for_spread = usual + (s / (_SPREAD_S + s) - usual) * still
        # a strong smell is not learned as what the place is used to, unless it stays
        open_mean = _fall(self._index, bound + (510 - bound) * _fall(self._gated, mean_s, 0.01), 0.09)
        open_spread = _fall(self._index, bound + (510 - bound) * _fall(self._gated, spread_s, 0.01), 0.09)
        self._held = max(0, self._held + s / 60 * ((1 - open_mean) * 1.3 - 0.3))
        if self._held > minutes:
            self._gated = 0
        off = self._ticks - self._base - self._mean
        for_spread *= open_spread
        self._spread = sqrt((1 - for_spread) * (self._spread * self._spread + for_spread * off * off))
        self._mean += for_mean * open_mean * off

    def state(self):
        """The learned state, (mean, spread) in hundredths of ticks, to be stored over a power cut; None before any."""
        if self._base is None:
            return None
        return int((self._base + self._mean) * 100), int(self._spread * 100)

    def restore(self, mean, spread):
        """Go on from a state() that is at most ten minutes old; the maker foresees this for VOC only."""
        self._base = mean // 100
        self._ticks = self._base
        self._mean = mean % 100 / 100
        self._spread = spread / 100
        self._learnt = _KEPT_S
