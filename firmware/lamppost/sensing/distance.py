"""A range finder before a bay: near, away or covered, and whether what it sees stands still."""

from math import log

from micropython import const

from .baseline import UNSURE, Baseline
from .verdict import AWAY, BETWEEN, COVERED, DARK, NEAR

_STILL_MS = const(3500)
_STANDS = const(520)  # 64ths
_AS_USUAL = const(460)
_UNUSUAL = const(760)
_SWAY = const(1200)
_PAST = const(12)
_FLOOR = const(16)
_STEP = const(70)
_ODD = const(64)
# Street furniture stands 0.45 m or more behind the kerb: nothing parks closer than this, so the lens is covered.
_COVERED_MM = const(200)
_DIM = const(80)  # lost echoes of the ground in 1024: fine weather has fewer
WEAK = const(100)  # strength below which a distance counts only while it stands still


class Distance:
    """One range finder of a bay.

    kind -- AWAY ... COVERED; None: no reading, or nothing to compare it with
    still -- True while the distance has been the same for some seconds; None: not at all, and hardly an echo
    d_mm, strength -- of the last reading; None: it failed, or the part does not say
    """

    def __init__(self, empty_mm=None, kept=None):
        self.base = Baseline(empty_mm)
        if empty_mm is None and kept:
            self.base.settle(kept, UNSURE)
        self.kind = None
        self.still = False
        self.d_mm = None
        self.strength = None
        self._level = None  # where it has been the same, and since when
        self._level_ms = 0
        self._same = 0  # readings in a row there
        self._past = []
        self.points = 0
        self._stood_ms = 0
        self._at = self._near = self._far = 0
        self._cars = 0
        self._odd = None  # one that was elsewhere: the next says whether it was a freak
        self._odd_ms = 0
        self._noise = 160  # how far distances of the ground are from its level, 16ths of mm
        self._seen_ms = 0  # when there was an echo last
        self._dim = 64  # share of lost echoes of the ground in 1024ths, over some minutes,
        self._lost = 0  # and those since it was seen last: they count once it is seen again
        self._echo = 1024  # its strength, lately

    def take(self, reading, now):
        """True if the empty bay turned out to be elsewhere."""
        d_mm = self.d_mm = reading["d_mm"]
        strength = self.strength = reading.get("strength")
        self._settle(d_mm, now)
        base = self.base
        moved = base.known < 3 and self._same >= 3 and base.learn(self._level, now - self._level_ms)
        self.kind = self._meaning(d_mm)
        self._seen_ms = now
        if self.kind == AWAY:
            self._weather(d_mm, strength)
        if self.kind == AWAY:
            self._past = []
            self.points = 0
        else:
            murky = strength is not None and strength < 2 * WEAK and self._dim >= _DIM
            wanted = _STANDS if self._cars < 3 else _AS_USUAL if self._near <= d_mm <= self._far else _UNUSUAL
            points = self._stands(d_mm, 4 * _ODD if murky else _ODD)
            self.still = None if murky and points < _STANDS // 2 else points >= wanted
        return moved

    def miss(self, word, now):
        """There is no reading, for a fault's reason. True if that means something: no echo in clear air."""
        self.kind = self.d_mm = self.strength = None
        self.still = now - self._seen_ms >= _STILL_MS
        if word == "signal":
            self._lost += 1
            if self._dim < _DIM and self._echo > 3 * WEAK // 2 if self.base.known else self._lost > 30:
                self.kind = DARK
        return self.kind is not None

    def _weather(self, d_mm, strength):
        """The ground is seen: how well, and how often it was not."""
        self._noise += (16 * min(abs(d_mm - self._level), 100) - self._noise) // 64
        lost = self._lost if self._lost < 30 else 0  # more in a row is a car
        self._lost = 0
        self._dim += (1024 * lost - (1 + lost) * self._dim) // 256
        if strength is not None:
            self._echo += (strength - self._echo) // 8

    def tend(self, free, _, passed_ms):
        if free is False and self.kind == NEAR:
            self._stood_ms = min(self._stood_ms + passed_ms, 600000)
            self._at = self._level
        elif free:
            if self._stood_ms:
                if self._stood_ms > 180000:
                    self._park(self._at)
                self._stood_ms = 0
            if self.kind == AWAY:
                self.base.follow(self.d_mm, passed_ms)

    def _park(self, at):
        room = 100 + self.base.step // 2
        self._near = min(self._near, at - room) if self._cars else at - room
        self._far = max(self._far, at + room)
        self._cars += 1

    def _settle(self, d_mm, now):
        room = self._room(d_mm)
        level = self._level
        if level is not None and abs(d_mm - level) <= room:
            self._level = level + (d_mm - level) // (3 if self._same < 4 else 16)
            self._odd = None
            self._same += 1
        elif level is None or self._odd is not None and abs(d_mm - self._odd) <= room:
            self._level_ms = now if level is None else self._odd_ms
            self._level = d_mm
            self._odd = None
            self._same = 1
        else:
            self._odd = d_mm
            self._odd_ms = now
            self._same = min(self._same, 1)

    def _room(self, d_mm):
        room = max(45 + d_mm // 64, self._noise // 5)
        if self.strength is not None and self.strength < 5 * WEAK:
            room += room // 2
        return room

    def _stands(self, d_mm, odd):
        """64ths of a nat by which a vehicle explains the last readings better than somebody who sways and steps."""
        past = self._past
        past.append(d_mm)
        if len(past) > _PAST:
            past.pop(0)
        mm = self.base.mm or d_mm
        spread = self._noise * 5 * (mm + d_mm) // (128 * mm)
        v = max(spread * spread, _FLOOR)
        if self.strength is not None:
            v = v * min(max(self._echo, WEAK), 400) // min(max(self.strength, WEAK // 2), 400)
        gain = _STEP + int(32 * log(1 + _SWAY / v))
        room = self._room(d_mm)
        best = cost = n = total = squares = 0
        for one in reversed(past):
            x = one - d_mm
            if n and abs(x - total // n) > room:
                cost += odd
                if cost > odd * (n + 1):
                    break
                continue
            n += 1
            total += x
            squares += x * x
            best = max(best, (n - 1) * gain - (squares - total * total // n) * _SWAY // (v + _SWAY) * 32 // v - cost)
        self.points = best
        return best

    def _meaning(self, d_mm):
        base = self.base
        if not base.known:
            return None
        if d_mm < min(_COVERED_MM, base.mm // 8):
            return COVERED
        nearer = base.mm - d_mm
        return NEAR if nearer >= base.step else AWAY if 2 * nearer <= base.step else BETWEEN
