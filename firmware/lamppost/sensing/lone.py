"""A magnetometer that watches a bay alone: what parks there is told from what only passes."""

from micropython import const

from .field import Field, norm
from .trams import Trams
from .verdict import AWAY, BETWEEN, NEAR

_STEADY = const(5)  # readings
_QUICK_MS = const(20000)
_SLOW_MS = const(600000)
_PARKED_MS = const(120000)
_ANEW = const(40)
_MEET = const(90)


class Lone(Field):
    """still -- True if the field is as steady as it is when nothing happens, and nothing that passes pulls like this;
    None: it is away, but not where it was before the vehicle came
    """

    _low = 250

    def __init__(self, kept=None):
        self._now = (0, 0, 0)
        self._quiet = False
        self._past = []
        self._own = None  # the pull of the vehicle that stands there
        self._odd_for = self._stood = self._doubt = 0
        super().__init__(kept)
        self._trams = Trams(*(kept[4:] if kept and kept[4:] else ()))
        self._guess = None
        if not kept:
            from .groping import Groping

            self._guess = Groping()

    def _find(self, now):
        guess = self._guess
        if guess:
            found = guess.take(self.level, now - self.level_ms if self.still else 0, self._on)
            if found:
                self.settle(found)

    def _mean(self, pull, now):
        dev, own = self.dev, self._own
        parked = norm(own) if own else 0
        off = max(7 * self._on // 10, 9 * parked // 20)
        if self._free is None and not own:
            off = max(off, 2 * self._usual // 5)
        if self._free and dev <= off:
            self._past = []
            self._now = pull
            self.kind = AWAY
            self._quiet = self.still = True
            self._trams.watch(pull, dev, False, now)
            return
        past = self._past
        past.append(pull)
        if len(past) > _STEADY:
            past.pop(0)
        many = len(past)
        mean = self._now = [sum([one[i] for one in past]) // many for i in (0, 1, 2)]
        spread = 0
        for one in past:
            spread += norm([one[0] - mean[0], one[1] - mean[1], one[2] - mean[2]]) ** 2
        still = self._quiet = many >= _STEADY - 1 and 34 * spread <= max(self._noise, 48) ** 2
        if still:
            dev = norm(mean)
        else:
            mean = self._now = pull
        self.kind = kind = AWAY if dev <= off else NEAR if dev >= self._on else BETWEEN
        trams = self._trams
        if own:
            step = [mean[i] - own[i] for i in (0, 1, 2)]
            if kind == AWAY:
                if dev > max(self._on // 2, 3 * parked // 10) or trams.like(step, norm(step)):
                    still = None
                else:
                    still = still or 5 * dev <= parked
        else:
            weak = 64 * dev < 25 * self._usual
            if kind == NEAR:
                still = not weak and not trams.like(mean, dev) and (still or trams.known and dev > 2 * trams.top)
            if kind == AWAY or not weak:
                trams.watch(mean, dev, kind == NEAR, now)
        self.still = still

    def tend(self, free, eye, passed_ms):
        self._free = free
        if self._base is None or self.dev is None:
            return
        kind, own, now = self.kind, self._own, self._now
        if free:
            self._own = None
            if kind == AWAY:
                self._doubt = 0
                self._follow(self._last, passed_ms, _QUICK_MS)
            elif self._doubt and self._quiet:
                self._doubt += 1
                if self._doubt > _ANEW:  # it never came back to where it was: it is empty here
                    self._doubt = 0
                    self._anew()
            elif kind == BETWEEN and self._quiet:
                self._follow(self._last, passed_ms, _SLOW_MS)
        elif free is False:
            if own is None:
                if kind == NEAR:
                    self._own = now
                    self._stood = 0
                return
            self._stood += 1
            apart = norm([now[i] - own[i] for i in (0, 1, 2)])
            if self._stood < _MEET:
                if kind == NEAR:
                    self._own = [own[i] + (now[i] - own[i]) // 16 for i in (0, 1, 2)]
            elif 4 * apart <= norm(own):
                self._odd_for = 0
                self._follow([self._last[i] - own[i] for i in (0, 1, 2)], passed_ms, _PARKED_MS)
            elif self._quiet and kind == NEAR:
                self._odd_for += 1
                if self._odd_for > _ANEW:
                    self._odd_for = 0
                    self._own = None

    def _anew(self):
        self.settle([self._base[i] // 64 + self._now[i] for i in (0, 1, 2)])

    def left(self):
        if self._quiet and self._base:
            self._anew()
        self._doubt = 1
        if self._own:
            own = norm(self._own)
            self._learn((own + 7 * self._usual) // 8 if self._usual else own)
            self._own = None

    def _learn(self, usual):
        super()._learn(usual)
        self._on = min(max(self._low, usual // 6), 750)

    def kept(self):
        kept = super().kept()
        trams = self._trams
        return kept and kept + ([trams.line, trams.top] if trams.known else [])
