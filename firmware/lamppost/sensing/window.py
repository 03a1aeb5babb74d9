"""Time cut into windows: aligned to UTC as soon as it is known, never overlapping, never of negative length."""

from ..core.stamp import Stamp


class Window:
    """The window in progress.

    clock -- core.clock.Clock; length_s -- seconds, a divisor or multiple of an hour by configuration.
    Before UTC is known, windows are aligned to the uptime. When UTC becomes known or steps, the window goes on
    if it still lies between the same two boundaries, else it is closed at once and cut short.
    """

    def __init__(self, clock, length_s):
        self._clock = clock
        self.length_s = length_s
        self._offset = clock.offset_s or 0  # present time minus uptime, whole seconds
        self.known = clock.offset_s is not None
        self._start = self._now()

    def _now(self):
        return self._clock.utc_s() if self.known else self._clock.uptime_s()

    def stamp(self, time_s):
        """A moment in the present reckoning: UTC or uptime, as the window has it."""
        return Stamp(time_s, self.known, self._clock.tq, self._clock.tu_ms)

    def due(self, asked=True):
        """None, or (seconds, whole, stamp) of the window that has just ended; the next one has then begun.

        asked -- False while no part was asked in it: such a window is joined with the next one, because
        the reading of a one-second window may come a moment late.
        whole -- False for a window that does not reach from one boundary to another.
        """
        stepped = self._follow()
        now = self._now()
        length = self.length_s
        end = now // length * length  # the boundary passed last
        if end <= self._start or not asked:  # also while the clock, trimmed, repeats the last second
            return None
        if stepped:
            end = now
        whole = end % length == 0 and self._start % length == 0
        seconds = end - self._start
        self._start = end
        return seconds, whole, self.stamp(end)

    def _follow(self):
        """Keep the start at the same real moment when UTC becomes known or steps; True if it just did."""
        clock = self._clock
        known = clock.offset_s is not None
        offset = clock.offset_s or 0
        shift = offset - self._offset
        stepped = known != self.known or abs(shift) > 1  # a second more or less is the clock being trimmed
        if stepped:
            self._start += shift
        self._offset = offset
        self.known = known
        return stepped
