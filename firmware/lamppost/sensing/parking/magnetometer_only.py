"""Judges a bay by a magnetometer alone: distinguishes parked vehicles from passing ones."""

from micropython import const

from .field_search import FieldSearch
from .fusion import AWAY, BETWEEN, NEAR
from .magnetometer import Magnetometer, norm
from .transients import Transients

_STEADY = const(5)  # readings that are compared with the noise of quiet hours
_AGREED = const(3)  # times that the empty field was found where it was: then it is followed, and sought no more
_CALM = const(6)  # readings after which it need not be steady where it is known what passes
_QUICK_MS = const(20000)  # the time in which the empty field follows what is hardly there,
_SLOW_MS = const(600000)  # what is steady and neither near nor away,
_PARKED_MS = const(120000)  # and temperature and neighbours while a vehicle stands there
_MEET = const(90)  # readings in which it is learned how a vehicle pulls: a tram is gone by then
_ANEW = const(40)  # steady ones after which a field that came back to nothing known is taken for what it is


class MagnetometerOnly(Magnetometer):
    """still -- True: steady and unlike known transients;
    None: it is away, but not where it was before the vehicle came

    The vehicle's pull is kept while it stands there, and the empty field is what remains without it: both move with
    temperature and with neighbours, and when it leaves, the field has to be back at what remained.
    """

    _low = 250

    def __init__(self, kept=None):
        self._now = (0, 0, 0)  # the pull: the mean of the last readings where they are steady
        self._quiet = False
        self._past = []
        self._own = None  # the pull of the vehicle that stands there,
        self._stood = self._odd_for = 0  # readings since it came, and since it has pulled elsewhere
        # readings since one left that were not empty yet, and 1; -1: so far none has been, and a day without power may
        # have moved the field
        self._doubt = 0
        self._calm = 0
        super().__init__(kept)
        self._transients = Transients(*(kept[4:] if kept else ()))
        self._search = None if kept else FieldSearch()

    def calibrate(self, empty):
        super().calibrate(empty)
        self._own = None
        self._past = []
        self._search = None

    def _find(self, now):
        search = self._search
        if search:
            found = search.take(self.level, now - self.level_ms if self.still else 0, self._on)
            if found:
                self._own = None
                self._past = []
                self.settle(found)
                if search.agreed >= _AGREED:
                    self._search = None

    def _mean(self, pull, dev, now):
        own = self._own
        parked = norm(own) if own else 0
        off = max(7 * self._on // 10, 9 * parked // 20)
        if self._free is None:  # just started: a night may have moved the empty field further than the weakest vehicle
            off = max(off, 2 * self._usual // 5)
        if self._free and dev <= off:  # most of the time
            self._past = []
            self._now = pull
            self.kind = AWAY
            self._quiet = self.still = True
            self._transients.watch(pull, dev, False, now)
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
        # at twice the noise's variance
        most = (max(self._noise, 48) ** 2 + dev * dev // 96) // 34
        still = self._quiet = many >= _STEADY - 1 and spread <= most
        if still:
            dev = norm(mean)
        else:
            mean = self._now = pull
        self.kind = kind = AWAY if dev <= off else NEAR if dev >= self._on else BETWEEN
        trams = self._transients
        if own:
            step = [mean[i] - own[i] for i in (0, 1, 2)]
            good = kind != AWAY or dev <= max(self._on // 2, 3 * parked // 10) and not trams.like(step, norm(step))
            sure = kind == AWAY
        else:
            weak = 64 * dev < 25 * self._usual  # as a lorry is that halts behind the bay: it takes a minute to pass
            if weak and kind == NEAR and self._doubt < 0:
                self.kind = kind = BETWEEN
            good = kind != NEAR or not (weak or self._doubt > 0 or trams.like(mean, dev))
            sure = kind == NEAR and trams.known
            if self._free and (kind == AWAY or not weak):
                trams.watch(mean, dev, kind == NEAR, now)
        self._calm = self._calm + 1 if good and sure else 0
        self.still = (still or self._calm > _CALM) if good else None if own else False

    def learn(self, free, _, passed_ms):
        first, self._free = self._free is None, free
        base, kind, own, now, last = self._base, self.kind, self._own, self._now, self._last
        if base is None or kind is None or last is None:
            return
        if free:
            if own or first:
                self._own = None
                self._doubt = 1 if own else -1
            elif kind == AWAY:
                self._doubt = 0
                self._follow(last, passed_ms, _QUICK_MS)
            elif self._doubt > 0 and self._quiet:
                self._doubt += 1
                if self._doubt > _ANEW:  # it never came back to where it was: it is empty here
                    self._doubt = 0
                    self._past = []
                    self.settle([base[i] // 64 + now[i] for i in (0, 1, 2)])
            elif kind == BETWEEN and self._quiet and not self._doubt:
                self._follow(last, passed_ms, _SLOW_MS)
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
                self._follow([last[i] - own[i] for i in (0, 1, 2)], passed_ms, _PARKED_MS)
            elif self._quiet and kind == NEAR:
                self._odd_for += 1
                if self._odd_for > _ANEW:
                    self._odd_for = 0
                    self._own = None

    def left(self):
        """No vehicle is there any more: what it was like is remembered."""
        if self._own:
            own = norm(self._own)
            self._learn_usual((own + 7 * self._usual) // 8 if self._usual else own)

    def _learn_usual(self, usual):
        super()._learn_usual(usual)
        self._on = min(max(self._low, usual // 6), 750)

    def kept(self):
        kept = super().kept()
        trams = self._transients
        return kept and kept + ([trams.line, trams.top] if trams.known else [])
