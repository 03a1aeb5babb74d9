"""Timing of a converter's results: single or continuous."""


class Conversion:
    def __init__(self):
        self._due_us = None
        self._period_us = None  # of the ones that follow; None: there is only one

    def single(self, now_us, duration_us):
        self._due_us, self._period_us = now_us + duration_us, None

    def continuous(self, now_us, period_us):
        self._due_us, self._period_us = now_us + period_us, period_us

    def stop(self):
        self._due_us = None

    @property
    def under_way(self):
        return self._due_us is not None

    def done(self, now_us):
        """True once for a result that has come since the last call."""
        if self._due_us is None or now_us < self._due_us:
            return False
        if self._period_us is None:
            self._due_us = None
        else:
            self._due_us += ((now_us - self._due_us) // self._period_us + 1) * self._period_us
        return True
