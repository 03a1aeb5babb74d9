"""The beat of a part that sends by itself: when its next frames are due."""

WAITING = 16  # frames that wait for the node: older ones are overwritten


class Stream:
    def __init__(self):
        self._next_us = None  # when the next frame is due

    def pause(self, now_us):
        """The beat begins anew at now_us."""
        self._next_us = now_us

    def due(self, now_us, period_us):
        """The instants since the last call at which a frame began; after a leap in time only the last few."""
        if self._next_us is None:
            self._next_us = now_us + period_us
        overdue = (now_us - self._next_us) // period_us + 1
        if overdue > WAITING:
            self._next_us += (overdue - WAITING) * period_us
        instants = []
        while self._next_us <= now_us:
            instants.append(self._next_us)
            self._next_us += period_us
        return instants
