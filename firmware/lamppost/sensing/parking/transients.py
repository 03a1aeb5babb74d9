"""Knows the passing iron and currents of a street by where they pull: always along one line, and never for long."""

from micropython import const

from .magnetometer import norm

_PASSED_MS = const(60000)  # what is gone by then did not park
_KNOWN = const(2)  # times that it was seen
_SURE = const(8)
_ALONG = const(96)  # cosine in hundredths: 16 degrees, a twenty-fifth of all directions that vehicles may pull to


class Transients:
    """The current in a tram's wire bends the field as much as a vehicle, for half a minute, a hundred times a day.

    line -- its direction, of length 100; top -- the strongest pull of it; both to be kept over a cut
    """

    def __init__(self, line=None, top=0):
        self.line = unit(line or (0, 0, 0))
        self.top = top
        self._seen = _SURE if line else 0
        self._since_ms = None  # when the present pull began
        self._most = 0
        self._pull = (0, 0, 0)

    @property
    def known(self):
        return self._seen >= _KNOWN

    def watch(self, pull, dev, near, now):
        """Each pull that is as much as a vehicle's (near), and each that is not nearly so much."""
        if near:
            if self._since_ms is None:
                self._since_ms = now
                self._most = 0
            if dev > self._most:
                self._most = dev
                self._pull = pull
        elif self._since_ms is not None:
            if now - self._since_ms < _PASSED_MS:
                self._remember()
            self._since_ms = None

    def like(self, pull, dev):
        """True if a pull (a vector of length dev) is what has passed before, or two of it at once."""
        return self.known and 4 * dev <= 9 * self.top and abs(self._along(pull)) >= _ALONG * dev

    def _along(self, pull):
        return pull[0] * self.line[0] + pull[1] * self.line[1] + pull[2] * self.line[2]

    def _remember(self):
        pull, most = self._pull, self._most
        if self._seen and abs(self._along(pull)) >= _ALONG * most:
            self._seen = min(self._seen + 1, _SURE)
            self.top = max(self.top, most)
            turn = 100 if self._along(pull) > 0 else -100
            self.line = unit([3 * self.line[i] + turn * pull[i] // most for i in (0, 1, 2)])
        elif self._seen:
            self._seen -= 1
        else:
            self.line = unit(pull)
            self.top = most
            self._seen = 1


def unit(vector):
    """The same direction, of length 100."""
    size = norm(vector) or 1
    return [(200 * value + size) // (2 * size) for value in vector]
