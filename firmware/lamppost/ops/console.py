"""The serial console: one line an event while the node works, and the REPL to whoever presses Ctrl-C."""


class Console:
    """log(text) with the uptime before it; never given a secret."""

    def __init__(self, clock, write=print):
        self._clock = clock
        self._write = write

    def log(self, text):
        ms = self._clock.uptime_ms()
        self._write("[%6d.%03d] %s" % (ms // 1000, ms % 1000, text))
