"""Decides which time servers are believed, and whether a single one may set the clock."""

from micropython import const

_SLACK_MS = const(1000)  # what servers may differ by beyond what they say of themselves
_ALONE_S = const(86400)  # a step that one server alone may make
_LATE_S = const(2592000)  # and so much later than the last time on flash, when the clock was not set since the start
_ASKS = const(6)  # a greater step is believed when one server has told it so often,
_PATIENCE_S = const(21600)  # over at least so long


class Answer:
    """One server's time as the distance of UTC from the uptime, so that answers of different moments compare."""

    def __init__(self, server, clock, seconds, ms, tu_ms):
        late_ms = ms - clock.uptime_ms() % 1000
        self.server = server
        self.offset_s = seconds - clock.uptime_s() + late_ms // 1000
        self.offset_ms = late_ms % 1000
        self.tu_ms = tu_ms

    def agrees(self, other):
        away_s = self.offset_s - other.offset_s
        if abs(away_s) > 4000:  # before it becomes milliseconds: these stay small integers
            return False
        return abs(away_s * 1000 + self.offset_ms - other.offset_ms) <= self.tu_ms + other.tu_ms + _SLACK_MS


class Jury:
    """Holds what it knows of the time against each round of answers.

    clock -- core/clock.py; floor_s -- the last UTC that an earlier boot knew (seconds since 2000), None: none
    """

    def __init__(self, clock, floor_s=None):
        self._clock = clock
        self.floor_s = floor_s
        self._doubted = None  # the answer that waits to be confirmed,
        self._since_s = 0  # uptime at which it was told first,
        self._told = 0  # and how often since

    def forget(self):
        """The clock was set: what was doubted before counts no more."""
        self._doubted = None

    def settle(self, answers):
        """The best answer of two or more that agree and outnumber the rest, None where nobody does."""
        best, votes, split = None, 1, False
        for one in answers:
            friends = len([other for other in answers if one.agrees(other)])
            if friends > votes:
                best, votes, split = one, friends, False
            elif best is not None and friends == votes:
                if not one.agrees(best):
                    split = True
                elif one.tu_ms < best.tu_ms:
                    best = one
        return None if split else best

    def alone(self, answers):
        """Of answers that nobody seconds: (answer, None), or (None, seconds that the first is away from ours)."""
        ours = self._clock.offset_s
        likely = [one for one in answers if not self.step_s(one)]
        if ours is not None and likely:
            return min(likely, key=lambda one: abs(one.offset_s - ours)), None
        if len(likely) == 1 and (len(answers) == 1 or self.floor_s is not None):
            return likely[0], None
        if len(answers) == 1 and self._confirms(answers[0]):
            return answers[0], None
        return None, self.step_s(answers[0])

    def step_s(self, one):
        """0 for a time that one server may tell, else how far it is from what is known here."""
        clock = self._clock
        if clock.offset_s is not None:
            step = one.offset_s - clock.offset_s
            return step if abs(step) > _ALONE_S else 0
        if self.floor_s is None:
            return 0
        step = one.offset_s + clock.uptime_s() - self.floor_s
        return step if not -_ALONE_S <= step <= _LATE_S else 0

    def _confirms(self, one):
        """True once the only server that answers has told the same for long."""
        now = self._clock.uptime_s()
        if self._doubted is None or not one.agrees(self._doubted):
            self._doubted, self._since_s, self._told = one, now, 0
        self._told += 1
        return self._told >= _ASKS and now - self._since_s >= _PATIENCE_S
