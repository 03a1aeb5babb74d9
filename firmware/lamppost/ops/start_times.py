"""When each step of this start was done, for one line of the log: what power-on to first telemetry is made of."""


class StartTimes:
    """ticks_ms, ticks_diff -- of time; begin_ms -- ticks at which boot.py began

    log(text) -- gets the line, once `last` is marked
    """

    def __init__(self, ticks_ms, ticks_diff, begin_ms, log):
        self._ticks_ms = ticks_ms
        self._ticks_diff = ticks_diff
        self._begin_ms = begin_ms
        self._log = log
        self._steps = []
        self.done = False

    def mark(self, step, at_ms=None):
        """This step is done, now or at at_ms ticks; one that is marked again is done already."""
        at_ms = self._ticks_ms() if at_ms is None else at_ms
        if not self.done:
            self._steps.append("%s=%d" % (step, self._ticks_diff(at_ms, self._begin_ms)))

    def finish(self, step):
        """The last step is done: print the line."""
        if not self.done:
            self.mark(step)
            self.done = True
            self._log("start: ms since power-on: " + " ".join(self._steps))
