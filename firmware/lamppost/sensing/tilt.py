"""Measures the tilt of the pole against its installed position, and raises an alarm when it leans."""

import struct
from math import atan2, sqrt

_LEARN = 12  # readings that agree before they are how the pole stands
_STILL_MG = 60  # and how far they may be from each other
_SURE = 3  # readings in a row that raise the alarm, or end it


class Pole:
    """options -- `pole` of the configuration; counters -- has kept(name) and keep(name, bytes, now).

    The part may be fixed to the pole in any direction: which way is up is learned once, and remembered over cuts, so
    that a pole that lies on the ground when the power comes back is not taken for an upright one.

    warned -- as Energy has it
    """

    WARNS = "columnIssue"  # as the Smart Data Models name a street light's status

    def __init__(self, options, counters):
        self._limit = int(options.get("limit_deg", 5) * 10)
        self._counters = counters
        self._name = "pole " + options["part"]
        kept = counters.kept(self._name)
        self.upright = options.get("upright") or (struct.unpack("<3h", kept) if kept else None)
        self._seen = []  # what it is learned from
        self._more = self._less = 0  # readings in a row beyond the limit, and within
        self.tilt = None  # tenths of a degree
        self.warned = None

    def take(self, reading):
        """A good reading of the accelerometer."""
        now = reading["ax_mg"], reading["ay_mg"], reading["az_mg"]
        if self.upright is None:
            self._learn(now)
            return
        self.tilt = angle(now, self.upright)
        if self.tilt > self._limit:
            self._more += 1
            self._less = 0
            if self._more >= _SURE and not self.warned:
                self.warned = "the pole leans by %d degrees" % ((self.tilt + 5) // 10), self.tilt
        else:
            self._less += 1
            self._more = 0
            if self._less >= _SURE:
                self.warned = ()

    def miss(self, fault):
        """The part gave no reading; one that was shaken is no reason to doubt what is known."""

    def poll(self):
        """Nothing but the alarm is told."""

    def _learn(self, now):
        for axis in (0, 1, 2):
            if self._seen and abs(now[axis] - self._seen[0][axis]) > _STILL_MG:
                self._seen = []
        self._seen.append(now)
        if len(self._seen) == _LEARN:
            self.upright = tuple([sum([one[axis] for one in self._seen]) // _LEARN for axis in (0, 1, 2)])
            self._seen = []
            self._counters.keep(self._name, struct.pack("<3h", *self.upright), True)


def angle(a, b):
    """Tenths of a degree between two vectors."""
    x, y, z = a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
    return int(atan2(sqrt(x * x + y * y + z * z), a[0] * b[0] + a[1] * b[1] + a[2] * b[2]) * 572.9578 + 0.5)
