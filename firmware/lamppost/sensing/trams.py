"""Knows the passing iron and currents of a street by where they pull: always along one line, and never for long."""

from micropython import const

from .field import norm

_PASSED_MS = const(60000)  # what is gone by then did not park
_KNOWN = const(2)  # times that it was seen
_SURE = const(8)
_ALONG = const(95)  # cosine in hundredths: 18 degrees, a twentieth of all directions that vehicles may pull to


class Trams:
    """The current in a tram's wire bends the field as much as a vehicle, for half a minute, a hundred times a day."""

    def __init__(self):
        self._line = [0, 0, 0]  # the direction, of length 100
        self._seen = 0
        self._since_ms = None  # when the present pull began
        self._most = 0
        self._pull = [0, 0, 0]

    def passing(self, pull, dev, near, now):
        """True if the pull (a vector of length dev) is what has passed before. near -- as much as a vehicle's.

        To be told of each reading that is near, and of those that are not near at all.
        """
        if not near:
            if self._since_ms is not None and now - self._since_ms < _PASSED_MS:
                self._remember()
            self._since_ms = None
            return False
        if self._since_ms is None:
            self._since_ms = now
            self._most = 0
        if dev > self._most:
            self._most = dev
            self._pull = pull
        return self._seen >= _KNOWN and self._along(pull, dev)

    def _along(self, pull, dev):
        line = self._line
        return abs(pull[0] * line[0] + pull[1] * line[1] + pull[2] * line[2]) >= _ALONG * dev

    def _remember(self):
        pull = self._pull
        if self._seen and self._along(pull, self._most):
            self._seen = min(self._seen + 1, _SURE)
        elif self._seen:
            self._seen -= 1
        else:
            self._line = [100 * value // (norm(pull) or 1) for value in pull]
            self._seen = 1
