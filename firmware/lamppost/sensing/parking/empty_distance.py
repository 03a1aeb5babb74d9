"""The distance to the empty bay: given by the configuration or learned, then followed slowly."""

from micropython import const

_FOLLOW_MS = const(64000)  # the time in which the distance follows snow, leaves and settling
_SEEN_MS = const(10000)  # how long a level must last to count,
_STOOD_MS = const(120000)  # to tell a vehicle from somebody who stands before one,
_AGAIN_MS = const(900000)  # and to be believed against what was learned
UNSURE, SURE, GIVEN = const(1), const(2), const(3)


class EmptyDistance:
    """known -- 0 while there is nothing to compare with (mm and step mean nothing); UNSURE: remembered, or the bay was
    seen in both states for a while; SURE: both, more than once; GIVEN: by the configuration
    seen -- True once the empty bay has given an echo, now or before a cut
    mm -- distance to the empty bay
    step -- so much nearer is a vehicle, less than half of it nearer is none
    """

    def __init__(self, empty_mm=None, remembered_mm=None):
        self.known = 0
        self.mm = 0
        self.step = 0
        self._first = None  # the first level seen, while that may have been a vehicle
        if empty_mm is not None:
            self.settle(empty_mm, GIVEN)
        elif remembered_mm:
            self.settle(remembered_mm, UNSURE)
        self.seen = bool(remembered_mm)

    @property
    def confirmed(self):
        """True if it is worth to be remembered."""
        return self.seen and self.known >= SURE

    def settle(self, empty_mm, known):
        self._seed = empty_mm
        self._um = 1000 * empty_mm  # so that small steps work in integers
        self.mm = empty_mm
        self.step = step(empty_mm)
        self.known = known
        self.seen = True

    def learn(self, level, for_ms):
        """A level and how long it has lasted. True if the empty bay turns out to be elsewhere."""
        if for_ms < _SEEN_MS:
            return False
        first = self._first
        if self.known >= SURE:
            # farther than empty for a quarter of an hour: the sensor was turned, or a vehicle never left while learning
            if self.known == GIVEN or for_ms < _AGAIN_MS or level - self.mm < self.step:
                return False
            self.settle(level, SURE)
            return True
        if first is None:
            self._first = level
        elif level - first >= step(level):
            self.settle(level, SURE)  # the farther one is the ground
            return True
        elif first - level >= step(first):
            if self.known and self.mm == first:
                self.known = SURE if for_ms >= _STOOD_MS else UNSURE
            elif for_ms >= _STOOD_MS:
                self.settle(first, UNSURE)  # vehicles leave before others come: it was the ground
                return True
        return False

    def follow(self, d_mm, passed_ms):
        """A reading of the empty bay; mm never goes further from its seed than half a step."""
        room = 500 * self.step
        self._um += (1000 * d_mm - self._um) * min(passed_ms, 8000) // _FOLLOW_MS
        self._um = min(max(self._um, 1000 * self._seed - room), 1000 * self._seed + room)
        self.mm = self._um // 1000


def step(empty_mm):
    return min(max(300, empty_mm // 8), empty_mm // 3)
