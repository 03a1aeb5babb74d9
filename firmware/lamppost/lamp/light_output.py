"""Corrects a level for the luminaire: virtual light output, then constant light output, then the maintenance factor."""

from ..core.calendar import DAY, days

_YEAR = 36525  # hundredths of a day
_MOST_DIRT = 50  # per cent of light that dirt is taken to cost at most


class LightOutput:
    """options -- `lamp.light_output` of the configuration"""

    def __init__(self, options):
        self._virtual = options.get("virtual", 100)
        self._constant = options.get("constant", ()) if options.get("constant_by", "controller") == "controller" else ()
        maintenance = options.get("maintenance")
        self._cleaned_s = self._per_year = None
        if maintenance:
            year, month, day = [int(part) for part in maintenance["cleaned"].split("-")]
            self._cleaned_s = days(year, month, day) * DAY
            self._per_year = int(100 * maintenance["per_year"])

    def permille(self, level, burn_hours, utc_s):
        """What the luminaire gets for a level in per cent; utc_s None: without the maintenance factor."""
        found = level * self._virtual // 10
        found = found * self._of_hours(burn_hours) // 100
        if self._cleaned_s is not None and utc_s is not None and utc_s > self._cleaned_s:
            dirt = min(100 * _MOST_DIRT, self._per_year * ((utc_s - self._cleaned_s) // 864) // _YEAR)
            found = found * 10000 // (10000 - dirt)
        return min(1000, found)

    def _of_hours(self, hours):
        """Per cent between the two points around so many burn hours; outside of all points that of the nearest."""
        before = None
        for at, value in self._constant:
            if hours <= at:
                if before is None:
                    return value
                return before[1] + (value - before[1]) * (hours - before[0]) // (at - before[0])
            before = at, value
        return before[1] if before else 100
