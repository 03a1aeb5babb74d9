"""The physical values that a part stands in: fixed, set by hand, or played from a recorded series."""

from .series import Series


class Quantities:
    """What is around the part: what is set by hand counts first, then what was given, the series, the default."""

    def __init__(self, defaults, options):
        self._defaults = defaults
        self._given = {}  # by the scenario
        self._set = {}  # by hand or an event, since then
        self._series = [Series(each) for each in options.get("series", ())]
        self._values = dict(defaults)
        self.stuck = False
        self.set(options.get("values", {}))
        self._given, self._set = self._set, {}

    def set(self, values):
        for name, value in values.items():
            if name not in self._defaults:
                raise ValueError("no quantity %s; there are %s" % (name, ", ".join(sorted(self._defaults))))
            if value is None:
                self._set.pop(name, None)
            else:
                self._set[name] = value

    def at(self, now_us):
        """{quantity: number} at this instant; the same dict each time. Stuck: as they were at the last call."""
        if not self.stuck:
            self._values.update(self._defaults)
            for series in self._series:
                series.take(now_us, self._values)
            self._values.update(self._given)
            self._values.update(self._set)
        return self._values
