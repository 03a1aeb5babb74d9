"""Brings the lamp to a level: within the luminaire's limits, by a ramp, with the pauses that gear and relay need."""

from micropython import const

from .output import FULL

STEP_MS = const(50)  # between two steps of a ramp
_START_MS = const(500)  # LED gear starts at the level that it finds; it dims after that


class Dimmer:
    """output -- output.py; options -- `lamp` of the configuration; clock -- core/clock.py
    place_ms -- this lamppost's place in `spread_s`: relays of a street do not close in the same instant

    level -- permille that the lamp has now; asked -- per cent that was asked for last, before the limits
    """

    def __init__(self, output, options, clock, place_ms=0):
        self._output = output
        self._clock = clock
        self._most = 10 * options.get("max_level", 100)
        self._least = 10 * options.get("min_level", 10) if output.DIMS else self._most
        self._ramp_ms = int(1000 * options.get("ramp_s", 1.5))
        self._cool_ms = 1000 * options.get("cool_down_s", 10)
        self._place_ms = place_ms
        self._off_ms = None  # uptime at which the lamp was switched off; None: never in this boot
        self._due_ms = None  # uptime before which the lamp is not switched on; None: it is not to be
        self._from = self._began_ms = self._lasts_ms = 0  # the ramp
        # the lamp is on since the power came: what is on stays on, at the fail-safe level
        self.asked = options.get("fail_safe_level", 100)
        self._target = self.level = self.limited(self.asked)
        output.set(self.level)

    def limited(self, asked):
        """Permille that the lamp gets for a level in per cent: 0 is off, all else is within the luminaire's limits."""
        return self.limited_permille(10 * asked)

    def limited_permille(self, permille):
        """The same of a level in permille."""
        if permille <= 0:
            return 0
        return max(self._least, min(self._most, permille)) if self._output.DIMS else FULL

    def go(self, asked, permille=None, ramp_s=None):
        """Bring the lamp to a level; a call for the level that it goes to already changes nothing.

        asked -- per cent; permille -- what the lamp gets for it where that is corrected; ramp_s -- instead of the usual
        """
        self.asked = asked
        target = self.limited_permille(10 * asked if permille is None else permille)
        if target == self._target:
            return
        self._target = target
        now = self._clock.uptime_ms()
        self._lasts_ms = self._ramp_ms if ramp_s is None else int(1000 * ramp_s)
        self._from = self.level
        self._began_ms = now
        if self.level:
            self._due_ms = None
        elif self._due_ms is None:
            self._due_ms = now + self._place_ms
            if self._off_ms is not None:
                self._due_ms = max(self._due_ms, self._off_ms + self._cool_ms)

    @property
    def target(self):
        """Permille that the lamp goes to, or has."""
        return self._target

    def step(self):
        """Do what is due; True while the level still moves, or waits for the end of a pause."""
        if self.level == self._target:
            self._due_ms = None
            return False
        now = self._clock.uptime_ms()
        if not self.level:
            if now < self._due_ms:
                return True
            # the ramp begins from the lowest level once the gear has started
            self._from = self._least if self._lasts_ms else self._target
            self._began_ms = now + _START_MS
            self._put(self._from)
            return self.level != self._target
        passed_ms = now - self._began_ms
        end = self._target or self._least
        if not self._output.DIMS or passed_ms >= self._lasts_ms:
            self._put(self._target)
            if not self._target:
                self._off_ms = now
            return False
        if passed_ms > 0:
            self._put(self._from + (end - self._from) * passed_ms // self._lasts_ms)
        return True

    def _put(self, permille):
        if permille != self.level:
            self.level = permille
            self._output.set(permille)
