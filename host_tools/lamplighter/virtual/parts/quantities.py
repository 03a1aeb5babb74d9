"""The physical values that a part stands in: fixed, set by hand, or played from a recorded series."""

from .series import Series


class Quantities:
    """The quantities around the part: set by hand, else given, else from the series, else the default.

    puts -- {name: function(value)} for what is no surrounding but a register of the part, put once
    """

    def __init__(self, defaults, options, puts=None):
        self._defaults = defaults
        self._puts = puts or {}
        self._given = {}  # by the scenario
        self._set = {}  # by hand or an event, since then
        self._series = [Series(each) for each in options.get("series", ())]
        self._values = dict(defaults)
        self.stuck = False
        self.set(options.get("values", {}))
        self._given, self._set = self._set, {}

    def set(self, values):
        for name, value in values.items():
            if name in self._puts:
                if value is not None:
                    self._puts[name](value)
                continue
            if name not in self._defaults:
                known = sorted(list(self._defaults) + list(self._puts))
                raise ValueError("no quantity %s; there are %s" % (name, ", ".join(known)))
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
