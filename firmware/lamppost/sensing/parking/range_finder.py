"""A range finder before a bay: near, away or covered, and whether what it sees stands still."""

from math import log

from micropython import const

from .empty_distance import GIVEN, EmptyDistance
from .fusion import AWAY, BETWEEN, COVERED, DARK, NEAR

_STILL_MS = const(3500)
# Somebody who stands sways by some centimetres and steps after some seconds; a vehicle is as still as the ground.
# What the last readings say for a vehicle is weighed in 64ths of a nat: 1 for each that is no step, more for each that
# is nearer to their mean than people keep, and less for each that is elsewhere.
_PAST, _APART_MS = const(12), const(900)  # so many readings, and not more often
_SWAY = const(1200)  # square of the millimetres that people sway by, small steps included
_STEP, _MOST, _ODD = const(70), const(160), const(64)
_FINEST = const(16)  # square of the millimetres that no sensor is better than
_STANDS = const(480)  # what makes a vehicle while it is not known where they stop,
_USUAL, _UNUSUAL = const(430), const(760)  # and where they do and do not
_BUSY = const(480)  # and so much more at most where many pass for each that parks:
_CROSSED, _STOOD, _STOOD_MS = const(4), const(120), const(8000)  # for each of them, and for who stood for so long
_BESIDE = const(300)  # millimetres from where one stood that others may stand at
_STAYS = const(3)  # vehicles from which that is known,
_STAY_MS = const(180000)  # each of which stood for so long
# Street furniture stands 0.45 m or more behind the kerb: nothing parks closer than this, so the lens is covered.
_COVERED_MM = const(200)
_DIM = const(80)  # lost echoes of the ground in 1024: fine weather has fewer
WEAK = const(100)  # strength below which a distance counts only while it stands still


class RangeFinder:
    """One range finder of a bay.

    kind -- AWAY ... COVERED; None: no reading, or nothing to compare it with
    still -- True while what is near stands as a vehicle does; None: not at all, and hardly an echo
    steady -- True while it is at least half as sure as that
    d_mm, strength -- of the last reading; None: it failed, or the part does not say
    """

    def __init__(self, empty_mm=None, kept=None):
        self.empty = EmptyDistance(empty_mm, kept)
        self.kind = None
        self.still = False
        self.steady = False
        self.d_mm = None
        self.strength = None
        self._level = None  # where it has been the same, and since when
        self._level_ms = 0
        self._same = 0  # readings in a row there
        self._recent = []  # readings that may be a vehicle's
        self._ms = self._near_ms = 0
        self._stay = 0  # how long the present vehicle has stood, and where
        self._at = 0
        self._near = self._far = self._stays = 0  # where vehicles stood, how many did,
        self._busy = 0  # and how many passed meanwhile
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
        empty = self.empty
        steady = self._same >= 3
        moved = empty.known < GIVEN and steady and empty.learn(self._level, now - self._level_ms)
        self.kind = self._meaning(d_mm)
        self._seen_ms = now
        if self.kind == AWAY:
            empty.seen = empty.seen or steady
            self._weather(d_mm, strength)
            if len(self._recent) > 1:
                passed = _STOOD if now - self._near_ms >= _STOOD_MS else _CROSSED
                self._busy = min(self._busy + passed, _BUSY)
            self._recent = []
        elif not self._recent or now - self._ms >= _APART_MS:
            if not self._recent:
                self._near_ms = now
            self._ms = now
            murky = strength is not None and strength < 2 * WEAK and self._dim >= _DIM
            wanted = _STANDS if self._stays < _STAYS else _USUAL if self._near <= d_mm <= self._far else _UNUSUAL
            points = self._weigh(d_mm, 4 * _ODD if murky else _ODD)
            self.steady = 2 * points >= wanted
            self.still = None if murky and points < _STANDS // 2 else points >= wanted + self._busy
        return moved

    def miss(self, word, now):
        """There is no reading, for a fault's reason. True if that means something: no echo in clear air."""
        self.kind = self.d_mm = self.strength = None
        self.still = now - self._seen_ms >= _STILL_MS
        if word == "signal":
            self._lost += 1
            if self.empty.seen and self._dim < _DIM and self._echo > 3 * WEAK // 2:
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

    def learn(self, free, _, passed_ms):
        """After each reading: free -- True or False as the state is, None if that is not known."""
        if free is False and self.kind == NEAR:
            self._stay = min(self._stay + passed_ms, _STAY_MS)
            self._at = self._level or 0
        elif free:
            if self._stay >= _STAY_MS:
                self._near = min(self._near or self._at, self._at - _BESIDE)
                self._far = max(self._far, self._at + _BESIDE)
                self._stays += 1
                self._busy //= 2
            self._stay = 0
            if self.kind == AWAY:
                self.empty.follow(self.d_mm, passed_ms)

    def _settle(self, d_mm, now):
        room = self._room(d_mm)
        level = self._level
        odd, self._odd = self._odd, None
        if level is not None and abs(d_mm - level) <= room:
            self._level = level + (d_mm - level) // (3 if self._same < 4 else 16)
            self._same += 1
            return
        self._same = 1
        if level is None or odd is not None and abs(d_mm - odd) <= room:
            self._level_ms = now if level is None else self._odd_ms
            self._level = d_mm
        else:
            self._odd = d_mm
            self._odd_ms = now

    def _room(self, d_mm):
        room = max(45 + d_mm // 64, self._noise // 5)
        if self.strength is not None and self.strength < 5 * WEAK:
            room += room // 2
        return room

    def _weigh(self, d_mm, odd):
        """64ths of a nat for a vehicle; odd -- what a reading that is elsewhere takes off."""
        recent = self._recent
        recent.append(d_mm)
        if len(recent) > _PAST:
            recent.pop(0)
        mm = self.empty.mm or d_mm
        # the ground's own noise, less where it is nearer, more where the echo is weaker
        fine = max((self._noise * 5 * (mm + d_mm) // (128 * mm)) ** 2, _FINEST)
        if self.strength is not None:
            fine = fine * min(max(self._echo, WEAK), 400) // min(max(self.strength, WEAK // 2), 400)
        each = min(_STEP + int(32 * log(1 + _SWAY / fine)), _MOST)
        room = self._room(d_mm)
        best = cost = many = total = squares = 0
        for one in reversed(recent):
            off = one - d_mm
            if many and abs(off - total // many) > room:
                cost += odd
                if cost > odd * (many + 1):
                    break
                continue
            many += 1
            total += off
            squares += off * off
            swayed = (squares - total * total // many) * _SWAY // (fine + _SWAY) * 32 // fine
            best = max(best, (many - 1) * each - swayed - cost)
        return best

    def _meaning(self, d_mm):
        empty = self.empty
        if not empty.known:
            return None
        if d_mm < min(_COVERED_MM, empty.mm // 8):
            return COVERED
        nearer = empty.mm - d_mm
        return NEAR if nearer >= empty.step else AWAY if 2 * nearer <= empty.step else BETWEEN
