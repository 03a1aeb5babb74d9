"""Counts how long the lamp has been on, how often it was switched on, and the energy of each range of its level."""

import struct

BANDS = 5  # off, and a quarter of the light each: 1-25 %, 26-50 %, 51-75 %, 76-100 %
_NOTE = "lamp energy"
_FORM = "<5Q"


class LampHours:
    """counters -- journal/counters.py; level() -> permille of light that the lamp has

    energy_mwh -- by band, what the meter's register has counted at levels of it: of the whole lamppost
    """

    def __init__(self, counters, level, clock):
        self._counters = counters
        self._level = level
        self._clock = clock
        self._counted_ms = None  # uptime up to which the time is counted; None: the lamp is off
        note = counters.kept(_NOTE)
        self.energy_mwh = list(struct.unpack(_FORM, note)) if note else [0] * BANDS
        self._register = counters.imp_mwh

    def poll(self):
        """Count up to now; called several times a second."""
        now = self._clock.uptime_ms()
        counters = self._counters
        level = self._level()
        self._count_energy(level)
        if self._counted_ms is not None:
            seconds = (now - self._counted_ms) // 1000
            if seconds:
                counters.burn_s += seconds
                self._counted_ms += seconds * 1000
                counters.burnt()
        elif level:
            counters.switchings += 1
            counters.burnt()
            self._counted_ms = now
        if not level:
            self._counted_ms = None

    def _count_energy(self, level):
        gained = self._counters.imp_mwh - self._register
        if gained:
            self._register += gained
            self.energy_mwh[(level + 249) // 250] += gained
            self._counters.keep(_NOTE, struct.pack(_FORM, *self.energy_mwh))
