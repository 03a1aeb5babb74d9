"""Records when each step of the start was done, and logs them in one line."""


class StartTimes:
    """ticks_ms, ticks_diff -- of time; began_ms -- ticks at which boot.py began; log(text) -- gets the line"""

    def __init__(self, ticks_ms, ticks_diff, began_ms, log):
        self._ticks_ms = ticks_ms
        self._ticks_diff = ticks_diff
        self._began_ms = began_ms
        self._log = log
        self._steps = []  # None once the line is printed

    def mark(self, step, at_ms=None):
        """This step is done, now or at at_ms ticks."""
        at_ms = self._ticks_ms() if at_ms is None else at_ms
        if self._steps is not None:
            self._steps.append("%s=%d" % (step, self._ticks_diff(at_ms, self._began_ms)))

    def finish(self):
        """The broker has the first record: print the line, once."""
        if self._steps is not None:
            self.mark("telemetry")
            self._log("start: done after ms: " + " ".join(self._steps))
            self._steps = None
