"""Counts how long the lamp has been on, and how often it was switched on."""


class LampHours:
    """counters -- journal/counters.py; on() -> bool: the lamp is on, as the pin that drives it says."""

    def __init__(self, counters, on, clock):
        self._counters = counters
        self._on = on
        self._clock = clock
        self._counted_ms = None  # uptime up to which the time is counted; None: the lamp is off

    def poll(self):
        """Count up to now; called several times a second."""
        now = self._clock.uptime_ms()
        counters = self._counters
        on = self._on()
        if self._counted_ms is not None:
            seconds = (now - self._counted_ms) // 1000
            if seconds:
                counters.burn_s += seconds
                self._counted_ms += seconds * 1000
                counters.burnt()
        elif on:
            counters.switchings += 1
            counters.burnt()
            self._counted_ms = now
        if not on:
            self._counted_ms = None
