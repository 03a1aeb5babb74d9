"""The distance to the empty bay: told by the configuration or learned, then followed slowly."""

from micropython import const

_SLOW = const(64)  # readings over which the distance follows snow, leaves and settling
_STEADY_MM = const(100)  # readings that differ by less belong to one level
_STEADY_MS = const(10000)  # how long a level must last to count


class Baseline:
    """empty_mm -- seed, or None: then nothing is known until two levels were seen, of which the farther is empty.

    known -- False while there is nothing to compare with; then mm and step mean nothing
    mm -- distance to the empty bay
    step -- so much nearer is a vehicle, less than half of it nearer is none
    """

    def __init__(self, empty_mm):
        self.known = False
        self.mm = 0
        self.step = 0
        self._level = None  # the present level while learning, and since when
        self._level_ms = 0
        self._far = None
        if empty_mm is not None:
            self._settle(empty_mm)

    def _settle(self, empty_mm):
        self._seed = empty_mm
        self._um = 1000 * empty_mm  # so that small steps work in integers
        self.mm = empty_mm
        self.step = _step(empty_mm)
        self.known = True

    def learn(self, d_mm, now_ms):
        """A reading while nothing is known."""
        if self._level is None or abs(d_mm - self._level) > _STEADY_MM:
            self._level = d_mm
            self._level_ms = now_ms
        elif now_ms - self._level_ms >= _STEADY_MS:
            far = d_mm if self._far is None else max(d_mm, self._far)
            near = d_mm if self._far is None else min(d_mm, self._far)
            if far - near >= _step(far):
                self._settle(far)
            else:
                self._far = far

    def follow(self, d_mm):
        """A reading of the empty bay; mm never goes further from its seed than half a step."""
        room = 500 * self.step
        self._um += (1000 * d_mm - self._um) // _SLOW
        self._um = min(max(self._um, 1000 * self._seed - room), 1000 * self._seed + room)
        self.mm = self._um // 1000


def _step(empty_mm):
    return min(max(300, empty_mm // 8), empty_mm // 3)
