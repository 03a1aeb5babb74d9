"""A magnetometer at a bay: how far the earth's field is bent by a vehicle, as a vector.

The strength alone would not do: beside some vehicles it is that of the empty bay (Daubaras et al., Elektronika ir
Elektrotechnika, 2014), while its direction is not.
"""

from math import sqrt

from micropython import const

from .fusion import AWAY, BETWEEN, NEAR

_STILL_MS = const(3500)
_FOLLOW_MS = const(120000)  # the time in which the empty field follows temperature and a neighbour's vehicle
_ODD_UT = const(16000)  # more than earth and iron together: cut, so that squares stay small integers


class Magnetometer:
    """kind, still -- as of a RangeFinder
    dev -- how far the last reading is from the empty field; None: no reading, or the empty field is not known
    """

    _low = 120

    def __init__(self, kept=None):
        self._on = self._low
        self._usual = 0  # what vehicles bend it by here; 0: none was seen
        self._parked = 0  # the present one
        self._noise = 160  # 16ths
        self._base = None  # 64ths
        self._last = None
        self.level = None
        self.level_ms = 0
        self._odd = False  # the last one was elsewhere: the next says whether it was a freak
        self._odd_ms = 0
        self.kind = None
        self.still = False
        self.dev = None
        self._free = None
        if kept:
            self.settle(kept[:3])
            self._learn_usual(kept[3])

    def settle(self, empty):
        """The field of the empty bay; None: not known any more."""
        self._base = empty and [64 * value for value in empty]

    def calibrate(self, empty):
        """The field of the empty bay was measured."""
        self.settle(empty[:3])

    def take(self, reading, now):
        value = [max(-_ODD_UT, min(_ODD_UT, reading[name])) for name in ("mag_x_ut", "mag_y_ut", "mag_z_ut")]
        self._follow_level(value, now)
        self._find(now)
        if self._base is None:
            self.kind = self.dev = None
            return
        pull = [value[i] - self._base[i] // 64 for i in (0, 1, 2)]
        self.dev = dev = norm(pull)
        self._mean(pull, dev, now)

    def _find(self, now):
        """The empty field is found where a range finder sees the empty bay."""

    def _mean(self, pull, dev, now):
        """Classify a change of the field (a vector of length dev)."""
        off = max(3 * self._on // 5, 9 * self._parked // 20)
        if self._free is None:  # just started: a night may have moved the empty field further than the weakest vehicle
            off = max(off, 2 * self._usual // 5)
        self.kind = AWAY if dev <= off else NEAR if dev >= self._on else BETWEEN

    def miss(self, *_):
        self.kind = self.dev = None

    def learn(self, free, distance, passed_ms):
        """After each reading: free -- True or False as the state is, None if that is not known; distance --
        opinion of the range finders."""
        self._free = free
        if self._last is None:
            return
        dev = self.dev or 0
        if free is False and self.kind == NEAR:
            self._parked += (dev - self._parked) // 8 if self._parked else dev
        elif free and distance == AWAY and self._base is None and self.still:
            self.settle(self.level)
        elif free and self._base and (distance == AWAY or self.kind != NEAR):
            self._follow(self._last, passed_ms, _FOLLOW_MS)

    def _follow(self, empty, passed_ms, slow_ms):
        base = self._base or []
        for i in range(len(base)):
            base[i] += (64 * empty[i] - base[i]) * min(passed_ms, 8000) // slow_ms

    def left(self):
        """No vehicle is there any more: what it was like is remembered, and the empty field is what is there now."""
        if self._parked:
            self._learn_usual(self._parked + 3 * self._usual >> 2 if self._usual else self._parked)
            self._parked = 0
        if self._base and self.level and (self.dev or 0) > 3 * self._on // 5:
            self.settle(self.level)

    def felt(self, free):
        """%: how far the field is from meaning something else."""
        dev = self.dev or 0
        return 60 + 40 * min(max(self._on - dev if free else dev - self._on // 2, 0), self._on) // self._on

    def kept(self):
        """(x, y, z, usual) to be remembered over a cut, or None."""
        return self._base and [value // 64 for value in self._base] + [self._usual]

    def _learn_usual(self, usual):
        self._usual = usual
        if usual:
            self._on = min(max(self._low, usual // 4), 750)

    def _follow_level(self, value, now):
        last, self._last = self._last, value
        if last:
            # the median: what passes does not count
            step = 1 + self._noise // 32
            self._noise = max(16, self._noise + (step if 16 * apart(value, last) > self._noise else -step))
        room = max(20, self._noise // 6)
        level = self.level
        if level and apart(value, level) <= room:
            self.level = [level[i] + (value[i] - level[i]) // 8 for i in (0, 1, 2)]
            self._odd = False
        elif level is None or self._odd and apart(value, last) <= room:
            self.level_ms = self._odd_ms if self._odd else now
            self.level = value
            self._odd = False
        else:
            self._odd = True
            self._odd_ms = now
        self.still = not self._odd and now - self.level_ms >= _STILL_MS


def apart(one, other):
    return max(abs(one[0] - other[0]), abs(one[1] - other[1]), abs(one[2] - other[2]))


def norm(value):
    return int(sqrt(value[0] * value[0] + value[1] * value[1] + value[2] * value[2]))
