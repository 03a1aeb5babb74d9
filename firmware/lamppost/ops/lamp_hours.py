"""The lamp's hours; loaded where the board has a relay for it."""


class Burn:
    """How long the lamp has burnt and how often it was switched on, counted from what drives it.

    counters -- journal/counters.py; on() -> bool: the lamp is lit, as whoever drives it knows it
    """

    def __init__(self, counters, on, clock):
        self._counters = counters
        self._on = on
        self._clock = clock
        self._lit_ms = None  # uptime up to which burning is counted; None: dark

    def poll(self):
        """Count up to now; called several times a second."""
        now = self._clock.uptime_ms()
        counters = self._counters
        lit = self._on()
        if self._lit_ms is not None:
            seconds = (now - self._lit_ms) // 1000
            if seconds:
                counters.burn_s += seconds
                self._lit_ms += seconds * 1000
                counters.burnt()
        elif lit:
            counters.switchings += 1
            counters.burnt()
            self._lit_ms = now
        if not lit:
            self._lit_ms = None
